//! The settings, from the environment.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use syncline_aws::QueueUrls;
use url::Url;

/// Everything a process needs to know from outside. Regions and credentials are the AWS SDK's own matter,
/// and so are its `AWS_ENDPOINT_URL` variables.
#[derive(Clone)]
pub struct Config {
    /// The state table.
    pub table: String,
    /// The queues.
    pub queues: QueueUrls,
    /// Where AWS is.
    pub aws: Aws,
    /// What seals grants and history.
    pub key: Key,
    /// The SHA-256 of the console's token. Without it nobody gets in.
    pub console_token_sha256: Option<[u8; 32]>,
    /// Where the vendors reach `webhook` and people reach `console`, without a slash at the end. Without
    /// it nothing is subscribed to: the timer alone starts sessions.
    pub public_url: Option<String>,
    /// Our applications at the vendors.
    pub vendors: Vendors,
}

/// Where AWS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aws {
    /// In the cloud, or wherever the SDK's own variables say.
    Cloud,
    /// Stand-ins on the loopback interface; nothing is read from the environment.
    Loopback {
        /// The address of the DynamoDB stand-in.
        dynamodb: String,
        /// The address of the SQS stand-in.
        sqs: String,
    },
}

/// What seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A data key that KMS made and gave out encrypted (`GenerateDataKeyWithoutPlaintext`, `AES_256`).
    Kms(Vec<u8>),
    /// A key file on this machine; it is made if it is not there.
    File(PathBuf),
}

/// Our applications at the vendors. An org need not use all of them.
#[derive(Clone, Debug, Default)]
pub struct Vendors {
    /// At the Microsoft identity platform.
    pub graph: Option<syncline_exchange::Settings>,
    /// At Google.
    pub google: Option<syncline_gmail::Settings>,
    /// At Salesforce.
    pub salesforce: Option<syncline_salesforce::Settings>,
}

/// What is wrong with the settings, in one line, without their values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that is needed.
    #[error("{name} is not set: {wanted}")]
    Missing {
        /// Which.
        name: &'static str,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A variable that cannot be right.
    #[error("{name} is not usable: {wanted}")]
    Invalid {
        /// Which.
        name: &'static str,
        /// What it should hold.
        wanted: &'static str,
    },
}

impl Config {
    /// Reads the process's environment. A variable that is set to nothing counts as not set.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads settings from anywhere.
    pub fn read(look_up: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let source = Source(look_up);
        let queue = |name| source.url(name, "the address of the queue");
        Ok(Self {
            table: source.text("SYNCLINE_TABLE", "the name of the state table")?,
            queues: QueueUrls {
                mirror: queue("SYNCLINE_MIRROR_QUEUE_URL")?,
                ingest: queue("SYNCLINE_INGEST_QUEUE_URL")?,
                resolve: queue("SYNCLINE_RESOLVE_QUEUE_URL")?,
            },
            aws: Aws::Cloud,
            key: source.key()?,
            console_token_sha256: source.digest("SYNCLINE_CONSOLE_TOKEN_SHA256")?,
            public_url: source.public_url("SYNCLINE_PUBLIC_URL")?,
            vendors: Vendors { graph: source.graph()?, google: source.google()?, salesforce: source.salesforce()? },
        })
    }
}

