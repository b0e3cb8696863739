//! The runner's configuration: one TOML file, in which the machine's owner has the last word (RUN-9).
//!
//! An unknown key is refused by name. `COORD_SERVER` and `COORD_RUNNER_TOKEN` stand in for `server` and `token`.

use crate::{
    agents::{command::events::Events, profiles},
    config_file,
    walls::{AgentSandbox, Limits, Sandbox},
};
use coord_protocol::{log::ToolKind, runner::Serves};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// Name of the scripted agent's profile.
pub const SCRIPTED: &str = "scripted";

/// Environment variables every agent gets, when the runner has them: what programs need to run at all, certificates and proxies.
pub const ENV_ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TERM",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SystemRoot",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the server, `https://coord.example.org`.
    #[serde(default)]
    pub server: String,
    /// The runner's token, `coord_r_…`.
    #[serde(default)]
    pub token: String,
    /// What this program calls itself until the server has told the runner's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Folder for spools, working folders and repositories. A relative path starts at the configuration file's folder.
    #[serde(default)]
    pub work_dir: Option<PathBuf>,
    /// Attempts at once.
    #[serde(default = "two")]
    pub concurrency: u32,
    /// Values that are masked in everything that leaves the machine.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Environment variables whose values are masked likewise.
    #[serde(default)]
    pub secrets_env: Vec<String>,
    /// The environment of every agent.
    #[serde(default)]
    pub env: Env,
    /// Agents by name.
    #[serde(default)]
    pub agents: BTreeMap<String, Profile>,
    /// What the machine's owner allows.
    #[serde(default)]
    pub policy: Policy,
    /// Automatic retries (AGT-7).
    #[serde(default)]
    pub retry: Retry,
    /// How long things may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How git is run.
    #[serde(default)]
    pub git: Git,
    /// What is kept on disk.
    #[serde(default)]
    pub disk: Disk,
    /// This program, which agents start for the tool that asks people.
    #[serde(skip, default = "own_program")]
    pub program: PathBuf,
    /// What agents reach on this machine.
    #[serde(default)]
    pub sandbox: Sandbox,
    /// What agents use up of it.
    #[serde(default)]
    pub limits: Limits,
    /// The file this was read from.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// Environment of agents: an allow-list of the runner's own variables, and forced values.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Env {
    /// Variables passed on in addition to [`ENV_ALLOWED`].
    pub allow: Vec<String>,
    /// Variables set to a value.
    pub set: BTreeMap<String, String>,
}

/// How an agent is talked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Over the Agent Client Protocol.
    #[default]
    Acp,
    /// Not at all: it is run once per prompt.
    Command,
}

/// How to start an agent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// How it is talked with.
    pub kind: Kind,
    /// Of a command: program and arguments to go on with the session `{resume_id}`.
    pub resume_command: Vec<String>,
    /// Of a command: program and arguments to plan without changing anything.
    pub plan_command: Vec<String>,
    /// Of a command: what it prints.
    pub events: Events,
    /// Program and arguments. Those of a command name `{prompt}` or `{prompt_file}`, and may name `{cwd}`. May be absent for `scripted`, which is this program itself, and for agents that are known.
    pub command: Vec<String>,
    /// Variables of the runner passed on to this agent.
    pub env_allow: Vec<String>,
    /// Variables set for this agent.
    pub env: BTreeMap<String, String>,
    /// The agent's own name of the mode in which it only plans.
    pub plan_mode: Option<String>,
    /// The agent's own name of the mode in which it asks before it acts.
    pub work_mode: Option<String>,
    /// Whether it has no questions of its own and is given a tool that asks people (AGT-4). Without it, as is known of the agent.
    pub needs_mcp_ask: Option<bool>,
    /// What it reaches on this machine.
    pub sandbox: AgentSandbox,
}

