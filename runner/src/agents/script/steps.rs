//! The steps of a script, and how one is found in a prompt.

use serde::{Deserialize, Serialize};

/// One step. In JSON an object with one key: `{"say": "hello"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Words.
    Say(String),
    /// A thought.
    Think(String),
    /// The plan, whole; entries before the given number are done, that one is in progress.
    Plan(Vec<String>),
    /// The plan as last told, with this many steps done.
    Done(usize),
    /// Milliseconds.
    Sleep(u64),
    /// A tool call.
    Tool(Tool),
    /// A tool call that is not announced before its permission is asked, nor told afterwards.
    NoToolCall(Tool),
    /// A question; without options it takes words. The answer is said.
    Ask {
        /// The question.
        message: String,
        /// The values to choose from.
        #[serde(default)]
        options: Vec<String>,
    },
    /// Asks to leave planning with this plan. Refused: the turn ends.
    ProposePlan(String),
    /// Tokens of the turn, and the cost of the session so far.
    Usage {
        /// Read by the model.
        #[serde(default)]
        input: u64,
        /// Written by the model.
        #[serde(default)]
        output: u64,
        /// In US dollars.
        #[serde(default)]
        cost: Option<f64>,
    },
    /// Says how many prompts the session has had.
    History(bool),
    /// The process ends with this code.
    Crash(i32),
    /// The turn ends with a transient error of the model.
    Fail(String),
    /// The turn ends with an error of the protocol: its code, words and data.
    Error {
        /// Code.
        code: i32,
        /// Words.
        #[serde(default)]
        message: String,
        /// Data.
        #[serde(default)]
        data: serde_json::Value,
    },
    /// The turn ends since the model allows no more, for this many milliseconds; 0 when it does not say for how long.
    RateLimit(u64),
    /// The turn ends as if nothing were wrong, but the agent's session is broken: for this reason, in the words of `codex`.
    BrokenSession(serde_json::Value),
    /// Says nothing for this many milliseconds, whatever the pace: it tries again by itself.
    RetrySilence(u64),
    /// Asks through the first MCP server it was given, after asking for permission to do so. The answer is said.
    McpAsk {
        /// The question.
        question: String,
        /// The values to choose from.
        #[serde(default)]
        options: Vec<String>,
    },
    /// The turn ends with an error that trying again does not help.
    EndTurnError(String),
    /// The turn ends with a refusal.
    Refuse(bool),
    /// This many updates of one tool call, as fast as they go.
    Burst(u32),
    /// Never goes on, whatever it is told.
    Hang(bool),
    /// Starts a process in a group of its own that outlives the agent.
    SpawnOrphan(bool),
    /// A line that is not the protocol.
    BadFrame(bool),
    /// An update after the turn's end.
    LateUpdate(String),
    /// Says the value of an environment variable, or that there is none.
    Env(String),
    /// At the head of FILE: the first answer comes after this many milliseconds.
    SlowInit(u64),
    /// At the head of FILE: somebody must sign in.
    AuthRequired(bool),
    /// At the head of FILE: sessions cannot be resumed.
    NoResume(bool),
}

impl Step {
    /// Whether the process or the turn ends with it.
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(
            self,
            Self::Crash(_)
                | Self::Error { .. }
                | Self::RateLimit(_)
                | Self::BrokenSession(_)
                | Self::Fail(_)
                | Self::EndTurnError(_)
                | Self::Refuse(_)
                | Self::Hang(_)
                | Self::ProposePlan(_)
        )
    }
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tool {
    /// `read`, `edit`, `delete`, `execute`, … as ACP names them.
    pub kind: String,
    /// One line.
    pub title: String,
    /// File in the working folder.
    pub path: Option<String>,
    /// New content of the file.
    pub write: Option<String>,
    /// What is added at the file's end.
    pub append: Option<String>,
    /// Reads the file.
    pub read: bool,
    /// Runs a command in a shell.
    pub run: Option<String>,
    /// Asks for permission first.
    pub ask: bool,
}

/// Reads a script.
///
/// # Errors
/// With the place of the mistake.
pub fn parse(text: &str) -> Result<Vec<Step>, serde_json::Error> {
    serde_json::from_str(text)
}

/// The last `@@[…]@@` of a prompt.
#[must_use]
pub fn inline(prompt: &str) -> Option<&str> {
    let end = prompt.rfind("]@@")?;
    let start = prompt[..end].rfind("@@[")?;
    Some(&prompt[start + 2..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_script_in_a_prompt_counts() {
        let prompt = "Do @@[{\"say\":\"a\"}]@@ and then\n> @@[{\"say\":\"b\"},\n{\"sleep\":1}]@@ thanks";
        assert_eq!(parse(inline(prompt).unwrap()).unwrap(), [Step::Say("b".to_owned()), Step::Sleep(1)]);
        assert_eq!(inline("nothing @@ here"), None);
    }

    #[test]
    fn the_steps_have_the_documented_form() {
        let text = r#"[{"tool":{"kind":"edit","title":"Edit","path":"a","write":"x","ask":true}},{"ask":{"message":"?","options":["a"]}},
            {"usage":{"input":1,"output":2,"cost":0.5}},{"history":true},{"crash":3},{"fail":"x"},{"burst":10},{"hang":true},
            {"spawn_orphan":true},{"bad_frame":true},{"late_update":"x"},{"no_tool_call":{"kind":"edit","path":"a","write":"x"}},
            {"end_turn_error":"x"},{"slow_init":10},{"auth_required":true},{"plan":["a","b"]},{"think":"t"},{"propose_plan":"p"},
            {"error":{"code":429}},{"rate_limit":10},{"broken_session":"serverOverloaded"},{"retry_silence":10},{"mcp_ask":{"question":"?"}}]"#;
        assert_eq!(parse(text).unwrap().len(), 23);
    }
}
