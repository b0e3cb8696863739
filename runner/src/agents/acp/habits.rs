//! What single agents do and others do not, where the data of their profiles ([`Quirks`]) say so.

use crate::agents::{Launch, profiles::Quirks};
use serde_json::Value;
use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// How Gemini CLI asks whether its plan is good.
const PLAN_AT: &str = "Requesting plan approval for: ";

/// How it says in words that its mode is another now.
const MODE_IS: &str = "[MODE_UPDATE]";

/// Longest plan read from a file.
const MAX_PLAN: u64 = 256 * 1024;

#[derive(Default)]
struct Fault {
    /// The thread broke since the last prompt.
    broken: bool,
    /// What the agent said from then on, which is about that.
    words: String,
}

/// The habits of one running agent, shared with the handlers.
#[derive(Clone)]
pub struct Habits {
    quirks: Quirks,
    /// The only place from which a plan is read.
    plans: PathBuf,
    fault: Arc<Mutex<Fault>>,
}

impl Habits {
    pub fn of(launch: &Launch) -> Self {
        let home = launch.env.get("HOME").map(PathBuf::from).unwrap_or_default();
        Self {
            quirks: launch.quirks,
            plans: home.join(".gemini").join("tmp"),
            fault: Arc::default(),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Fault) -> T) -> T {
        look(&mut self.fault.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A turn begins.
    pub fn forget(&self) {
        self.with(|fault| *fault = Fault::default());
    }

    /// Looks at an update. True when it is nothing that a reader of the log should see.
    pub fn takes(&self, params: &Value) -> bool {
        let update = &params["update"];
        let words = update["content"]["text"]
            .as_str()
            .filter(|_| update["sessionUpdate"] == "agent_message_chunk");
        if self.quirks.mode_in_words && words.is_some_and(|words| words.starts_with(MODE_IS)) {
            return true;
        }
        self.quirks.error_in_update
            && self.with(|fault| {
                if update["_meta"]["codex"]["threadStatus"]["type"] == "systemError" {
                    fault.broken = true;
                }
                match words {
                    Some(words) if fault.broken => {
                        fault.words.push_str(words);
                        true
                    }
                    _ => false,
                }
            })
    }

    /// What was said about the error of the turn that ends, if there was one beside its updates. These words are the agent's program's own:
    /// when they come its model has broken off.
    pub fn words(&self) -> Option<String> {
        self.with(|fault| fault.broken.then(|| fault.words.trim().to_owned()))
    }

    /// The plan that a request with this title is about, if it is one that lies in a file.
    pub fn plan(&self, title: &str) -> Option<String> {
        let path = title.strip_prefix(PLAN_AT).filter(|_| self.quirks.plan_in_file)?;
        let words = match read_plan(&self.plans, Path::new(path)) {
            Some(words) => words,
            // Not for the agent to choose what the runner reads out.
            None => format!("(The plan is in {path}, which cannot be shown.)"),
        };
        Some(words)
    }
}

/// Reads a plan below `plans`, by no link out of it and no longer than is decent.
fn read_plan(plans: &Path, path: &Path) -> Option<String> {
    let (plans, path) = (plans.canonicalize().ok()?, path.canonicalize().ok()?);
    let inside = path.strip_prefix(&plans).ok()?;
    let named = inside.components().any(|part| part.as_os_str() == "plans") && path.extension().is_some_and(|end| end == "md");
    if !named || !path.is_file() {
        return None;
    }
    let mut words = String::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MAX_PLAN).read_to_string(&mut words).ok()?;
    Some(words)
}

/// The HTTP status that words about an error name: "unexpected status 500 Internal Server Error".
pub fn status(words: &str) -> Option<u16> {
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
        let habits = of(Quirks {
            error_in_update: true,
            ..Quirks::default()
        });
        let text = |words: &str| json!({"update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": words}}});
        let broken =
            json!({"update": {"sessionUpdate": "session_info_update", "_meta": {"codex": {"threadStatus": {"type": "systemError"}}}}});
        assert!(!habits.takes(&text("fine")));
        assert_eq!(habits.words(), None);
        habits.takes(&broken);
        assert!(habits.takes(&text("exceeded retry limit, last status: 429 Too Many Requests\n\n")));
        assert!(habits.words().unwrap().ends_with("429 Too Many Requests"));
        habits.forget();
        assert_eq!(habits.words(), None);
        let other = of(Quirks::default());
        assert!(!other.takes(&broken) && other.words().is_none());
        assert_eq!(status("unexpected status 401 Unauthorized"), Some(401));
        assert_eq!(status("its status is unknown"), None);
    }

    fn of(quirks: Quirks) -> Habits {
        Habits {
            quirks,
            plans: PathBuf::new(),
            fault: Arc::default(),
        }
    }

    #[test]
    fn agt_2_only_a_plan_that_lies_among_the_plans_is_read_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let plans = folder.path().join("tmp/session/plans");
        std::fs::create_dir_all(&plans).unwrap();
        std::fs::write(plans.join("a.md"), "1. Look").unwrap();
        std::fs::write(folder.path().join("secret.md"), "secret").unwrap();
        let habits = Habits {
            plans: folder.path().join("tmp"),
            ..of(Quirks {
                plan_in_file: true,
                ..Quirks::default()
            })
        };
        let ask = |path: &Path| habits.plan(&format!("{PLAN_AT}{}", path.display())).unwrap();
        assert_eq!(ask(&plans.join("a.md")), "1. Look");
        for path in [
            "tmp/session/plans/../../../secret.md",
            "secret.md",
            "tmp/session/plans",
            "tmp/none.md",
        ] {
            assert!(ask(&folder.path().join(path)).contains("cannot be shown"), "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("secret.md"), plans.join("link.md")).unwrap();
            assert!(ask(&plans.join("link.md")).contains("cannot be shown"));
        }
        assert_eq!(habits.plan("Write plan.md"), None);
    }
}
