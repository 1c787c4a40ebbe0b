//! Chance, from the operating system.

use syncline_ports::Entropy;

/// The operating system's random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // Without them nothing can be sealed or named safely: no answer is better than a guessable one.
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ() {
        assert_ne!(OsEntropy.token(), OsEntropy.token());
        assert_eq!(OsEntropy.token().len(), 32);
    }
}