impl Profile {
    /// That the command lines of a command make sense.
    fn check(&self) -> Result<(), &'static str> {
        let of_command = [&self.resume_command, &self.plan_command];
        if self.kind == Kind::Acp {
            let none = of_command.iter().all(|line| line.is_empty()) && self.events == Events::None;
            return none
                .then_some(())
                .ok_or("resume_command, plan_command and events need kind = \"command\"");
        }
        let names = |line: &[String], what: &str| line.iter().skip(1).any(|word| word.contains(what));
        let lines = of_command.into_iter().filter(|line| !line.is_empty()).chain([&self.command]);
        for line in lines {
            if !names(line, "{prompt}") && !names(line, "{prompt_file}") {
                return Err("each command line must name {prompt} or {prompt_file}");
            }
        }
        if names(&self.command, "{resume_id}") || names(&self.plan_command, "{resume_id}") {
            return Err("{resume_id} belongs into resume_command");
        }
        if !self.resume_command.is_empty() && !names(&self.resume_command, "{resume_id}") {
            return Err("resume_command must name {resume_id}");
        }
        Ok(())
    }
}

/// What the machine's owner allows (RUN-9). An empty list allows all, save for local repositories.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Workspaces served, by name.
    pub workspaces: Vec<String>,
    /// People served, by e-mail address.
    pub people: Vec<String>,
    /// Agents offered, by name.
    pub agents: Vec<String>,
    /// Repository URLs served, as prefixes. `http://` is served only when named here.
    pub repositories: Vec<String>,
    /// Folders whose repositories may be used by path. Empty: none.
    pub allow_local_repositories: Vec<PathBuf>,
    /// Kinds of tool that are never allowed without a person, whatever the job says.
    #[serde(deserialize_with = "tool_kinds")]
    pub always_ask: Vec<ToolKind>,
    /// Words in a tool call's title that make it need a person likewise.
    pub always_ask_matching: Vec<String>,
    /// Largest attachment fetched.
    pub max_attachment_bytes: u64,
    /// Largest deliverable uploaded, and largest file committed for an agent.
    pub max_deliverable_bytes: u64,
    /// Most deliverables of an attempt.
    pub max_deliverables: usize,
    /// Most files of a branch that is checked out.
    pub max_repository_files: u64,
}

impl Policy {
    /// What the server is told of it, so that it does not offer what would be refused. Folders and words of tools stay here.
    #[must_use]
    pub fn serves(&self) -> Serves {
        Serves {
            workspaces: self.workspaces.clone(),
            people: self.people.clone(),
            repositories: self.repositories.clone(),
            local_repositories: Some(!self.allow_local_repositories.is_empty()),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            workspaces: Vec::new(),
            people: Vec::new(),
            agents: Vec::new(),
            repositories: Vec::new(),
            allow_local_repositories: Vec::new(),
            always_ask: Vec::new(),
            always_ask_matching: Vec::new(),
            max_attachment_bytes: 100 * 1024 * 1024,
            max_deliverable_bytes: 100 * 1024 * 1024,
            max_deliverables: 100,
            max_repository_files: 1_000_000,
        }
    }
}

/// Automatic retries inside an attempt.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Retries in a row after a transient error.
    pub limit: u32,
    /// Pause before the first retry; each further one is three times as long, at most five minutes.
    pub backoff_ms: u64,
    /// Longest wait for the end of a rate limit. One that ends later fails the attempt, which then says when it ends.
    pub max_wait_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            limit: 3,
            backoff_ms: 2_000,
            max_wait_ms: 1_800_000,
        }
    }
}

impl Retry {
    /// Pause before retry number `n`, counted from 1.
    #[must_use]
    pub fn pause(&self, n: u32) -> Duration {
        Duration::from_millis(
            self.backoff_ms
                .saturating_mul(3u64.saturating_pow(n.saturating_sub(1)))
                .min(300_000),
        )
    }
}