struct Source<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Source<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &'static str, wanted: &'static str) -> Result<String, ConfigError> {
        self.get(name).ok_or(ConfigError::Missing { name, wanted })
    }

    fn url(&self, name: &'static str, wanted: &'static str) -> Result<String, ConfigError> {
        checked_url(name, self.text(name, wanted)?)
    }

    /// A base address in place of the vendor's own, for simulators.
    fn base(&self, name: &'static str, place: &mut String) -> Result<(), ConfigError> {
        if let Some(base) = self.get(name) {
            checked_url(name, base)?.trim_end_matches('/').clone_into(place);
        }
        Ok(())
    }

    fn public_url(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(address) = self.get(name) else {
            return Ok(None);
        };
        let address = checked_url(name, address)?;
        Ok(Some(address.trim_end_matches('/').to_owned()))
    }

    fn key(&self) -> Result<Key, ConfigError> {
        if let Some(file) = self.get("SYNCLINE_KEY_FILE") {
            return Ok(Key::File(file.into()));
        }
        let name = "SYNCLINE_DATA_KEY";
        let wanted = "the encrypted data key as base64, made by aws kms \
            generate-data-key-without-plaintext --key-spec AES_256 (or set SYNCLINE_KEY_FILE on this machine)";
        let data_key = BASE64.decode(self.text(name, wanted)?);
        data_key.map(Key::Kms).map_err(|_| ConfigError::Invalid { name, wanted })
    }

    fn digest(&self, name: &'static str) -> Result<Option<[u8; 32]>, ConfigError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let wanted = "the SHA-256 of the token as 64 hexadecimal digits";
        let digest = from_hex(&text).ok_or(ConfigError::Invalid { name, wanted })?;
        Ok(Some(digest))
    }

    /// An application, if this function has its secret; an id alone is of no use.
    fn app(&self, id_name: &'static str, secret_name: &'static str) -> Result<Option<(String, String)>, ConfigError> {
        match (self.get(id_name), self.get(secret_name)) {
            (_, None) => Ok(None),
            (Some(id), Some(secret)) => Ok(Some((id, secret))),
            (None, Some(_)) => {
                Err(ConfigError::Missing { name: id_name, wanted: "the client id that belongs to the secret" })
            }
        }
    }

    fn graph(&self) -> Result<Option<syncline_exchange::Settings>, ConfigError> {
        let app = self.app("SYNCLINE_GRAPH_CLIENT_ID", "SYNCLINE_GRAPH_CLIENT_SECRET")?;
        let Some((id, secret)) = app else {
            return Ok(None);
        };
        let mut settings = syncline_exchange::Settings::new(id, secret);
        self.base("SYNCLINE_GRAPH_URL", &mut settings.graph_url)?;
        self.base("SYNCLINE_GRAPH_TOKEN_URL", &mut settings.token_url)?;
        Ok(Some(settings))
    }

    fn google(&self) -> Result<Option<syncline_gmail::Settings>, ConfigError> {
        let app = self.app("SYNCLINE_GOOGLE_CLIENT_ID", "SYNCLINE_GOOGLE_CLIENT_SECRET")?;
        let Some((id, secret)) = app else {
            return Ok(None);
        };
        let mut settings = syncline_gmail::Settings::new(id, secret);
        self.base("SYNCLINE_GMAIL_URL", &mut settings.gmail_url)?;
        self.base("SYNCLINE_GOOGLE_TOKEN_URL", &mut settings.token_url)?;
        Ok(Some(settings))
    }

    fn salesforce(&self) -> Result<Option<syncline_salesforce::Settings>, ConfigError> {
        let (id, secret) = ("SYNCLINE_SALESFORCE_CLIENT_ID", "SYNCLINE_SALESFORCE_CLIENT_SECRET");
        let key = "SYNCLINE_SALESFORCE_JWT_KEY";
        let wanted = "the PEM of the connected app's private RSA key, with \\n for line ends if need be";
        let assertion = match self.get(key).map(|pem| pem.replace("\\n", "\n")) {
            Some(pem) => Some(
                syncline_salesforce::AssertionKey::from_pem(&pem)
                    .map_err(|_| ConfigError::Invalid { name: key, wanted })?,
            ),
            None => None,
        };
        // Who signs users in with a key needs no secret.
        let app = match (&assertion, self.get(secret)) {
            (Some(_), None) => Some((self.text(id, "the client id that belongs to the key")?, String::new())),
            _ => self.app(id, secret)?,
        };
        let Some((id, secret)) = app else {
            return Ok(None);
        };
        let mut settings = syncline_salesforce::Settings::new(id, secret);
        settings.assertion = assertion;
        settings.audience = self.get("SYNCLINE_SALESFORCE_JWT_AUDIENCE");
        self.base("SYNCLINE_SALESFORCE_LOGIN_URL", &mut settings.login_url)?;
        Ok(Some(settings))
    }
}

