//! What a model is to do, call by call: a JSON array in the prompt, between `@@` and `@@`.

use serde::Deserialize;

/// What the model does in one call. All but `error` may come with a pause before each piece of the answer (`slow_ms`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Says something and ends its turn.
    Say(String),
    /// Writes a file.
    Write {
        /// Where, as the agent's tool takes it.
        path: String,
        /// The new content.
        text: String,
    },
    /// Runs a command in the agent's shell.
    Run(String),
    /// Asks the person a question.
    Ask {
        /// The words.
        question: String,
        /// What may be chosen.
        options: Vec<String>,
    },
    /// Presents a plan.
    Plan(String),
    /// Fails.
    Error {
        /// The status.
        status: u16,
        /// When to come again, in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Says something piece by piece, slowly.
    Slow {
        /// The pieces.
        pieces: Vec<String>,
        /// Milliseconds before each.
        pause_ms: u64,
    },
    /// Says how many prompts of people the request holds, and ends its turn.
    History,
}

/// Reads the last script in `texts`, with its own words as its name.
pub fn find<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<(String, Vec<Step>)> {
    let last = |text: &'a str| {
        let end = text.rfind("]@@")?;
        let start = text[..end].rfind("@@[")?;
        let inner = &text[start + 2..=end];
        serde_json::from_str(inner).ok().map(|steps| (inner.to_owned(), steps))
    };
    texts.into_iter().filter_map(last).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_script_counts_and_what_is_none_does_not() {
        let texts = [
            "first @@[{\"say\": \"a\"}]@@ words",
            "then @@[{\"run\": \"ls\"}, {\"error\": {\"status\": 429}}, \"history\"]@@",
            "@@[broken]@@",
        ];
        let (_, steps) = find(texts).unwrap();
        let error = Step::Error {
            status: 429,
            retry_after: None,
        };
        assert_eq!(steps, [Step::Run("ls".to_owned()), error, Step::History]);
        assert_eq!(find(["no script"]), None);
    }
}
