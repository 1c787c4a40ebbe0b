//! The key that the service signs tokens with. Not made to keep secrets: it stands below.

use num_bigint::BigUint;
use sha2::{Digest, Sha256};

/// The key that tokens are signed with. Everybody may know it: nothing but a simulator trusts it.
pub(super) const MODULUS: &str = "b7d2334743f72c01c23eb48436c13f5c80678f885d03190cd77253d7e4debe91a190e72b687d163a472b4cb08ea7e0bf\
                       444e57ac0a04c37953817ccf8f68135819eacf97d7ef082fc4c49a802853c3d0b8c1dce4e48368eccf6d4404968e96bc\
                       e3a3c821087519a9989dc69d9ecde97a40044fc2f777897420ac17eb5ab1f6ce55ec9b444b93dba5ae36facebea7b825\
                       e8722245a7b8bc48cbf3fe48db05c68f9726407facc405b96d3eabd425ce7056640f6ca2affa40b95924f01c886378ff\
                       460ffb4d053fd9ad291747d4117ce9d142a18a711c48503f08228b4a71eee536f58632e1ef3c4dc102d1d0bdcbaa1152\
                       46aa28080ade728c1ef281a054398d2d";
pub(super) const EXPONENT: &str = "0f4f3e2e940a48bbbfc40db04a4827810a7fb58c57a4cba80e648af79aebf346b944528082c4123f19d0d1230e4a8c95\
                        197905e3c1f4da1be778cc1e9454c871a8bcedfbb94402f44988cf4e57ad7c4c4caaf6bd088c2a47b8d1e29d98357977\
                        f3649f6522e96fd0f871418abca06d2edd988e55105bc012b02aed1610b86c33e86d8f70276b4e4fb7a983466b860eb1\
                        586461498c71f6bbbb9ae94e2b4fd43065c532d378c94850e1e6eed02a1940d730fe52a925e79790f3252d9ecf002841\
                        4d83f22e250373ab3decb093c380c8bebce30e657f0bb0ab988014a30b3b891184edbec27aced29f3e96b65471e5523a\
                        0f5ecba4b6c1d6c9926100e7d95cf769";
/// 65537, as every certificate has it.
pub(crate) const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];
/// What PKCS #1 puts before a SHA-256 digest.
const SHA256_PREFIX: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

pub(super) fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default()
}

/// The number in exactly `length` bytes.
pub(super) fn bytes(number: &BigUint, length: usize) -> Vec<u8> {
    let bare = number.to_bytes_be();
    let mut padded = vec![0; length.saturating_sub(bare.len())];
    padded.extend(bare);
    padded
}

/// The modulus of the signing key.
pub(crate) fn modulus() -> Vec<u8> {
    number(MODULUS).to_bytes_be()
}

/// The RS256 signature of a text (PKCS #1 v1.5 over SHA-256).
pub(crate) fn sign(text: &str) -> Vec<u8> {
    let modulus = number(MODULUS);
    let length = modulus.to_bytes_be().len();
    let digest = Sha256::digest(text.as_bytes());
    let filling = length.saturating_sub(3 + SHA256_PREFIX.len() + digest.len());
    let mut block = vec![0, 1];
    block.extend(std::iter::repeat_n(0xff, filling));
    block.push(0);
    block.extend(SHA256_PREFIX);
    block.extend(digest.as_slice());
    bytes(&BigUint::from_bytes_be(&block).modpow(&number(EXPONENT), &modulus), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_opens_with_the_public_key() {
        let signature = BigUint::from_bytes_be(&sign("text"));
        let opened = signature.modpow(&BigUint::from_bytes_be(&PUBLIC_EXPONENT), &number(MODULUS));
        assert!(bytes(&opened, 256).ends_with(&Sha256::digest(b"text")));
    }
}