/// How long things may take, in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// From an agent's start to its first answer.
    pub initialize_ms: u64,
    /// Silence of a working agent after which the log and the job say so.
    pub silence_ms: u64,
    /// Silence after which it is ended and started again; 0 for never.
    pub silence_end_ms: u64,
    /// For a running tool call to end after a stop was asked for.
    pub stop_grace_ms: u64,
    /// For the agent to end its turn after it was told to.
    pub cancel_ms: u64,
    /// For the agent's process to end by itself, and again after it was asked to.
    pub exit_ms: u64,
    /// For one git command.
    pub git_ms: u64,
    /// For the server to confirm what was handed back when the runner stops.
    pub hand_back_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            initialize_ms: 30_000,
            silence_ms: 600_000,
            silence_end_ms: 0,
            stop_grace_ms: 60_000,
            cancel_ms: 10_000,
            exit_ms: 5_000,
            git_ms: 600_000,
            hand_back_ms: 15_000,
        }
    }
}

/// How git is run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Git {
    /// Use the owner's own git configuration, for its credential helper. Off: git sees no configuration but the runner's.
    pub use_global_config: bool,
}

/// What is kept on disk (AGT-8). A working folder with work that is not committed or not pushed is kept in any case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// Days after which a working folder goes that nobody used.
    pub keep_days: u32,
    /// Working folders on branches that are kept at most; those used last stay.
    pub keep_worktrees: u32,
    /// Days after which the objects of a repository go that nobody used.
    pub keep_repositories_days: u32,
    /// With less room than this, in MiB, what was not used for longest goes before its time.
    pub least_free_mib: u64,
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            keep_days: 14,
            keep_worktrees: 50,
            keep_repositories_days: 90,
            least_free_mib: 1024,
        }
    }
}

/// Kinds of tool. A word that is none is refused here: elsewhere it would quietly mean `other`.
fn tool_kinds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<ToolKind>, D::Error> {
    use serde::de::{Error, IntoDeserializer};
    let words = Vec::<String>::deserialize(deserializer)?;
    let kind = |word: &String| {
        let parsed: Result<ToolKind, serde::de::value::Error> = ToolKind::deserialize(word.as_str().into_deserializer());
        parsed
            .ok()
            .filter(|kind| *kind != ToolKind::Other || word == "other")
            .ok_or_else(|| D::Error::custom(format!("`{word}` is no kind of tool")))
    };
    words.iter().map(kind).collect()
}

fn own_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("coord-runner"))
}

const fn two() -> u32 {
    2
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not valid.
    #[error("{path}: {detail}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with the key's name.
        detail: String,
    },
    /// Something is missing or makes no sense.
    #[error("{0}")]
    Value(String),
}

