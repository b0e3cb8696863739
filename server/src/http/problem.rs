//! The one way from an error or a refusal to `application/problem+json`.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use coord_domain::{Refusal, RefusalKind};
use coord_protocol::{problem::Problem, rule::Rule};
use coord_store::{StoreError, UnitError};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Everything a handler may end with instead of its answer.
#[derive(Debug)]
pub enum ApiError {
    /// The rules say no.
    Refused(Refusal),
    /// The version named is not the current one; here is the current resource.
    Stale(Refusal, Box<Value>),
    /// The request itself is at fault, or something in front of the rules refused it.
    Request(Fault),
    /// Something broke.
    Store(StoreError),
}

/// What is wrong with a request before any rule looks at it.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    detail: String,
    rule: Option<Rule>,
    errors: BTreeMap<String, String>,
    retry_after_s: Option<u64>,
    allow: Option<String>,
}

impl Fault {
    /// Names the rule.
    pub const fn set_rule(&mut self, rule: Rule) {
        self.rule = Some(rule);
    }
}

/// The kinds of problem, each with its URN, title and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Malformed,
    SignedOut,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    Stale,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    TooManyRequests,
    Internal,
    Unavailable,
}

impl Kind {
    const fn describe(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => ("malformed", "The request cannot be read", StatusCode::BAD_REQUEST),
            Self::SignedOut => ("signed-out", "You are not signed in", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("forbidden", "You may not do that", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", "There is no such thing", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "That method is not for this address",
                StatusCode::METHOD_NOT_ALLOWED,
            ),
            Self::Conflict => ("conflict", "The present state does not allow that", StatusCode::CONFLICT),
            Self::Stale => ("stale", "It has changed since you looked", StatusCode::CONFLICT),
            Self::TooLarge => ("too-large", "That is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                "That media type is not understood",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            Self::Invalid => ("invalid", "The request is not valid", StatusCode::UNPROCESSABLE_ENTITY),
            Self::TooManyRequests => ("too-many-requests", "Too many tries", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => ("internal", "Something broke on the server", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable => (
                "unavailable",
                "The server cannot do that right now",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
        }
    }
}

impl ApiError {
    fn fault(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::Request(Fault {
            kind,
            detail,
            rule: None,
            errors: BTreeMap::new(),
            retry_after_s: None,
            allow: None,
        })
    }

    /// 400: it is not JSON, not UTF-8, not what the framing says.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::fault(Kind::Malformed, detail)
    }

    /// 401.
    pub fn signed_out(detail: impl Into<String>) -> Self {
        Self::fault(Kind::SignedOut, detail)
    }

    /// 403 by something in front of the rules: the origin, a token's scopes.
    pub fn forbidden(rule: Rule, detail: impl Into<String>) -> Self {
        let mut error = Self::fault(Kind::Forbidden, detail);
        if let Self::Request(fault) = &mut error {
            fault.rule = Some(rule);
        }
        error
    }

    /// 404, in the same words for what does not exist and what may not be seen (ACC-4).
    pub fn not_found() -> Self {
        Self::Refused(Refusal::hidden())
    }

    /// 404 for an address that is none.
    pub fn no_route() -> Self {
        Self::fault(Kind::NotFound, "the API has no such address")
    }

    /// 404 for a command that is none; `names` are those there are.
    pub fn no_command(names: &str) -> Self {
        Self::fault(Kind::NotFound, format!("there is no such command; a job takes {names}"))
    }

    /// 405; `allow` lists the methods there are.
    pub fn method_not_allowed(allow: String) -> Self {
        let mut error = Self::fault(Kind::MethodNotAllowed, format!("this address takes {allow}"));
        if let Self::Request(fault) = &mut error {
            fault.allow = Some(allow);
        }
        error
    }

    /// 413; the detail names the limit.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::fault(Kind::TooLarge, detail)
    }

    /// 415.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::fault(Kind::UnsupportedMediaType, detail)
    }

    /// 422 for one field.
    pub fn invalid(field: &str, why: impl Into<String>) -> Self {
        let why = why.into();
        let mut error = Self::fault(Kind::Invalid, format!("{field}: {why}"));
        if let Self::Request(fault) = &mut error {
            fault.errors.insert(field.to_owned(), why);
        }
        error
    }

    /// 429.
    pub fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Self {
        let mut error = Self::fault(Kind::TooManyRequests, detail);
        if let Self::Request(fault) = &mut error {
            fault.retry_after_s = Some(retry_after_s.max(1));
        }
        error
    }

    /// 503.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let mut error = Self::fault(Kind::Unavailable, detail);
        if let Self::Request(fault) = &mut error {
            fault.retry_after_s = Some(1);
        }
        error
    }

    fn parts(&self) -> (Kind, String, Option<Rule>) {
        match self {
            Self::Refused(refusal) | Self::Stale(refusal, _) => {
                let kind = match refusal.kind {
                    RefusalKind::Hidden => Kind::NotFound,
                    RefusalKind::Forbidden => Kind::Forbidden,
                    RefusalKind::State => Kind::Conflict,
                    RefusalKind::Stale => Kind::Stale,
                    RefusalKind::Invalid => Kind::Invalid,
                };
                (kind, refusal.detail.clone(), Some(refusal.rule))
            }
            Self::Request(fault) => (fault.kind, fault.detail.clone(), fault.rule),
            Self::Store(error) => match error {
                StoreError::Conflict { .. } => (
                    Kind::Stale,
                    "it has changed since you looked; look again".to_owned(),
                    Some(Rule::Job7),
                ),
                StoreError::Closed => (Kind::Unavailable, "the server is stopping".to_owned(), None),
                error if error.is_full() => (
                    Kind::Unavailable,
                    "the server's disk is full: nothing was changed, and nothing can be until its operator makes room".to_owned(),
                    None,
                ),
                error if error.is_overload() => (Kind::Unavailable, "the database is overloaded".to_owned(), None),
                _ => (Kind::Internal, "nothing was changed; the server's log says why".to_owned(), None),
            },
        }
    }

    /// The document.
    pub fn problem(&self) -> Problem {
        let (kind, detail, rule) = self.parts();
        let (urn, title, status) = kind.describe();
        let (errors, current) = match self {
            Self::Refused(refusal) => (refusal.errors.clone(), None),
            Self::Stale(_, current) => (BTreeMap::new(), Some(Value::clone(current))),
            Self::Request(fault) => (fault.errors.clone(), None),
            Self::Store(_) => (BTreeMap::new(), None),
        };
        Problem {
            kind: format!("urn:coord:problem:{urn}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail,
            rule,
            errors,
            current,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts().1)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.parts().0.describe().2
    }

    fn error_response(&self) -> HttpResponse {
        // A refusal is an answer; only what broke is worth the operator's attention.
        if let Self::Store(error) = self {
            tracing::error!(%error, "a request failed in the store");
        }
        let mut response = HttpResponse::build(self.status_code());
        response
            .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if let Self::Request(fault) = self {
            if let Some(seconds) = fault.retry_after_s {
                response.insert_header((header::RETRY_AFTER, seconds));
            }
            if let Some(allow) = &fault.allow {
                response.insert_header((header::ALLOW, allow.as_str()));
            }
            if fault.kind == Kind::SignedOut {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
        }
        response.body(serde_json::to_vec(&self.problem()).unwrap_or_default())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl UnitError for ApiError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Refused(_) | Self::Stale(..) | Self::Request(_) => None,
        }
    }
}
