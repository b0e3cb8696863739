//! The rules say no. A refusal is an answer, not a failure: it is never logged as an error.

use coord_protocol::rule::Rule;
use std::collections::BTreeMap;

/// Why a command or a look was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {detail}")]
pub struct Refusal {
    /// Which rule.
    pub rule: Rule,
    /// How it is told.
    pub kind: RefusalKind,
    /// Words for a person.
    pub detail: String,
    /// What is wrong, by field; only for [`RefusalKind::Invalid`].
    pub errors: BTreeMap<String, String>,
}

/// How a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// As if the thing did not exist (404).
    Hidden,
    /// It may be seen, not done (403).
    Forbidden,
    /// The state does not allow it (409).
    State,
    /// The version named is not the current one (409, with the current one).
    Stale,
    /// Well-formed, but not valid (422).
    Invalid,
}

impl Refusal {
    fn new(rule: Rule, kind: RefusalKind, detail: impl Into<String>) -> Self {
        Self {
            rule,
            kind,
            detail: detail.into(),
            errors: BTreeMap::new(),
        }
    }

    /// The state does not allow it.
    pub fn state(rule: Rule, detail: impl Into<String>) -> Self {
        Self::new(rule, RefusalKind::State, detail)
    }

    /// It may be seen, not done.
    pub fn forbidden(rule: Rule, detail: impl Into<String>) -> Self {
        Self::new(rule, RefusalKind::Forbidden, detail)
    }

    /// As if it did not exist.
    #[must_use]
    pub fn hidden() -> Self {
        Self::new(
            Rule::Acc4,
            RefusalKind::Hidden,
            "there is no such thing here, or you may not see it",
        )
    }

    /// The version named is not the current one.
    #[must_use]
    pub fn stale(seen: i64, current: i64) -> Self {
        let detail = format!("it has changed since you looked: you saw version {seen}, it is now version {current}");
        Self::new(Rule::Job7, RefusalKind::Stale, detail)
    }

    /// Well-formed, but this field is not valid.
    pub fn invalid(rule: Rule, field: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        let mut refusal = Self::new(rule, RefusalKind::Invalid, format!("{field}: {why}"));
        refusal.errors.insert(field.to_owned(), why);
        refusal
    }
}
