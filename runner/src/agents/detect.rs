//! Which agents this machine offers: those of the configuration, and the well-known ones found on the search path.

use super::{AskPlace, Launch, Modes, command::Template, profiles};
use crate::config::{Config, ENV_ALLOWED, Kind, Profile, SCRIPTED};
use coord_protocol::{
    id::AttemptId,
    job::{Mode, ToolsPolicy},
    runner::{AgentInfo, Assignment},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// Tells Gemini CLI that it may trust the folder it works in.
const TRUST: &str = "GEMINI_CLI_TRUST_WORKSPACE";

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
    let mut profiles: BTreeMap<String, Profile> = profiles::KNOWN
        .iter()
        .map(|known| (known.name.to_owned(), known.profile()))
        .collect();
    for (name, profile) in &config.agents {
        let mut profile = profiles::known(name).map_or_else(|| profile.clone(), |known| known.under(profile));
        if name == SCRIPTED {
            if profile.command.is_empty() {
                let own = config.program.to_string_lossy().into_owned();
                profile.command = vec![own, "agent-script".to_owned()];
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
            limits: profiles::limits(&found.name, &found.profile),
            version: (found.name == SCRIPTED).then(|| env!("CARGO_PKG_VERSION").to_owned()),
            name: found.name,
        })
        .collect()
}

/// Why this job's agent is not started for it, with the rule: a command that cannot be kept to what the job wants.
#[must_use]
pub fn refusal(config: &Config, job: &Assignment) -> Option<String> {
    let profile = &config.agents.get(&job.agent).filter(|profile| profile.kind == Kind::Command)?;
    Template::refusal(&job.agent, !profile.plan_command.is_empty(), job.mode, job.tools_policy)
}

/// How to start the agent of a job in `folder`, or words that say why it is not to be had.
///
/// # Errors
/// When the runner does not know or not offer the agent.
pub fn launch(config: &Config, job: &Assignment, folder: &Path) -> Result<Launch, String> {
    let agent = &job.agent;
    let found = all(config)
        .into_iter()
        .find(|found| found.name == *agent)
        .ok_or_else(|| format!("this runner has no agent named {agent}"))?;
    if !found.offered {
        return Err(format!("the owner of this runner does not offer the agent {agent}"));
    }
    let own = |name: &str| std::env::var(name).ok();
    let quirks = profiles::quirks(agent);
    let attempt_folder = config.work_dir().join("attempts").join(job.attempt.to_string());
    let template = (found.profile.kind == Kind::Command).then(|| Template {
        work: found.profile.command.clone(),
        resume: found.profile.resume_command.clone(),
        plan: found.profile.plan_command.clone(),
        events: found.profile.events,
        // Of its own, since it is all the agent reaches of the attempt's.
        folder: attempt_folder.join("prompt"),
    });
    let asks = found.profile.needs_mcp_ask.unwrap_or(quirks.needs_ask_tool);
    let mut env = environment(config, &found.profile, own);
    if quirks.trust_bare_folder && is_bare(folder) {
        env.entry(TRUST.to_owned()).or_insert_with(|| "true".to_owned());
    }
    Ok(Launch {
        env,
        modes: modes(agent, &found.profile, job.tools_policy),
        settings: profiles::session_settings(quirks, job.mode == Mode::Plan, job.tools_policy),
        quirks,
        name: found.name,
        command: found.profile.command,
        folder: folder.to_path_buf(),
        attempt: job.attempt,
        resume: None,
        model: job.model.clone(),
        template,
        ask: asks.then(|| AskPlace {
            program: config.program.clone(),
            folder: attempt_folder,
        }),
        initialize: Duration::from_millis(config.timeouts.initialize_ms),
        exit: Duration::from_millis(config.timeouts.exit_ms),
        walls: None,
    })
}

/// How to start an agent to see whether it works, in an empty folder and without a job. `id` marks its processes.
#[must_use]
pub fn trial(config: &Config, found: &Found, folder: &Path, id: AttemptId) -> Launch {
    let own = |name: &str| std::env::var(name).ok();
    let quirks = profiles::quirks(&found.name);
    Launch {
        env: environment(config, &found.profile, own),
        modes: modes(&found.name, &found.profile, ToolsPolicy::RequirePermission),
        settings: profiles::session_settings(quirks, true, ToolsPolicy::RequirePermission),
        quirks,
        name: found.name.clone(),
        command: found.profile.command.clone(),
        folder: folder.to_path_buf(),
        attempt: id,
        resume: None,
        model: None,
        template: None,
        ask: None,
        initialize: Duration::from_millis(config.timeouts.initialize_ms),
        exit: Duration::from_millis(config.timeouts.exit_ms),
        walls: None,
    }
}

/// The agent's names of its modes: the owner's, else those known, else the usual ones.
fn modes(agent: &str, profile: &Profile, policy: ToolsPolicy) -> Modes {
    let known = profiles::known(agent).map(|known| known.modes);
    let work = known.map(|modes| match policy {
        ToolsPolicy::RequirePermission => modes.ask,
        ToolsPolicy::ApproveAll => modes.approve,
    });
    let or = |own: &Option<String>, known: Option<&str>, usual: &str| own.clone().unwrap_or_else(|| known.unwrap_or(usual).to_owned());
    Modes {
        plan: or(&profile.plan_mode, known.map(|modes| modes.plan), "plan"),
        work: or(&profile.work_mode, work, "default"),
        option: known.and_then(|modes| modes.option),
    }
}

/// Whether a folder holds nothing by which Gemini CLI would let itself be led: a repository's settings start programs of its choice.
fn is_bare(folder: &Path) -> bool {
    [".gemini", ".agents", ".env"]
        .iter()
        .all(|name| folder.join(name).symlink_metadata().is_err())
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
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
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

    fn job(agent: &str) -> Assignment {
        serde_json::from_value(serde_json::json!({
            "attempt": uuid::Uuid::nil(), "attempt_number": 1, "fence": 1, "job": uuid::Uuid::nil(), "number": 1, "workspace": "", "title": "",
            "description": "", "agent": agent, "mode": "edit", "tools_policy": "require_permission", "context": {"type": "local"}, "attachments": [], "earlier": [],
            "author": {"user": uuid::Uuid::nil(), "name": "", "email": ""},
        }))
        .unwrap()
    }

    #[test]
    fn agt_9_gemini_trusts_a_folder_only_while_no_settings_lie_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse("work_dir = \"w\"\n", Path::new("/x"), |_| None).unwrap();
        let trusted = |agent: &str| launch(&config, &job(agent), folder.path()).unwrap().env.contains_key(TRUST);
        assert!(trusted("gemini") && !trusted("claude"));
        std::fs::create_dir(folder.path().join(".gemini")).unwrap();
        assert!(!trusted("gemini"));
    }

    #[test]
    fn run_9_an_agent_that_the_owner_does_not_offer_is_not_offered_nor_started() {
        let text = "work_dir = \"w\"\n[agents.scripted]\n[agents.x]\ncommand = [\"x\"]\n[policy]\nagents = [\"scripted\"]\n";
        let config = Config::parse(text, Path::new("/x"), |_| None).unwrap();
        let names: Vec<String> = offered(&config).into_iter().map(|agent| agent.name).collect();
        assert_eq!(names, ["scripted"]);
        assert!(launch(&config, &job("x"), Path::new(".")).unwrap_err().contains("does not offer"));
    }
}