fn checked_url(name: &'static str, address: String) -> Result<String, ConfigError> {
    let usable = Url::parse(&address).is_ok_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.has_host() && url.query().is_none() && url.fragment().is_none()
    });
    let wanted = "an address that begins with https:// (or http:// on this machine), without a query";
    usable.then_some(address).ok_or(ConfigError::Invalid { name, wanted })
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "00ff102030405060708090a0b0c0d0e0f0112233445566778899aabbccddeeff";
    const NEEDED: [(&str, &str); 5] = [
        ("SYNCLINE_TABLE", "state"),
        ("SYNCLINE_MIRROR_QUEUE_URL", "https://sqs.example/1/mirror"),
        ("SYNCLINE_INGEST_QUEUE_URL", "https://sqs.example/1/ingest"),
        ("SYNCLINE_RESOLVE_QUEUE_URL", "https://sqs.example/1/resolve.fifo"),
        ("SYNCLINE_DATA_KEY", "AQID"),
    ];

    /// The needed settings, with some set otherwise.
    fn read(others: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |settings: &[(&str, &str)], name: &str| {
            let found = settings.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::read(&|name| find(others, name).or_else(|| find(&NEEDED, name)))
    }

    fn problem(others: &[(&str, &str)]) -> String {
        match read(others) {
            Ok(_) => panic!("{others:?} was taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_needed_is_enough() {
        let config = read(&[]).unwrap();
        assert_eq!(config.table, "state");
        assert_eq!(config.key, Key::Kms(vec![1, 2, 3]));
        assert_eq!(config.public_url, None);
        assert_eq!(config.console_token_sha256, None);
        assert!(config.vendors.graph.is_none() && config.vendors.google.is_none());
    }

    #[test]
    fn what_is_missing_is_named_in_one_line() {
        for (name, _) in NEEDED {
            for nothing in ["", "  "] {
                let problem = problem(&[(name, nothing)]);
                assert!(problem.starts_with(name), "{problem}");
                assert_eq!(problem.lines().count(), 1);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (name, value) in [
            ("SYNCLINE_MIRROR_QUEUE_URL", "mirror-secret"),
            ("SYNCLINE_PUBLIC_URL", "ftp://secret.example"),
            ("SYNCLINE_PUBLIC_URL", "https://x.example/?secret=1"),
            ("SYNCLINE_CONSOLE_TOKEN_SHA256", "secret"),
            ("SYNCLINE_DATA_KEY", "not-secret"),
            ("SYNCLINE_CONSOLE_TOKEN_SHA256", &DIGEST[1..]),
            ("SYNCLINE_SALESFORCE_JWT_KEY", "secret"),
        ] {
            let problem = problem(&[(name, value)]);
            assert!(problem.starts_with(name), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }

    #[test]
    fn an_application_needs_its_secret_and_a_secret_its_application() {
        let without = read(&[("SYNCLINE_GRAPH_CLIENT_ID", "app")]).unwrap();
        assert!(without.vendors.graph.is_none());
        assert!(problem(&[("SYNCLINE_GOOGLE_CLIENT_SECRET", "hush")]).starts_with("SYNCLINE_GOOGLE_CLIENT_ID"));
    }

    #[test]
    fn simulators_take_the_place_of_vendors() {
        let config = read(&[
            ("SYNCLINE_GRAPH_CLIENT_ID", "app"),
            ("SYNCLINE_GRAPH_CLIENT_SECRET", "hush"),
            ("SYNCLINE_GRAPH_URL", "http://127.0.0.1:7001/v1.0/"),
            ("SYNCLINE_PUBLIC_URL", "https://sync.example/"),
            ("SYNCLINE_CONSOLE_TOKEN_SHA256", DIGEST),
            ("SYNCLINE_KEY_FILE", "/tmp/key"),
        ])
        .unwrap();
        assert_eq!(config.vendors.graph.unwrap().graph_url, "http://127.0.0.1:7001/v1.0");
        assert_eq!(config.public_url.as_deref(), Some("https://sync.example"));
        assert_eq!(config.key, Key::File("/tmp/key".into()));
        let digest = config.console_token_sha256.unwrap();
        assert_eq!((digest[0], digest[1], digest[31]), (0, 255, 255));
    }
}
