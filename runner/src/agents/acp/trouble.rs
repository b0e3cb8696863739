//! What went wrong with an agent, typed from what it tells in fields made for programs: codes, `data`, `_meta`. Never from its words.

use super::super::AgentError;
use agent_client_protocol::{Error, ErrorCode, v1::schema::SessionUpdate};
use coord_protocol::{log::SystemLevel, time::Timestamp};
use serde_json::{Map, Value};

/// Longest words of an agent about an error, in characters.
const MAX_WORDS: usize = 2_000;

/// Signs of trouble that agents give beside the answer to a prompt, gathered during a turn.
#[derive(Debug, Default)]
pub struct Signs {
    /// End of the rate limit that it ran into.
    limit: Option<Timestamp>,
    /// What its model's service said last (codex).
    said: Option<AgentError>,
    /// Its session broke, whatever the answer to the prompt will be (codex).
    broken: bool,
}

/// One such sign.
#[derive(Debug)]
pub enum Sign {
    /// A rate limit is reached until then.
    Limit(Option<Timestamp>),
    /// An error, and whether the agent tries again by itself.
    Error(AgentError, bool),
    /// The session is broken.
    Broken,
}

impl Sign {
    /// The sign in an update, if there is one.
    #[must_use]
    pub fn of(update: &SessionUpdate, now: Timestamp) -> Option<Self> {
        match update {
            SessionUpdate::UsageUpdate(usage) => {
                let limit = usage.meta.as_ref()?.get("_claude/rateLimit")?;
                let rejected = limit.get("status").and_then(Value::as_str) == Some("rejected");
                rejected.then(|| Self::Limit(limit.as_object().and_then(|limit| reset(limit, now))))
            }
            SessionUpdate::SessionInfoUpdate(info) => {
                let codex = info.meta.as_ref()?.get("codex")?;
                if let Some(error) = codex.get("error").and_then(Value::as_object) {
                    let again = error.get("willRetry").and_then(Value::as_bool).unwrap_or_default();
                    let words = error.get("message").and_then(Value::as_str).unwrap_or_default();
                    let typed = of_codex(error.get("codexErrorInfo"), words, error, now);
                    return Some(Self::Error(typed, again));
                }
                let broken = codex.pointer("/threadStatus/type").and_then(Value::as_str) == Some("systemError");
                broken.then_some(Self::Broken)
            }
            _ => None,
        }
    }
}

impl Signs {
    /// Takes a sign in. Returns a line for the log, where there is something to say.
    pub fn take(&mut self, sign: Sign) -> Option<(SystemLevel, String)> {
        match sign {
            Sign::Limit(until) => {
                self.limit = until.or(self.limit);
                None
            }
            Sign::Error(error, again) => {
                let words = again.then(|| (SystemLevel::Warning, format!("{error}; the agent tries again by itself")));
                self.said = Some(error);
                words
            }
            Sign::Broken => {
                self.broken = true;
                None
            }
        }
    }

    /// A turn begins.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What a turn's end means in the light of the signs. An agent may end its turn as if nothing were wrong.
    ///
    /// `words` are what the agent's program said about its broken session, where it says such things apart from its model's words.
    pub fn after<T>(&mut self, result: Result<T, AgentError>, words: Option<&str>) -> Result<T, AgentError> {
        let signs = std::mem::take(self);
        match result {
            Ok(_) if signs.broken => Err(signs.said.unwrap_or_else(|| broken(words.unwrap_or_default()))),
            Err(AgentError::RateLimited { detail, retry_at: None }) => Err(AgentError::RateLimited {
                detail,
                retry_at: signs.limit,
            }),
            other => other,
        }
    }
}

/// An error of the agent, typed.
pub fn error(error: &Error, now: Timestamp) -> AgentError {
    let code = i32::from(error.code);
    let empty = Map::new();
    let data = error.data.as_ref().and_then(Value::as_object).unwrap_or(&empty);
    let kind = data.get("errorKind").and_then(Value::as_str);
    let words = words(&error.message);
    if data.get("reason").and_then(Value::as_str) == Some("incoming_transport_closed") {
        return AgentError::Crashed("the agent closed its output".to_owned());
    }
    if error.code == ErrorCode::AUTH_REQUIRED {
        return not_signed_in(&words);
    }
    if let Some(info) = data.get("codexErrorInfo") {
        return of_codex(Some(info), &words, data, now);
    }
    match kind {
        Some("authentication_failed" | "oauth_org_not_allowed") => not_signed_in(&words),
        Some("rate_limit") => limited(&words, data, now),
        Some("overloaded" | "server_error") => service(&words),
        Some("network" | "timeout") => network(&words),
        Some("transport_lost" | "worker_shutdown") => AgentError::Crashed(format!("the agent's own program ended: {words}")),
        Some(_) => failed(&words),
        None => match u16::try_from(code) {
            Ok(status @ 100..=599) => of_status(status, &words, data, now),
            _ => {
                let more = match error.data.as_ref() {
                    Some(Value::String(text)) => format!(": {text}"),
                    Some(Value::Object(data)) if data.is_empty() => String::new(),
                    Some(data) => format!(": {data}"),
                    None => String::new(),
                };
                failed(&self::words(&format!("{words}{more}")))
            }
        },
    }
}

