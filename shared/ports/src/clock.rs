//! Time and chance, passed in so that tests can hold them still.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use syncline_core::ids::hex;

/// What time it is.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Comes back after that time, by this clock.
    async fn sleep(&self, time: Duration);
}

/// Where unpredictable bytes come from.
pub trait Entropy: Send + Sync {
    /// 32 of them.
    fn bytes(&self) -> [u8; 32];

    /// A name nobody can guess: 32 lower-case hexadecimal digits.
    fn token(&self) -> String {
        hex(&self.bytes()[..16])
    }
}
