//! Sealing with AES-256-GCM.

use std::io::{ErrorKind as IoErrorKind, Write};
use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use async_trait::async_trait;
use aws_sdk_kms::primitives::Blob;
use syncline_ports::{Entropy, ErrorKind, PortError, Sealed, Secrets};

use crate::OsEntropy;
use crate::fault::fault;

/// What the sealed bytes begin with, so that another cipher or key can follow.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

/// Seals with one key: version, random nonce, ciphertext with its tag; the context is authenticated and
/// not stored.
///
/// A random nonce of 96 bits allows 2^32 seals per key (NIST SP 800-38D, section 8.3).
#[derive(Clone)]
pub struct Sealer {
    cipher: Aes256Gcm,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sealer(..)")
    }
}

impl Sealer {
    /// With this key.
    pub fn from_key(key: [u8; KEY_BYTES]) -> Self {
        Self { cipher: Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)) }
    }

    /// With the key in this file of 32 bytes; a missing file is made, readable by its owner only.
    ///
    /// `Rejected` if it cannot be read or made, or holds something else.
    pub fn from_key_file(path: &Path) -> Result<Self, PortError> {
        const OP: &str = "sealer.key_file";
        let trouble =
            |what: String| PortError::new(ErrorKind::Rejected, OP).because(format!("{}: {what}", path.display()));
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == IoErrorKind::NotFound => {
                let key = OsEntropy.bytes();
                make_private(path, &key).map_err(|error| trouble(error.to_string()))?;
                key.to_vec()
            }
            other => other.map_err(|error| trouble(error.to_string()))?,
        };
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| {
            let found = bytes.len();
            trouble(format!(
                "holds {found} bytes instead of {KEY_BYTES}; restore it, or remove it together with \
                 the state it sealed"
            ))
        })?;
        Ok(Self::from_key(key))
    }

    /// With the data key that KMS made (`GenerateDataKey`, `AES_256`) and gave out encrypted. KMS is asked
    /// once, here.
    pub async fn from_kms(client: &aws_sdk_kms::Client, encrypted: &[u8]) -> Result<Self, PortError> {
        const OP: &str = "kms.decrypt";
        let answer =
            client.decrypt().ciphertext_blob(Blob::new(encrypted)).send().await.map_err(|error| fault(OP, &error))?;
        let plain = answer.plaintext.map(Blob::into_inner).unwrap_or_default();
        let key = <[u8; KEY_BYTES]>::try_from(plain).map_err(|_| {
            PortError::new(ErrorKind::Rejected, OP)
                .because("the data key has not 32 bytes; make it with key spec AES_256")
        })?;
        Ok(Self::from_key(key))
    }
}

#[async_trait]
impl Secrets for Sealer {
    async fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, PortError> {
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&OsEntropy.bytes()[..NONCE_BYTES]);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        // It fails only for more than 64 GB.
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| PortError::new(ErrorKind::Rejected, "sealer.seal"))?;
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(Sealed(bytes))
    }

    async fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, PortError> {
        let refused = || PortError::new(ErrorKind::Rejected, "sealer.open");
        let (version, rest) = sealed.0.split_first().ok_or_else(refused)?;
        let (nonce, msg) = rest.split_first_chunk().ok_or_else(refused)?;
        if *version != VERSION || msg.len() < TAG_BYTES {
            return Err(refused());
        }
        let nonce: [u8; NONCE_BYTES] = *nonce;
        let aad = context.as_bytes();
        self.cipher.decrypt(&Nonce::from(nonce), Payload { msg, aad }).map_err(|_| refused())
    }
}

fn make_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