impl Config {
    /// Reads `file`, or the default file if there is one, and lets the environment fill in server and token.
    ///
    /// # Errors
    /// When the file cannot be read, has an unknown key, or a value makes no sense.
    pub fn load(file: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let default = config_file::default_path(&env);
        let path = match file {
            Some(path) => Some(path.to_path_buf()),
            None => default.filter(|path| path.exists()),
        };
        let (text, folder) = match &path {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                    path: path.clone(),
                    source,
                })?;
                (text, path.parent().map(Path::to_path_buf).unwrap_or_default())
            }
            None => (String::new(), PathBuf::new()),
        };
        let mut config = Self::parse(&text, &folder, env).map_err(|error| match error {
            ConfigError::Invalid { detail, .. } => ConfigError::Invalid {
                path: path.clone().unwrap_or_default(),
                detail,
            },
            other => other,
        })?;
        config.file = path.and_then(|path| std::path::absolute(path).ok());
        Ok(config)
    }

    /// Reads a configuration from text. `folder` is where relative paths start.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, folder: &Path, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| ConfigError::Invalid {
            path: PathBuf::new(),
            detail: error.to_string().trim().to_owned(),
        })?;
        if let Some(server) = env("COORD_SERVER").filter(|text| !text.is_empty()) {
            config.server = server;
        }
        if let Some(token) = env("COORD_RUNNER_TOKEN").filter(|text| !text.is_empty()) {
            config.token = token;
        }
        let work_dir = match config.work_dir.take() {
            Some(path) => folder.join(path),
            None => default_work_dir(&env)?,
        };
        config.work_dir = Some(std::path::absolute(&work_dir).map_err(|error| ConfigError::Value(format!("work_dir: {error}")))?);
        for name in &config.secrets_env {
            config.secrets.extend(env(name).filter(|value| !value.is_empty()));
        }
        config.server = config.server.trim_end_matches('/').to_owned();
        if !config.server.is_empty() && !config.server.starts_with("http://") && !config.server.starts_with("https://") {
            return Err(ConfigError::Value(format!(
                "server: `{}` is not an http or https address",
                config.server
            )));
        }
        if !(1..=64).contains(&config.concurrency) {
            return Err(ConfigError::Value("concurrency: must be 1 to 64".to_owned()));
        }
        for (name, profile) in &config.agents {
            let plain = !name.is_empty() && name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !plain || name == "any" {
                return Err(ConfigError::Value(format!("agents: `{name}` cannot be an agent's name")));
            }
            if profile.command.first().is_none_or(String::is_empty) && name != SCRIPTED && profiles::known(name).is_none() {
                return Err(ConfigError::Value(format!("agents.{name}: command is missing")));
            }
            profile
                .check()
                .map_err(|words| ConfigError::Value(format!("agents.{name}: {words}")))?;
        }
        Ok(config)
    }

    /// The work folder.
    #[must_use]
    pub fn work_dir(&self) -> &Path {
        self.work_dir.as_deref().unwrap_or(Path::new("."))
    }

    /// That there is a server to connect to.
    ///
    /// # Errors
    /// With what is missing and how to give it.
    pub fn check_server(&self) -> Result<(), ConfigError> {
        if self.server.is_empty() {
            return Err(ConfigError::Value(
                "no server: sign in with `coord-runner login --server ADDRESS`, or set `server` in the configuration or COORD_SERVER"
                    .to_owned(),
            ));
        }
        if self.token.is_empty() {
            return Err(ConfigError::Value(
                "no token: sign in with `coord-runner login`, or set `token` in the configuration or COORD_RUNNER_TOKEN".to_owned(),
            ));
        }
        Ok(())
    }
}