/// An error of which only words are told, by the agent's program and not by its model. An HTTP status in them is one.
fn broken(words: &str) -> AgentError {
    let words = &self::words(words);
    match super::habits::status(words) {
        Some(status) => of_status(status, words, &Map::new(), Timestamp(0)),
        // What `codex` makes of 500 and more.
        None if words.contains("high demand") => service(words),
        None if words.is_empty() => failed("it did not say which"),
        None => failed(words),
    }
}

/// The kinds of error that `codex app-server` knows.
fn of_codex(info: Option<&Value>, words: &str, data: &Map<String, Value>, now: Timestamp) -> AgentError {
    let words = &self::words(words);
    match info {
        Some(Value::String(kind)) => match kind.as_str() {
            "unauthorized" => not_signed_in(words),
            "rateLimitExceeded" | "usageLimitExceeded" => limited(words, data, now),
            "serverOverloaded" | "internalServerError" | "flexUnavailable" => service(words),
            "cyberPolicy" | "misalignmentPolicyViolation" => AgentError::Refused(format!("the agent's model refused: {words}")),
            _ => failed(words),
        },
        Some(Value::Object(kinds)) => {
            let status = kinds.values().find_map(|detail| detail.get("httpStatusCode")?.as_u64());
            match (status.and_then(|status| u16::try_from(status).ok()), kinds.keys().next()) {
                (Some(status), _) => of_status(status, words, data, now),
                (None, Some(kind)) if kind.contains("onnect") || kind.contains("esponse") => network(words),
                (None, _) => failed(words),
            }
        }
        _ => failed(words),
    }
}

fn of_status(status: u16, words: &str, data: &Map<String, Value>, now: Timestamp) -> AgentError {
    match status {
        401 => not_signed_in(words),
        429 => limited(words, data, now),
        408 | 500..=599 => service(words),
        _ => failed(&format!("{words} (HTTP {status})")),
    }
}

fn words(text: &str) -> String {
    text.trim().chars().take(MAX_WORDS).collect()
}

fn not_signed_in(words: &str) -> AgentError {
    AgentError::NotSignedIn(format!("the agent wants somebody to sign in on the runner's machine: {words}"))
}

fn limited(words: &str, data: &Map<String, Value>, now: Timestamp) -> AgentError {
    AgentError::RateLimited {
        detail: format!("the agent's model allows no more for now: {words}"),
        retry_at: reset(data, now),
    }
}

fn service(words: &str) -> AgentError {
    AgentError::Service(format!("the service of the agent's model failed: {words}"))
}

fn network(words: &str) -> AgentError {
    AgentError::Network(format!("the service of the agent's model cannot be reached: {words}"))
}

fn failed(words: &str) -> AgentError {
    AgentError::Failed {
        detail: format!("the agent ended with an error: {words}"),
        transient: false,
    }
}

