//! Masking of configured secrets in whatever leaves the machine (AGT-9).
//!
//! Exact values only. Streamed text is masked across the borders of its pieces: see [`Masker::hold_back`].

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What stands in a secret's place.
pub const MASK: &str = "•••";

/// Shorter values would mask ordinary words.
const SHORTEST: usize = 6;

/// Knows the secrets.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    /// Longest first, so that a secret inside another does not leave the rest of it.
    secrets: Vec<String>,
}

impl Masker {
    /// For the given values; those under six bytes are left out.
    #[must_use]
    pub fn new(values: &[String]) -> Self {
        let mut secrets: Vec<String> = values.iter().filter(|value| value.len() >= SHORTEST).cloned().collect();
        secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` with every secret masked.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text
    }

    /// `value` with every secret masked in every string of it.
    #[must_use]
    pub fn value<T: Serialize + DeserializeOwned>(&self, value: T) -> T {
        if self.secrets.is_empty() {
            return value;
        }
        let Ok(mut json) = serde_json::to_value(&value) else {
            return value;
        };
        self.walk(&mut json);
        serde_json::from_value(json).unwrap_or(value)
    }

    fn walk(&self, json: &mut Value) {
        match json {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.walk(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// How many bytes at the end of `text` may be the beginning of a secret and should wait for what comes next.
    #[must_use]
    pub fn hold_back(&self, text: &str) -> usize {
        let longest_start = |secret: &String| {
            let most = secret.len().saturating_sub(1).min(text.len());
            (1..=most)
                .rev()
                .find(|&length| text.as_bytes().ends_with(&secret.as_bytes()[..length]) && text.is_char_boundary(text.len() - length))
                .unwrap_or(0)
        };
        self.secrets.iter().map(longest_start).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::log::LogBody;

    #[test]
    fn agt_9_a_secret_is_masked_wherever_it_stands() {
        let masker = Masker::new(&["s3cret-value".to_owned(), "s3cret-value-long".to_owned(), "abc".to_owned()]);
        assert_eq!(masker.text("a s3cret-value-long b s3cret-value abc"), "a ••• b ••• abc");
        let body = masker.value(LogBody::UserMessage {
            message: None,
            from: "Ann".to_owned(),
            text: "use s3cret-value".to_owned(),
        });
        assert!(!serde_json::to_string(&body).unwrap().contains("s3cret"));
    }

    #[test]
    fn agt_9_a_secret_split_at_any_byte_is_held_back_until_it_is_whole() {
        let masker = Masker::new(&["s3cret-välue".to_owned()]);
        let secret = "s3cret-välue";
        for at in 1..secret.len() {
            if secret.is_char_boundary(at) {
                let first = format!("before {}", &secret[..at]);
                assert_eq!(masker.hold_back(&first), at, "split at {at}");
            }
        }
        assert_eq!(masker.hold_back("nothing here"), 0);
    }
}
