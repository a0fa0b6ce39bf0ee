//! A throwaway micro-VM.
