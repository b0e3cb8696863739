//! What is known about agents' programs, as data. Whatever a configuration says about an agent of the same name goes before.
//!
//! The facts were measured against the versions in `runner/tests/agents/package.json`, and the tests there hold them.

use crate::config::{Kind, Profile, SCRIPTED};
use coord_protocol::{job::ToolsPolicy, runner::AgentLimit};
use serde_json::{Map, Value, json};

/// What is known about an agent.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Name in configurations and jobs.
    pub name: &'static str,
    /// Program and arguments.
    pub command: &'static [&'static str],
    /// Variables of the runner it needs: where its own settings are, and its keys.
    pub env_allow: &'static [&'static str],
    /// Variables it is always given.
    pub env: &'static [(&'static str, &'static str)],
    /// Its names of its modes.
    pub modes: ModeNames,
    /// The package that brings it, for npm.
    pub package: &'static str,
    /// How somebody signs in, in words.
    pub sign_in: &'static str,
    /// The program of its maker beside it, which somebody signs in with.
    pub beside: Option<&'static str>,
    /// Signs that somebody has signed in, where only a prompt would tell for certain: variables, and files in the home folder.
    pub signs: Option<Signs>,
    /// Where it differs from others.
    pub quirks: Quirks,
    /// What it cannot do, by what was measured.
    pub limits: &'static [AgentLimit],
}

/// An agent's own names of its modes.
#[derive(Debug, Clone, Copy)]
pub struct ModeNames {
    /// Only plans.
    pub plan: &'static str,
    /// Asks before it changes something.
    pub ask: &'static str,
    /// Asks less, for jobs whose tools are all approved.
    pub approve: &'static str,
    /// An option that is set beside the mode: its name, its value while planning, and its value otherwise.
    pub option: Option<(&'static str, &'static str, &'static str)>,
}

/// Signs that somebody has signed in.
#[derive(Debug, Clone, Copy)]
pub struct Signs {
    /// Variables that hold a key.
    pub variables: &'static [&'static str],
    /// Files, below the home folder.
    pub files: &'static [&'static str],
}

/// Where an agent differs from others in what it says and does. All off is an agent that keeps the protocol to the letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It ends a turn as if all were well after the model's server failed, and tells the error only beside an update.
    pub error_in_update: bool,
    /// A session cannot be loaded in the minute in which it was made: doing so destroys it.
    pub minute_of_session: bool,
    /// It has no questions of its own; the runner gives it a tool for them.
    pub needs_ask_tool: bool,
    /// Ending a turn leaves its shell running; ending the session does not.
    pub cancel_leaves_shell: bool,
    /// It takes the runner's tools only in a folder that it was told to trust, and then does as settings in that folder say. It is told
    /// so where there are none.
    pub trust_bare_folder: bool,
    /// It asks whether its plan is good by naming the file it is in.
    pub plan_in_file: bool,
    /// It says in words that its mode is another now.
    pub mode_in_words: bool,
    /// The settings it is given with a session are those of Claude's programming interface.
    pub claude_options: bool,
}

const PLAIN: Quirks = Quirks {
    error_in_update: false,
    minute_of_session: false,
    needs_ask_tool: false,
    cancel_leaves_shell: false,
    trust_bare_folder: false,
    plan_in_file: false,
    mode_in_words: false,
    claude_options: false,
};

/// Agents that need no configuration.
pub const KNOWN: &[Known] = &[
    Known {
        name: "claude",
        command: &["claude-agent-acp"],
        env_allow: &["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_EXECUTABLE"],
        // A program that replaces itself while it works is no good to anybody.
        env: &[("DISABLE_AUTOUPDATER", "1"), ("CLAUDE_AGENT_ACP_PROTOCOL", "v1")],
        modes: ModeNames {
            plan: "plan",
            ask: "default",
            // The runner answers at once instead: the log then holds what was done.
            approve: "default",
            option: None,
        },
        package: "@agentclientprotocol/claude-agent-acp",
        sign_in: "run `claude` and type /login, or set ANTHROPIC_API_KEY",
        beside: Some("claude"),
        // A session is made without a sign-in, too.
        signs: Some(Signs {
            variables: &["ANTHROPIC_API_KEY"],
            files: &[".claude/.credentials.json"],
        }),
        quirks: Quirks {
            claude_options: true,
            ..PLAIN
        },
        limits: &[],
    },
    Known {
        name: "codex",
        command: &["codex-acp"],
        env_allow: &["OPENAI_API_KEY", "CODEX_HOME", "CODEX_PATH"],
        // Its own first mode lets a model decide what is asked; it begins with the one that asks people.
        env: &[("NO_BROWSER", "1"), ("INITIAL_AGENT_MODE", "read-only")],
        modes: ModeNames {
            plan: "read-only",
            ask: "read-only",
            approve: "workspace-write",
            option: Some(("collaboration_mode", "plan", "default")),
        },
        package: "@agentclientprotocol/codex-acp",
        sign_in: "run `codex login`",
        beside: Some("codex"),
        signs: None,
        quirks: Quirks {
            error_in_update: true,
            // Its own questions exist only while it plans.
            needs_ask_tool: true,
            cancel_leaves_shell: true,
            ..PLAIN
        },
        limits: &[AgentLimit::NoCost],
    },
    Known {
        name: "gemini",
        command: &["gemini", "--acp"],
        env_allow: &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT"],
        env: &[("GEMINI_CLI_NO_RELAUNCH", "true")],
        modes: ModeNames {
            plan: "plan",
            ask: "default",
            approve: "default",
            option: None,
        },
        package: "@google/gemini-cli",
        sign_in: "run `gemini` and sign in, or set GEMINI_API_KEY",
        beside: None,
        signs: None,
        quirks: Quirks {
            minute_of_session: true,
            needs_ask_tool: true,
            trust_bare_folder: true,
            plan_in_file: true,
            mode_in_words: true,
            ..PLAIN
        },
        limits: &[AgentLimit::NoCost, AgentLimit::LateResume],
    },
    Known {
        name: "opencode",
        command: &["opencode", "acp"],
        env_allow: &["OPENCODE_CONFIG"],
        // It does as it likes otherwise. This goes over its user's own settings, and leaves the rest of them.
        env: &[
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            (
                "OPENCODE_CONFIG_CONTENT",
                r#"{"permission":{"edit":"ask","bash":"ask","webfetch":"ask"},"share":"disabled"}"#,
            ),
        ],
        modes: ModeNames {
            plan: "plan",
            ask: "build",
            approve: "build",
            option: None,
        },
        package: "opencode-ai",
        sign_in: "run `opencode auth login`",
        beside: None,
        // It makes a session without a sign-in, too.
        signs: Some(Signs {
            variables: &["OPENCODE_CONFIG_CONTENT"],
            files: &[".local/share/opencode/auth.json"],
        }),
        quirks: Quirks {
            needs_ask_tool: true,
            ..PLAIN
        },
        limits: &[AgentLimit::Untried],
    },
];

