//! Walls around agents: what one may reach on this machine and use up of it, and that nothing of it is left after its end (AGT-6, RUN-9).
//!
//! On Linux an agent is started by a [`keeper`], this program once more, which no process of the agent gets away from, and which puts it
//! behind a [`fence`] first. What lies inside is in [`ground`]. Elsewhere the runner starts agents itself and ends them by their groups.

#[cfg(target_os = "linux")]
pub mod fence;
pub mod ground;
#[cfg(target_os = "linux")]
pub mod keeper;
pub mod scratch;
#[cfg(target_os = "linux")]
pub mod tree;

use crate::{
    agents::Launch,
    config::{Config, ConfigError, Profile},
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Whether agents are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Where the kernel offers it; the log of each attempt says which.
    #[default]
    Auto,
    /// Always: without it nothing is run.
    On,
    /// Never.
    Off,
}

/// The sandbox of all agents.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    /// Whether there is one.
    pub mode: Mode,
    /// Files and folders that agents may read and run besides those of the system; `~` is the agent's home folder.
    pub read: Vec<String>,
    /// Files and folders that agents may change as well.
    pub write: Vec<String>,
    /// TCP ports that agents may connect to, on any host; absent: all.
    pub connect_ports: Option<Vec<u16>>,
}

/// The sandbox of one agent: what is given here comes on top, a mode and ports stand instead.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentSandbox {
    /// Whether there is one.
    pub mode: Option<Mode>,
    /// More to read.
    pub read: Vec<String>,
    /// More to change.
    pub write: Vec<String>,
    /// Ports instead of those of all agents.
    pub connect_ports: Option<Vec<u16>>,
}

/// What an agent and all it starts may use up; 0 is no limit. Kept on Linux.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Processes at a time.
    pub processes: u64,
    /// Resident memory of all of them, in MiB; what several share counts for each.
    pub memory_mb: u64,
    /// Open files of one process.
    pub open_files: u64,
    /// Size of one file, in MiB.
    pub file_mb: u64,
    /// Seconds on a processor of all of them together.
    pub cpu_seconds: u64,
    /// Seconds from the agent's start, its waiting for people included.
    pub wall_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            processes: 4_000,
            memory_mb: 32 * 1024,
            open_files: 0,
            file_mb: 0,
            cpu_seconds: 0,
            wall_seconds: 0,
        }
    }
}

/// What lies inside the walls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// Files and folders to read and run.
    pub read: Vec<PathBuf>,
    /// Files and folders to change as well.
    pub write: Vec<PathBuf>,
    /// TCP ports to connect to; absent: all.
    pub connect_ports: Option<Vec<u16>>,
}

/// What a keeper is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    /// Process that started it.
    pub runner: i32,
    /// The agent's name.
    pub agent: String,
    /// Where it writes what the runner would not learn otherwise.
    pub report: PathBuf,
    /// The walls; absent: none.
    pub fence: Option<Fence>,
    /// The limits.
    pub limits: Limits,
}

/// What a keeper tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The agent could not be started.
    NotStarted(String),
    /// A limit was reached.
    Limit(String),
}

/// How an agent is to be walled in.
#[derive(Debug, Clone)]
pub struct Walls {
    /// This program, to be started as a keeper.
    pub program: PathBuf,
    /// What to tell the keeper.
    pub orders: Orders,
}

/// Whether an agent stands behind walls, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is sandboxed.
    Inside,
    /// It is not, for this reason.
    Outside(String),
}

impl Standing {
    /// For the log of the attempt.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Inside => "The agent is sandboxed: it reaches its working folder, the system's programs and its own settings".to_owned(),
            Self::Outside(why) => format!("The agent is not sandboxed: {why}"),
        }
    }
}

/// Whether agents can be kept in on this machine.
///
/// # Errors
/// Why not.
pub fn available() -> Result<(), String> {
    #[cfg(target_os = "linux")]
    return fence::available().map(drop);
    #[cfg(not(target_os = "linux"))]
    Err("there is a sandbox on Linux only".to_owned())
}

/// Whether `agent` is to be kept in on this machine.
///
/// # Errors
/// When the owner wants it to and the machine cannot.
pub fn standing(config: &Config, profile: &Profile) -> Result<Standing, String> {
    match (profile.sandbox.mode.unwrap_or(config.sandbox.mode), available()) {
        (Mode::Off, _) => Ok(Standing::Outside("the owner of this runner switched the sandbox off".to_owned())),
        (Mode::Auto | Mode::On, Ok(())) => Ok(Standing::Inside),
        (Mode::Auto, Err(why)) => Ok(Standing::Outside(why)),
        (Mode::On, Err(why)) => Err(format!(
            "the owner of this runner wants agents sandboxed, and that cannot be: {why}"
        )),
    }
}

/// That the owner's wish can be met for every agent.
///
/// # Errors
/// When it cannot.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    let one = |profile: &Profile| standing(config, profile).map(drop).map_err(ConfigError::Value);
    one(&Profile::default())?;
    config.agents.values().try_for_each(one)
}

/// Gives the agent a folder of its own for what is temporary and, where it can be had, its walls. `objects` is the folder of git objects
/// that its working folder borrows.
///
/// # Errors
/// With words for a person, when the owner wants walls and there can be none, or the disk takes no more.
pub fn build(config: &Config, launch: &mut Launch, profile: &Profile, objects: Option<&Path>) -> Result<Standing, String> {
    let standing = standing(config, profile)?;
    let scratch =
        scratch::make(config, launch.attempt).map_err(|error| format!("the folder for temporary files cannot be made: {error}"))?;
    for name in ["TMPDIR", "TEMP", "TMP"] {
        launch.env.insert(name.to_owned(), scratch.to_string_lossy().into_owned());
    }
    if cfg!(not(target_os = "linux")) {
        return Ok(standing);
    }
    let program = program(config);
    let fence = (standing == Standing::Inside).then(|| {
        ground::settle(launch, &scratch);
        ground::fence(&ground::Ground {
            config,
            profile,
            launch,
            scratch: &scratch,
            objects,
            program: &program,
        })
    });
    launch.walls = Some(Walls {
        program,
        orders: Orders {
            runner: i32::try_from(std::process::id()).map_err(|error| error.to_string())?,
            agent: launch.name.clone(),
            report: scratch::report(config, launch.attempt),
            fence,
            limits: config.limits.clone(),
        },
    });
    Ok(standing)
}

/// This program's file; should it be gone, such as after an update, the one that runs.
fn program(config: &Config) -> PathBuf {
    if config.program.is_file() {
        config.program.clone()
    } else {
        PathBuf::from("/proc/self/exe")
    }
}
