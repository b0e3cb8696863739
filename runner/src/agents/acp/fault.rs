//! Errors that an agent tells only beside its updates (`Quirks::error_in_update`): its turn ends as if all were well.

use crate::agents::{AgentError, profiles::Quirks};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
struct Fault {
    /// The thread broke since the last prompt.
    broken: bool,
    /// What the agent said from then on, which is about that.
    words: String,
}

/// What is known of it, shared with the handlers. Always empty for agents that tell errors as errors.
#[derive(Clone)]
pub struct Shared(Option<Arc<Mutex<Fault>>>);

impl Shared {
    pub fn of(quirks: Quirks) -> Self {
        Self(quirks.error_in_update.then(Arc::default))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Fault) -> T) -> Option<T> {
        let fault = self.0.as_ref()?;
        Some(look(&mut fault.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// A turn begins.
    pub fn forget(&self) {
        self.with(|fault| *fault = Fault::default());
    }

    /// Looks at an update. True when it is about an error and nothing else.
    pub fn takes(&self, params: &Value) -> bool {
        let update = &params["update"];
        self.with(|fault| {
            if update["_meta"]["codex"]["threadStatus"]["type"] == "systemError" {
                fault.broken = true;
            }
            let words = update["content"]["text"]
                .as_str()
                .filter(|_| update["sessionUpdate"] == "agent_message_chunk");
            match words {
                Some(words) if fault.broken => {
                    fault.words.push_str(words);
                    true
                }
                _ => false,
            }
        })
        .unwrap_or(false)
    }

    /// The error of the turn that ends, if there was one.
    pub fn error(&self) -> Option<AgentError> {
        self.with(|fault| {
            fault.broken.then(|| {
                let words = fault.words.trim();
                let words = if words.is_empty() { "it did not say which" } else { words };
                AgentError::Failed {
                    detail: format!("the agent ended with an error: {words}"),
                    // It says the second of a server that answers with an error, whichever.
                    transient: status(words).is_some_and(|status| status == 429 || status >= 500) || words.contains("high demand"),
                }
            })
        })?
    }
}

/// The HTTP status that words about an error name: "unexpected status 500 Internal Server Error".
fn status(words: &str) -> Option<u16> {
    let (_, rest) = words.split_once("status")?;
    let digits: String = rest
        .trim_start_matches([':', ' '])
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok().filter(|status| (400..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn agt_7_an_error_beside_the_updates_ends_the_turn_as_one() {
        let fault = Shared::of(Quirks {
            error_in_update: true,
            ..Quirks::default()
        });
        let text = |words: &str| json!({"update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": words}}});
        let broken =
            json!({"update": {"sessionUpdate": "session_info_update", "_meta": {"codex": {"threadStatus": {"type": "systemError"}}}}});
        assert!(!fault.takes(&text("fine")));
        assert_eq!(fault.error(), None);
        fault.takes(&broken);
        assert!(fault.takes(&text("exceeded retry limit, last status: 429 Too Many Requests\n\n")));
        let Some(AgentError::Failed { detail, transient }) = fault.error() else {
            panic!("no error");
        };
        assert!(detail.ends_with("429 Too Many Requests") && transient, "{detail}");
        fault.forget();
        assert_eq!(fault.error(), None);
        let other = Shared::of(Quirks::default());
        assert!(!other.takes(&broken) && other.error().is_none());
        assert_eq!(status("unexpected status 401 Unauthorized"), Some(401));
        assert_eq!(status("its status is unknown"), None);
    }
}
