//! What an org was bought as decides how much it may ask.

use serde::{Deserialize, Serialize};

/// An edition, as far as the API cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// Free, for developers.
    Developer,
    /// Professional with API access.
    Professional,
    /// Enterprise.
    Enterprise,
    /// Unlimited.
    Unlimited,
    /// Performance.
    Performance,
    /// A full sandbox of any of them.
    Sandbox,
}

impl Edition {
    /// Their names in switches.
    pub(crate) const NAMES: &'static [&'static str] =
        &["developer", "professional", "enterprise", "unlimited", "performance", "sandbox"];

    /// The edition of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// API calls per rolling 24 hours with so many user licences.
    pub fn daily_calls(self, licences: u32) -> u64 {
        let licences = u64::from(licences);
        match self {
            Self::Developer => 15_000,
            Self::Professional | Self::Enterprise => 100_000 + 1_000 * licences,
            Self::Unlimited | Self::Performance => 100_000 + 5_000 * licences,
            Self::Sandbox => 5_000_000,
        }
    }
}
