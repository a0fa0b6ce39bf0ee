//! What the micro-VM backend needs: KVM probing, finit_module, parent-death signals.
