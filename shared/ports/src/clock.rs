//! Time and chance, passed in so that tests can hold them still.

use jiff::Timestamp;
use syncline_core::ids::hex;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
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