/// When a limit ends: as an instant in seconds or milliseconds since 1970, or as a duration.
fn reset(data: &Map<String, Value>, now: Timestamp) -> Option<Timestamp> {
    let number = |names: &[&str]| {
        let value = names.iter().find_map(|name| data.get(*name)?.as_f64());
        value.filter(|value| value.is_finite() && (0.0..=1e14).contains(value))
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e14")]
    let whole = |value: f64| value as i64;
    if let Some(at) = number(&["resetsAt", "resets_at", "retryAt"]) {
        // Seconds until the year 5138, milliseconds since 1973.
        let ms = if at < 1e11 { at * 1000.0 } else { at };
        return Some(Timestamp(0).plus_ms(whole(ms)));
    }
    let ms = number(&["retryAfterMs", "retry_after_ms"]).or_else(|| number(&["retryAfter", "retry_after"]).map(|s| s * 1000.0))?;
    Some(now.plus_ms(whole(ms)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::attempt::FailureReason;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn typed(code: i32, data: Value) -> AgentError {
        error(&Error::new(code, "words").data(data), NOW)
    }

    #[test]
    fn agt_7_what_real_agents_tell_is_typed() {
        let kind = |kind: &str| json!({ "errorKind": kind });
        let codex = |info: Value| json!({ "codexErrorInfo": info });
        let stream = |status: Value| codex(json!({"responseStreamDisconnected": {"httpStatusCode": status}}));
        for (code, data, reason, transient) in [
            (-32603, kind("rate_limit"), FailureReason::RateLimited, true),
            (-32603, kind("server_error"), FailureReason::ServiceError, true),
            (-32603, kind("overloaded"), FailureReason::ServiceError, true),
            (-32603, kind("authentication_failed"), FailureReason::NotSignedIn, false),
            (-32603, kind("invalid_request"), FailureReason::AgentError, false),
            (-32603, kind("transport_lost"), FailureReason::AgentCrashed, true),
            (-32000, Value::Null, FailureReason::NotSignedIn, false),
            (401, Value::Null, FailureReason::NotSignedIn, false),
            (400, Value::Null, FailureReason::AgentError, false),
            (429, Value::Null, FailureReason::RateLimited, true),
            (503, Value::Null, FailureReason::ServiceError, true),
            (529, Value::Null, FailureReason::ServiceError, true),
            (-32603, codex(json!("usageLimitExceeded")), FailureReason::RateLimited, true),
            (-32603, codex(json!("cyberPolicy")), FailureReason::Refused, false),
            (-32603, stream(json!(429)), FailureReason::RateLimited, true),
            (-32603, stream(json!(502)), FailureReason::ServiceError, true),
            (-32603, stream(json!(400)), FailureReason::AgentError, false),
            (-32603, stream(Value::Null), FailureReason::Network, true),
            (-32603, json!("rate limit exceeded, 429, sign in"), FailureReason::AgentError, false),
        ] {
            let error = typed(code, data.clone());
            assert_eq!((error.reason(), error.transient()), (reason, transient), "{code} {data}: {error}");
        }
    }

    #[test]
    fn agt_7_the_end_of_a_limit_is_read_in_every_form_it_is_told() {
        for (data, at) in [
            (json!({"resetsAt": 1_800_000_060}), NOW.plus_ms(60_000)),
            (json!({"resets_at": 1_800_000_060_000_i64}), NOW.plus_ms(60_000)),
            (json!({"retryAfter": 1.5}), NOW.plus_ms(1_500)),
            (json!({"retry_after_ms": 20}), NOW.plus_ms(20)),
        ] {
            assert_eq!(reset(data.as_object().unwrap(), NOW), Some(at), "{data}");
        }
        for data in [
            json!({}),
            json!({"retryAfter": "soon"}),
            json!({"retryAfter": -1}),
            json!({"resetsAt": 1e300}),
        ] {
            assert_eq!(reset(data.as_object().unwrap(), NOW), None, "{data}");
        }
    }

    fn update(update: Value) -> Option<Sign> {
        Sign::of(&serde_json::from_value(update).unwrap(), NOW)
    }

    #[test]
    fn agt_7_a_turn_that_ends_well_after_a_broken_session_has_failed() {
        let mut signs = Signs::default();
        let retry = json!({"sessionUpdate": "session_info_update", "_meta": {"codex": {"error":
            {"message": "stream closed", "codexErrorInfo": {"responseStreamDisconnected": {"httpStatusCode": 503}}, "willRetry": true}}}});
        let line = signs.take(update(retry).unwrap());
        assert!(line.unwrap().1.contains("stream closed; the agent tries again by itself"));
        assert!(signs.after(Ok(()), None).is_ok(), "it went on");
        let broken = json!({"sessionUpdate": "session_info_update", "_meta": {"codex": {"threadStatus": {"type": "systemError"}}}});
        let _ = signs.take(update(broken.clone()).unwrap());
        assert_eq!(signs.after(Ok(()), None).unwrap_err().reason(), FailureReason::AgentError);
        let _ = signs.take(Sign::Error(AgentError::Service("503".to_owned()), true));
        let _ = signs.take(update(broken).unwrap());
        assert_eq!(signs.after(Ok(()), None).unwrap_err().reason(), FailureReason::ServiceError);
        assert!(signs.after(Ok(()), None).is_ok(), "a new turn begins clean");
        let _ = signs.take(Sign::Broken);
        let told = signs.after(Ok(()), Some("exceeded retry limit, last status: 429 Too Many Requests"));
        assert_eq!(told.unwrap_err().reason(), FailureReason::RateLimited);
    }

    #[test]
    fn agt_7_a_limit_told_beside_the_error_gives_its_end() {
        let told = |status: &str| {
            update(json!({"sessionUpdate": "usage_update", "used": 1, "size": 2,
                "_meta": {"_claude/rateLimit": {"status": status, "resetsAt": 1_800_003_600}}}))
        };
        assert!(told("allowed_warning").is_none());
        let mut signs = Signs::default();
        let _ = signs.take(told("rejected").unwrap());
        let error = signs
            .after::<()>(Err(typed(-32603, json!({"errorKind": "rate_limit"}))), None)
            .unwrap_err();
        assert_eq!(error.retry_at(), Some(NOW.plus_ms(3_600_000)));
    }
}
