//! The one place that knows the wall clock and makes ids and chance (INV-10).

use coord_protocol::{id::RequestId, time::Timestamp};
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::UNIX_EPOCH,
};

/// Hands out time, ids and chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// The instant now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// A new id for a request.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn request_id(self) -> RequestId {
        RequestId(uuid::Uuid::now_v7())
    }

    /// A secret for one use: 32 bytes in hexadecimal.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn secret(self) -> std::io::Result<String> {
        let mut bytes = [0; 32];
        let filled = rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes);
        filled.map_err(|_| std::io::Error::other("the system has no randomness"))?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A number from 0 up to 1, for spreading reconnects. Not for secrets.
    #[must_use]
    pub fn chance(self) -> f64 {
        // Each RandomState is keyed afresh by the standard library.
        let bits = RandomState::new().build_hasher().finish() >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let fraction = bits as f64 / (1u64 << 53) as f64;
        fraction
    }
}
