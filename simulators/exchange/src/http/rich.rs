//! Notifications that bring the item along, sealed for the subscriber.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use super::odata::{EXTENDED, Object};
use crate::model::{Exchange, PublicKey, Subscription, ids, thumbprint};

/// The application that Graph sends notifications as.
const PUBLISHER: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
/// A block of AES.
const BLOCK: usize = 16;

impl Exchange {
    /// The `encryptedContent` of an item. The data key is new each time, and the item is told as the
    /// subscription selects it.
    pub(crate) fn seal_item(&mut self, subscription: &Subscription, object: Object, head: &Value) -> Option<Value> {
        let sealing = subscription.sealing.as_ref()?;
        let mut object = object;
        object.remove(EXTENDED);
        if let Some(select) = &subscription.select {
            object.retain(|name, _| select.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
        }
        for (name, value) in head.as_object().into_iter().flatten() {
            object.insert(name.clone(), value.clone());
        }
        let certificate = STANDARD.decode(&sealing.certificate).ok()?;
        let guid = self.next_guid("sealed");
        let key = ids::digest(&[&self.seed, "data key", &guid]);
        let noise = ids::digest(&[&self.seed, "padding", &guid]);
        let noise: [u8; 20] = noise.get(..20)?.try_into().ok()?;
        let data = encrypt(Value::Object(object).to_string().as_bytes(), &key)?;
        let mut signature = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
        signature.update(&data);
        Some(json!({
            "data": STANDARD.encode(&data),
            "dataKey": STANDARD.encode(PublicKey::of_certificate(&certificate)?.seal(&key, &noise)?),
            "dataSignature": STANDARD.encode(signature.finalize().into_bytes()),
            "encryptionCertificateId": sealing.certificate_id,
            "encryptionCertificateThumbprint": thumbprint(&certificate),
        }))
    }

    /// Proves to the receiver that Graph sends this, and for whom.
    pub(crate) fn validation_token(&self, now: Timestamp) -> String {
        let expires = now + SignedDuration::from_hours(24);
        Self::signed_token(&json!({
            "aud": self.application_id(), "iss": Self::issuer(&self.tenant, false),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": expires.as_second(),
            "appid": PUBLISHER, "appidacr": "2", "azp": PUBLISHER, "azpacr": "2",
            "idp": Self::issuer(&self.tenant, false), "tid": self.tenant, "ver": "1.0",
        }))
    }
}

/// AES-256-CBC with PKCS #7 padding; the initial block is the first half of the key.
fn encrypt(text: &[u8], key: &[u8; 32]) -> Option<Vec<u8>> {
    let cipher = Aes256::new_from_slice(key).ok()?;
    let padding = BLOCK - text.len() % BLOCK;
    let mut padded = text.to_vec();
    padded.extend(std::iter::repeat_n(u8::try_from(padding).ok()?, padding));
    let mut chain: Vec<u8> = key.iter().copied().take(BLOCK).collect();
    let mut sealed = Vec::with_capacity(padded.len());
    for part in padded.chunks_exact(BLOCK) {
        let mut block = aes::Block::default();
        for (into, (byte, before)) in block.iter_mut().zip(part.iter().zip(&chain)) {
            *into = byte ^ before;
        }
        cipher.encrypt_block(&mut block);
        chain = block.to_vec();
        sealed.extend(&chain);
    }
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_padded_to_whole_blocks_and_chained() {
        // Checked against `openssl enc -aes-256-cbc`.
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let sealed = encrypt(b"attack at dawn, and again at dusk", &key).unwrap();
        assert_eq!(STANDARD.encode(sealed), "ZR64RXxaa97pzzeJrwO21+DdkdP0ZLB7h6LIT2NNFnNAcQ3mY9WtDlwNKxdAOdAi");
        assert_eq!(encrypt(&[0; 16], &key).unwrap().len(), 32);
    }
}
