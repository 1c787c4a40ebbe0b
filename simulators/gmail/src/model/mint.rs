//! Ids and tokens: unique, well shaped, and the same in every run.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A counter hashed with a seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mint {
    seed: String,
    counter: u64,
}

impl Mint {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), counter: 0 }
    }

    /// The next 32 bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        self.counter += 1;
        self.hash(&self.counter.to_string())
    }

    /// Bytes that only this world makes of this text.
    pub(crate) fn hash(&self, text: &str) -> [u8; 32] {
        Sha256::new().chain_update(&self.seed).chain_update([0]).chain_update(text).finalize().into()
    }

    /// A message id: 16 hexadecimal digits, the first never 0.
    pub(crate) fn message_id(&mut self) -> String {
        let number = u64::from_be_bytes(first_eight(&self.bytes()));
        format!("{:016x}", number >> 4 | 1 << 60)
    }

    /// The distance to the next history id: Gmail's have gaps.
    pub(crate) fn history_gap(&mut self) -> u64 {
        1 + u64::from_be_bytes(first_eight(&self.bytes())) % 40
    }

    /// A token: the prefix and 86 characters that mean nothing.
    pub(crate) fn token(&mut self, prefix: &str) -> String {
        let (first, second) = (self.bytes(), self.bytes());
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode([first, second].concat()))
    }
}

pub(crate) fn first_eight(hash: &[u8; 32]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    bytes
}