/// What is known about the agent of this name.
#[must_use]
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// Where the agent of this name differs from others. One that nobody knows keeps the protocol, but may have no questions.
#[must_use]
pub fn quirks(name: &str) -> Quirks {
    let unknown = Quirks {
        needs_ask_tool: true,
        ..PLAIN
    };
    known(name).map_or(unknown, |known| known.quirks)
}

/// What an agent cannot do. Of one that nobody knows it is only known that nobody tried it.
#[must_use]
pub fn limits(name: &str, profile: &Profile) -> Vec<AgentLimit> {
    if profile.kind == Kind::Command {
        let mut limits = vec![AgentLimit::AsksNobody, AgentLimit::NoQuestions];
        if profile.resume_command.is_empty() {
            limits.push(AgentLimit::NoResume);
        }
        return limits;
    }
    match known(name) {
        Some(known) => known.limits.to_vec(),
        None if name == SCRIPTED => Vec::new(),
        None => vec![AgentLimit::Untried],
    }
}

impl Known {
    /// The profile that stands when no configuration says otherwise.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Profile {
            command: owned(self.command),
            env_allow: owned(self.env_allow),
            env: self.env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..Profile::default()
        }
    }

    /// What a configuration says about this agent goes before what is known; what it does not say stands.
    #[must_use]
    pub fn under(&self, own: &Profile) -> Profile {
        let mut profile = self.profile();
        if !own.command.is_empty() {
            profile.command.clone_from(&own.command);
        }
        profile.env_allow.extend(own.env_allow.iter().cloned());
        profile.env.extend(own.env.clone());
        profile.plan_mode.clone_from(&own.plan_mode);
        profile.work_mode.clone_from(&own.work_mode);
        profile.needs_mcp_ask = own.needs_mcp_ask;
        profile.kind = own.kind;
        profile.resume_command.clone_from(&own.resume_command);
        profile.plan_command.clone_from(&own.plan_command);
        profile.events = own.events;
        profile.sandbox.clone_from(&own.sandbox);
        profile
    }
}

/// The settings an agent is given with its session.
#[must_use]
pub fn session_settings(quirks: Quirks, planning: bool, policy: ToolsPolicy) -> Option<Map<String, Value>> {
    if !quirks.claude_options {
        return None;
    }
    // Suggestions for the next prompt cost a call of the model after each turn, and nobody sees them.
    let mut options = json!({"promptSuggestions": false});
    // Commands that it takes for harmless it runs unasked otherwise. While it plans it may: all others are refused then.
    if !planning && policy == ToolsPolicy::RequirePermission {
        options["settings"] = json!({"permissions": {"ask": ["Bash", "WebFetch"]}});
    }
    Some(Map::from_iter([("claudeCode".to_owned(), json!({"options": options}))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_9_what_the_owner_says_about_a_known_agent_goes_before_and_the_rest_stands() {
        let text = "[agents.claude]\nenv = { DISABLE_AUTOUPDATER = \"0\", A = \"1\" }\nplan_mode = \"look\"\n";
        let config = crate::config::Config::parse(&format!("work_dir = \"w\"\n{text}"), std::path::Path::new("/x"), |_| None).unwrap();
        let profile = known("claude").unwrap().under(&config.agents["claude"]);
        assert_eq!(profile.command, ["claude-agent-acp"]);
        assert_eq!(profile.env["DISABLE_AUTOUPDATER"], "0");
        assert_eq!(profile.env["CLAUDE_AGENT_ACP_PROTOCOL"], "v1");
        assert_eq!(profile.env["A"], "1");
        assert_eq!(profile.plan_mode.as_deref(), Some("look"));
    }

    #[test]
    fn agt_1_no_profile_leads_an_agent_to_another_server() {
        for known in KNOWN {
            let names = known.env.iter().map(|(name, _)| name).chain(known.env_allow);
            assert!(names.clone().all(|name| !name.contains("BASE_URL")), "{}", known.name);
        }
    }
}
