//! Who may use the console.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The console's lock. Without a token configured it opens for nobody.
#[derive(Clone, Debug, Default)]
pub struct ConsoleAuth {
    token_sha256: Option<[u8; 32]>,
    secure: bool,
}

impl ConsoleAuth {
    /// `secure` says that people reach the console by HTTPS.
    pub fn new(token_sha256: Option<[u8; 32]>, secure: bool) -> Self {
        Self { token_sha256, secure }
    }

    /// Whether this is the token. The time it takes tells nothing about it.
    pub fn admits(&self, token: &str) -> bool {
        let offered = hash(token);
        self.token_sha256.is_some_and(|expected| offered.ct_eq(&expected).into())
    }

    /// Whether cookies are for HTTPS only.
    pub fn secure(&self) -> bool {
        self.secure
    }
}

/// The hash under which a token is configured.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let lock = ConsoleAuth::new(Some(hash("right")), true);
        assert!(lock.admits("right"));
        for wrong in ["", "Right", "right ", "wrong"] {
            assert!(!lock.admits(wrong), "{wrong:?}");
        }
        assert!(!ConsoleAuth::default().admits(""));
    }
}
