//! SHA-256, by which it is known whether something has changed.

use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// Of these bytes, in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    written(Sha256::digest(bytes).as_slice())
}

/// Of everything that can be read there.
pub fn hex_of(mut source: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(written(hasher.finalize().as_slice())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

fn written(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
