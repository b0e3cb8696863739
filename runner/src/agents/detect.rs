//! Which agents this machine offers: those of the configuration, and the well-known ones found on the search path.

use super::{Launch, Modes};
use crate::config::{Config, ENV_ALLOWED, Profile, SCRIPTED};
use coord_protocol::{id::AttemptId, runner::AgentInfo};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// Agents that need no configuration: name, command, variables, and the names of their planning and asking modes.
const KNOWN: &[Known] = &[
    Known {
        name: "claude",
        command: &["claude-agent-acp"],
        env_allow: &["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_EXECUTABLE"],
        plan: "plan",
        work: "default",
    },
    Known {
        name: "codex",
        command: &["codex-acp"],
        env_allow: &["OPENAI_API_KEY", "CODEX_HOME", "CODEX_PATH"],
        plan: "read-only",
        work: "workspace-write",
    },
    Known {
        name: "gemini",
        command: &["gemini", "--acp"],
        env_allow: &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT"],
        plan: "plan",
        work: "default",
    },
];

struct Known {
    name: &'static str,
    command: &'static [&'static str],
    env_allow: &'static [&'static str],
    plan: &'static str,
    work: &'static str,
}

/// An agent and where its program is.
#[derive(Debug, Clone)]
pub struct Found {
    /// Name.
    pub name: String,
    /// How to start it.
    pub profile: Profile,
    /// Its program, if there is one.
    pub program: Option<PathBuf>,
    /// Whether the owner offers it.
    pub offered: bool,
}

/// All agents: configured ones and known ones, with or without a program.
#[must_use]
pub fn all(config: &Config) -> Vec<Found> {
    let mut profiles: BTreeMap<String, Profile> = KNOWN
        .iter()
        .map(|known| {
            let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
            let profile = Profile {
                command: owned(known.command),
                env_allow: owned(known.env_allow),
                env: BTreeMap::new(),
                plan_mode: Some(known.plan.to_owned()),
                work_mode: Some(known.work.to_owned()),
            };
            (known.name.to_owned(), profile)
        })
        .collect();
    for (name, profile) in &config.agents {
        let mut profile = profile.clone();
        if name == SCRIPTED {
            if profile.command.is_empty() {
                let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("coord-runner"));
                profile.command = vec![own.to_string_lossy().into_owned(), "agent-script".to_owned()];
            }
            let state = config.work_dir().join("scripted").to_string_lossy().into_owned();
            profile.env.entry("SCRIPTED_STATE".to_owned()).or_insert(state);
        }
        profiles.insert(name.clone(), profile);
    }
    profiles
        .into_iter()
        .map(|(name, profile)| {
            let program = profile.command.first().and_then(|program| find(program));
            let offered = config.policy.agents.is_empty() || config.policy.agents.contains(&name);
            Found {
                name,
                profile,
                program,
                offered,
            }
        })
        .collect()
}

/// What the runner tells the server it can run. A configured agent whose program is missing is offered all the same: the attempt then
/// says what is missing, which a job that waits for ever would not.
#[must_use]
pub fn offered(config: &Config) -> Vec<AgentInfo> {
    all(config)
        .into_iter()
        .filter(|found| found.offered && (found.program.is_some() || config.agents.contains_key(&found.name)))
        .map(|found| AgentInfo {
            version: (found.name == SCRIPTED).then(|| env!("CARGO_PKG_VERSION").to_owned()),
            name: found.name,
        })
        .collect()
}

/// How to start `agent` for an attempt, or words that say why it is not to be had.
///
/// # Errors
/// When the runner does not know or not offer the agent.
pub fn launch(config: &Config, agent: &str, attempt: AttemptId, folder: &Path, model: Option<String>) -> Result<Launch, String> {
    let found = all(config)
        .into_iter()
        .find(|found| found.name == agent)
        .ok_or_else(|| format!("this runner has no agent named {agent}"))?;
    if !found.offered {
        return Err(format!("the owner of this runner does not offer the agent {agent}"));
    }
    let own = |name: &str| std::env::var(name).ok();
    Ok(Launch {
        name: found.name,
        env: environment(config, &found.profile, own),
        command: found.profile.command,
        folder: folder.to_path_buf(),
        attempt,
        resume: None,
        model,
        modes: Modes {
            plan: found.profile.plan_mode,
            work: found.profile.work_mode,
        },
        initialize: Duration::from_millis(config.timeouts.initialize_ms),
        exit: Duration::from_millis(config.timeouts.exit_ms),
    })
}

/// The agent's environment: what the configuration allows, not the runner's own (AGT-9). Never the runner's token.
fn environment(config: &Config, profile: &Profile, own: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let allowed = ENV_ALLOWED
        .iter()
        .copied()
        .chain(config.env.allow.iter().map(String::as_str))
        .chain(profile.env_allow.iter().map(String::as_str));
    let mut environment: BTreeMap<String, String> = allowed.filter_map(|name| own(name).map(|value| (name.to_owned(), value))).collect();
    environment.extend(config.env.set.clone());
    environment.extend(profile.env.clone());
    // All of Coord's own, whatever the configuration allows: an agent has no business with the server.
    environment.retain(|name, _| !name.starts_with("COORD_"));
    environment
}

/// Finds a program as a shell would.
fn find(program: &str) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.is_file().then(|| path.to_path_buf());
    }
    let suffixes: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat", ""] } else { &[""] };
    std::env::split_paths(&std::env::var_os("PATH")?)
        .flat_map(|folder| suffixes.iter().map(move |suffix| folder.join(format!("{program}{suffix}"))))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agt_9_an_agent_sees_only_the_allowed_environment_and_never_the_token() {
        let text = "work_dir = \"w\"\n[env]\nallow = [\"COORD_RUNNER_TOKEN\", \"COORD_SERVER\", \"EDITOR\"]\nset = { A = \"1\" }\n[agents.x]\ncommand = [\"x\"]\nenv_allow = [\"KEY\"]\nenv = { A = \"2\" }\n";
        let config = Config::parse(text, Path::new("/x"), |_| None).unwrap();
        let own = |name: &str| Some(format!("own {name}"));
        let environment = environment(&config, &config.agents["x"], own);
        assert_eq!(environment["A"], "2");
        assert_eq!(environment["KEY"], "own KEY");
        assert_eq!(environment["EDITOR"], "own EDITOR");
        assert!(environment.keys().all(|name| !name.starts_with("COORD_")), "{environment:?}");
        assert!(!environment.contains_key("AWS_SECRET_ACCESS_KEY"));
    }

    #[test]
    fn run_9_an_agent_that_the_owner_does_not_offer_is_not_offered_nor_started() {
        let text = "work_dir = \"w\"\n[agents.scripted]\n[agents.x]\ncommand = [\"x\"]\n[policy]\nagents = [\"scripted\"]\n";
        let config = Config::parse(text, Path::new("/x"), |_| None).unwrap();
        let names: Vec<String> = offered(&config).into_iter().map(|agent| agent.name).collect();
        assert_eq!(names, ["scripted"]);
        let attempt = AttemptId(uuid::Uuid::nil());
        assert!(
            launch(&config, "x", attempt, Path::new("."), None)
                .unwrap_err()
                .contains("does not offer")
        );
    }
}
