//! Questions for agents that have none of their own (AGT-4).
//!
//! The agent is given an MCP server with one tool. That server is this program again ([`server`]), started by the agent; it reaches the
//! runner over a socket in the attempt's folder and a one-time secret ([`channel`]). The question then waits like any other.

pub mod channel;
pub mod server;

use serde::{Deserialize, Serialize};

/// Name of the tool.
pub const TOOL: &str = "ask_person";

/// Environment variable with the secret, given to the MCP server alone.
pub const SECRET: &str = "COORD_ASK_SECRET";

/// Longest question, in bytes.
pub const MAX_QUESTION: usize = 16 * 1024;

/// Most choices offered with a question.
pub const MAX_OPTIONS: usize = 20;

/// Longest choice, in bytes.
pub const MAX_OPTION: usize = 500;

/// Longest line on the channel.
const MAX_LINE: u64 = 64 * 1024;

/// What the MCP server sends.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    secret: String,
    question: String,
    #[serde(default)]
    options: Vec<String>,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// A person's words.
    Answer(String),
    /// Nobody will answer, for this reason.
    None(String),
}

/// Whether an agent asks permission for this very tool. Its kind is the agent's own and cannot be chosen by its model; the names are those
/// of Claude Code, Gemini CLI and others for `tool` of `server`.
#[must_use]
pub fn is_own(server: &str, title: &str) -> bool {
    let title = title.trim();
    [
        format!("mcp__{server}__{TOOL}"),
        format!("{TOOL} ({server} MCP Server)"),
        format!("{server}/{TOOL}"),
        format!("{server}.{TOOL}"),
        format!("mcp.{server}.{TOOL}"),
        format!("{server}_{TOOL}"),
        format!("mcp_{server}_{TOOL}"),
    ]
    .iter()
    .any(|name| name == title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agt_4_only_the_tool_of_this_attempts_server_is_let_through() {
        assert!(is_own("coord-1a2b", "mcp__coord-1a2b__ask_person"));
        assert!(is_own("coord-1a2b", "ask_person (coord-1a2b MCP Server)"));
        for other in [
            "mcp__coord__ask_person",
            "mcp__coord-1a2b__ask_person; rm -rf /",
            "ask_person",
            "ls",
            "",
        ] {
            assert!(!is_own("coord-1a2b", other), "{other}");
        }
    }
}
