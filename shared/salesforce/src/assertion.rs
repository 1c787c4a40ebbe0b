//! Our own word for a user, signed (JWT bearer, RS256).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;

/// The connected app's private RSA key, whose certificate Salesforce knows.
#[derive(Clone)]
pub struct AssertionKey(Arc<KeyPair>);

/// The key cannot be used: it is no PEM of an RSA private key of 2,048 to 4,096 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKey;

impl std::fmt::Display for BadKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("this is no PEM of an RSA private key of 2,048 to 4,096 bits")
    }
}

impl std::error::Error for BadKey {}

impl std::fmt::Debug for AssertionKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AssertionKey(..)")
    }
}

impl AssertionKey {
    /// Reads the key from PEM (`PRIVATE KEY` or `RSA PRIVATE KEY`).
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let pair = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| BadKey)? {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(BadKey),
        };
        pair.map(|pair| Self(Arc::new(pair))).map_err(|_| BadKey)
    }

    /// The signed assertion; `None` if signing fails.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        username: &str,
        audience: &str,
        until: Timestamp,
    ) -> Option<String> {
        let header = base64url(br#"{"alg":"RS256"}"#);
        let claims = json!({"iss": client_id, "sub": username, "aud": audience, "exp": until.as_second()});
        let signed = format!("{header}.{}", base64url(claims.to_string().as_bytes()));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(format!("{signed}.{}", base64url(&signature)))
    }
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;
    use sim_salesforce::APP_PRIVATE_KEY as PEM;

    #[test]
    fn an_assertion_says_who_for_whom_and_until_when_and_is_signed() {
        let key = AssertionKey::from_pem(PEM).unwrap();
        let until = Timestamp::from_second(1_930_000_000).unwrap();
        let assertion = key.assertion("app", "anna@northwind.example", "https://login.salesforce.com", until).unwrap();
        let parts: Vec<Vec<u8>> = assertion.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        let [header, claims, signature] = parts.as_slice() else { panic!("three parts") };
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(read(header), json!({"alg": "RS256"}));
        let expected = json!({
            "iss": "app", "sub": "anna@northwind.example", "aud": "https://login.salesforce.com", "exp": 1_930_000_000,
        });
        assert_eq!(read(claims), expected);
        let (signed, _) = assertion.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.0.public().as_ref().to_vec());
        assert!(public.verify(signed.as_bytes(), signature).is_ok());
        assert!(public.verify(b"something else", signature).is_err());
    }

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        for pem in ["", "rubbish", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(AssertionKey::from_pem(pem).err(), Some(BadKey));
        }
        assert_eq!(format!("{:?}", AssertionKey::from_pem(PEM).unwrap()), "AssertionKey(..)");
    }
}
