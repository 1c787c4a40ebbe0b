//! The connected app: what a client must know, and what its makers allow it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::door::{CLIENT_ID, CLIENT_SECRET};

/// The certificate that the connected app has at first, as PEM. For the simulator only.
pub const APP_CERTIFICATE: &str = include_str!("../../demo/certificate.pem");

/// The private key of [`APP_CERTIFICATE`], as PEM (PKCS #8, RSA), with which clients of the simulator
/// sign. It is published with the source and proves nothing: never trust its certificate anywhere else.
pub const APP_PRIVATE_KEY: &str = include_str!("../../demo/private-key.pem");

/// The connected app's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct App {
    /// The consumer key.
    pub client_id: String,
    /// The consumer secret.
    pub client_secret: String,
    /// The X.509 certificate, as PEM, that assertions (JWT bearer) are verified with.
    pub certificate: String,
    /// The callback addresses; any is good while there is none.
    pub callbacks: Vec<String>,
    /// Whether a code can be asked for only with PKCE.
    pub require_pkce: bool,
    /// Whether codes and refresh tokens need the secret, too.
    pub require_secret: bool,
    /// The name of the user that the app is when it signs in as itself; the first one if there is none.
    pub runs_as: Option<String>,
}

impl Default for App {
    fn default() -> Self {
        Self {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            certificate: APP_CERTIFICATE.to_owned(),
            callbacks: Vec::new(),
            require_pkce: false,
            require_secret: false,
            runs_as: None,
        }
    }
}

impl App {
    /// Whether the message was signed (RS256) with the key of the app's certificate.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let Some(certificate) = der(&self.certificate) else {
            return false;
        };
        let entity = webpki::EndEntityCert::try_from(&certificate);
        entity.is_ok_and(|entity| {
            entity.verify_signature(webpki::ring::RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
        })
    }
}

/// Whether the text is a certificate (PEM) that signatures can be verified with.
pub(crate) fn is_certificate(pem: &str) -> bool {
    der(pem).is_some_and(|certificate| webpki::EndEntityCert::try_from(&certificate).is_ok())
}

/// The first certificate of a PEM text.
fn der(pem: &str) -> Option<CertificateDer<'static>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (lines, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let text: String = lines.split_whitespace().collect();
    STANDARD.decode(text).ok().map(CertificateDer::from)
}