fn default_work_dir(env: &impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    let base = env("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| env("LOCALAPPDATA").map(PathBuf::from))
        .or_else(|| env("HOME").map(|home| Path::new(&home).join(".local/share")))
        .ok_or_else(|| ConfigError::Value("work_dir: set it in the configuration, there is no home folder".to_owned()))?;
    Ok(base.join("coord-runner"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_env(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Config::parse("work_dir = \"w\"\nconcurency = 3\n", Path::new("/x"), no_env).unwrap_err();
        assert!(error.to_string().contains("concurency"), "{error}");
        let error = Config::parse("work_dir = \"w\"\n[policy]\nrepositorys = []\n", Path::new("/x"), no_env).unwrap_err();
        assert!(error.to_string().contains("repositorys"), "{error}");
    }

    #[test]
    fn run_9_a_misspelt_kind_of_tool_is_refused_and_not_ignored() {
        let error = Config::parse("work_dir = \"w\"\n[policy]\nalways_ask = [\"delet\"]\n", Path::new("/x"), no_env).unwrap_err();
        assert!(error.to_string().contains("`delet` is no kind of tool"), "{error}");
        let config = Config::parse(
            "work_dir = \"w\"\n[policy]\nalways_ask = [\"other\", \"execute\"]\n",
            Path::new("/x"),
            no_env,
        )
        .unwrap();
        assert_eq!(config.policy.always_ask, [ToolKind::Other, ToolKind::Execute]);
    }

    #[test]
    fn the_environment_fills_in_server_and_token_and_paths_start_at_the_file() {
        let env = |name: &str| match name {
            "COORD_SERVER" => Some("http://127.0.0.1:7080/".to_owned()),
            "COORD_RUNNER_TOKEN" => Some("coord_r_x".to_owned()),
            "MY_SECRET" => Some("hunter2hunter2".to_owned()),
            _ => None,
        };
        let folder = std::env::temp_dir();
        let config = Config::parse("work_dir = \"w\"\nsecrets_env = [\"MY_SECRET\"]\n", &folder, env).unwrap();
        assert_eq!(config.server, "http://127.0.0.1:7080");
        assert_eq!(config.token, "coord_r_x");
        assert_eq!(config.work_dir(), folder.join("w"));
        assert_eq!(config.secrets, ["hunter2hunter2"]);
        config.check_server().unwrap();
    }

    #[test]
    fn an_agent_needs_a_command_and_a_plain_name() {
        let error = Config::parse("work_dir = \"w\"\n[agents.mine]\n", Path::new("/x"), no_env).unwrap_err();
        assert!(error.to_string().contains("agents.mine"), "{error}");
        assert!(Config::parse("work_dir = \"w\"\n[agents.\"../x\"]\ncommand = [\"x\"]\n", Path::new("/x"), no_env).is_err());
        Config::parse("work_dir = \"w\"\n[agents.scripted]\n", Path::new("/x"), no_env).unwrap();
    }

    #[test]
    fn agt_1_a_command_names_its_prompt_and_only_a_command_has_such_lines() {
        let parsed = |lines: &str| {
            let text = format!("work_dir = \"w\"\n[agents.x]\n{lines}\n");
            Config::parse(&text, Path::new("/x"), no_env).map_err(|error| error.to_string())
        };
        let command = "kind = \"command\"\ncommand = [\"x\", \"{prompt}\"]\n";
        assert!(
            parsed(&format!(
                "{command}resume_command = [\"x\", \"{{resume_id}}\", \"{{prompt}}\"]\nevents = \"codex-jsonl\""
            ))
            .is_ok()
        );
        for (lines, words) in [
            ("kind = \"command\"\ncommand = [\"x\"]".to_owned(), "{prompt}"),
            (
                "kind = \"command\"\ncommand = [\"x\", \"{prompt}\", \"{resume_id}\"]".to_owned(),
                "belongs into resume_command",
            ),
            (
                format!("{command}resume_command = [\"x\", \"{{prompt}}\"]"),
                "must name {resume_id}",
            ),
            (format!("{command}events = \"other\""), "events"),
            (
                "command = [\"x\"]\nplan_command = [\"x\", \"{prompt}\"]".to_owned(),
                "kind = \"command\"",
            ),
        ] {
            let error = parsed(&lines).unwrap_err();
            assert!(error.contains(words), "{lines}: {error}");
        }
    }

    #[test]
    fn the_example_is_valid_as_it_stands_and_with_every_line_that_it_shows() {
        let example = include_str!("../runner.example.toml");
        let as_it_stands = Config::parse(example, Path::new("/x"), |name| (name == "HOME").then(|| "/h".to_owned())).unwrap();
        assert_eq!(as_it_stands.server, "https://coord.example.org");
        // A commented line that begins like a setting is one.
        let setting = |line: &str| {
            let key: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            line.starts_with('[') || (!key.is_empty() && line[key.len()..].starts_with(" = "))
        };
        let shown: String = example
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| setting(rest)).unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let shown = Config::parse(&shown, Path::new("/x"), |_| None).unwrap();
        let (policy, times) = (Policy::default(), Timeouts::default());
        assert_eq!(shown.policy.max_deliverables, policy.max_deliverables);
        assert_eq!(shown.policy.always_ask, [ToolKind::Delete]);
        assert_eq!(
            (shown.timeouts.stop_grace_ms, shown.timeouts.git_ms),
            (times.stop_grace_ms, times.git_ms)
        );
        assert_eq!(
            (shown.retry.limit, shown.concurrency, shown.disk.keep_days),
            (Retry::default().limit, 2, Disk::default().keep_days)
        );
        assert_eq!(shown.agents["printer"].kind, Kind::Command);
        assert!(shown.agents.contains_key("scripted") && shown.agents["mine"].command.len() == 2);
    }

    #[test]
    fn agt_7_retries_wait_longer_each_time_up_to_five_minutes() {
        let retry = Retry {
            limit: 9,
            backoff_ms: 2_000,
            ..Retry::default()
        };
        assert_eq!(retry.pause(1), Duration::from_secs(2));
        assert_eq!(retry.pause(2), Duration::from_secs(6));
        assert_eq!(retry.pause(40), Duration::from_secs(300));
    }
}
