//! Instants on the wire: RFC 3339 in UTC. Inside, microseconds since the Unix epoch.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Microseconds since the Unix epoch, UTC. Serialised as an RFC 3339 string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `ms` milliseconds later (earlier when negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` to `self`, 0 when `earlier` is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        let difference = self.0.saturating_sub(earlier.0) / 1000;
        if difference < 0 { 0 } else { difference }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&instant.format(&Rfc3339).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let instant = OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)?;
        // Near its ends an offset leads out of the range in which an instant can be written again.
        let instant = instant
            .checked_to_offset(time::UtcOffset::UTC)
            .filter(|instant| instant.year() >= 0);
        let instant = instant.ok_or_else(|| D::Error::custom("out of the range of years from 0 to 9999"))?;
        i64::try_from(instant.unix_timestamp_nanos() / 1000)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC"))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_rfc_3339_and_survives_a_round_trip() {
        let instant = Timestamp(1_763_654_400_123_456);
        let text = serde_json::to_string(&instant).unwrap();
        assert_eq!(text, "\"2025-11-20T16:00:00.123456Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), instant);
    }

    #[test]
    fn inv_8_an_instant_that_is_read_can_be_written() {
        for text in [
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-06-30T23:59:60Z",
            "1970-01-01T00:00:00-23:59",
        ] {
            let read: Timestamp = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            serde_json::to_string(&read).unwrap();
        }
        for text in [
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+23:59",
            "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
        ] {
            serde_json::from_str::<Timestamp>(&format!("\"{text}\"")).unwrap_err();
        }
    }

    #[test]
    fn time_never_runs_backwards_in_differences() {
        assert_eq!(Timestamp(5_000).ms_since(Timestamp(9_000)), 0);
        assert_eq!(Timestamp(0).plus_ms(3).ms_since(Timestamp(0)), 3);
    }
}
