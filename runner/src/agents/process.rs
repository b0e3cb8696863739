//! The processes of an agent: started with a clean environment, and ended to the last one.
//!
//! On Linux a keeper ([`crate::walls`]) stands between this program and the agent, which no process of the agent gets away from. Elsewhere
//! the agent has a group of its own, and shells that it starts in groups of theirs are not reached. Every process also carries a marker in
//! its environment, by which Linux finds those whose keeper was ended too.

use super::{AgentError, Launch};
use crate::walls::{Report, Walls};
use coord_protocol::id::AttemptId;
use std::{
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// Environment variable by which an agent's processes are found again.
pub const MARKER: &str = "COORD_ATTEMPT";

/// Bytes of the agent's error output kept for the words about its end.
const TAIL: usize = 4096;

/// How long a keeper may take to end what it keeps.
#[cfg(target_os = "linux")]
const KEEPER: Duration = Duration::from_secs(10);

/// A started agent.
#[derive(Debug)]
pub struct Process {
    child: Child,
    attempt: AttemptId,
    /// Where its keeper reports; absent without a keeper.
    report: Option<PathBuf>,
    #[cfg(unix)]
    id: Option<nix::unistd::Pid>,
    over: bool,
    tail: Arc<Mutex<String>>,
}

/// Starts the agent's program.
///
/// # Errors
/// [`AgentError::NotStarted`] with words that say what is missing.
pub fn start(launch: &Launch) -> Result<(Process, ChildStdin, ChildStdout), AgentError> {
    let mut command = match &launch.walls {
        Some(walls) => kept(launch, walls)?,
        None => alone(launch)?,
    };
    command
        .current_dir(&launch.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let program = launch.command.first().map(String::as_str).unwrap_or_default();
    let mut child = command
        .spawn()
        .map_err(|error| AgentError::NotStarted(not_started(&launch.name, program, &error)))?;
    let (Some(stdin), Some(stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(AgentError::NotStarted(format!("the agent {} has no standard streams", launch.name)));
    };
    let tail = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&tail);
    tokio::spawn(async move {
        // By pieces of bounded size: an agent may write without ever ending a line.
        let mut piece = vec![0; TAIL];
        while let Ok(read @ 1..) = stderr.read(&mut piece).await {
            let mut tail = kept.lock().unwrap_or_else(PoisonError::into_inner);
            tail.push_str(&String::from_utf8_lossy(&piece[..read]));
            if tail.len() > 2 * TAIL {
                let cut = tail.ceil_char_boundary(tail.len() - TAIL);
                tail.drain(..cut);
            }
        }
    });
    #[cfg(unix)]
    let id = child.id().and_then(|id| i32::try_from(id).ok()).map(nix::unistd::Pid::from_raw);
    let process = Process {
        child,
        attempt: launch.attempt,
        report: launch.walls.as_ref().map(|walls| walls.orders.report.clone()),
        #[cfg(unix)]
        id,
        over: false,
        tail,
    };
    Ok((process, stdin, stdout))
}

/// The agent itself, in a group of its own.
fn alone(launch: &Launch) -> Result<Command, AgentError> {
    let (program, arguments) = launch
        .command
        .split_first()
        .ok_or_else(|| AgentError::NotStarted(format!("the agent {} has no command", launch.name)))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(&launch.env)
        .env(MARKER, launch.attempt.to_string())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

/// A keeper, which starts the agent. It does not carry the marker, so that a sweep leaves it the time to end what it keeps.
#[cfg(target_os = "linux")]
fn kept(launch: &Launch, walls: &Walls) -> Result<Command, AgentError> {
    let orders = serde_json::to_string(&walls.orders).map_err(|error| AgentError::NotStarted(error.to_string()))?;
    let _ = std::fs::remove_file(&walls.orders.report);
    let mut command = Command::new(&walls.program);
    command
        .arg0("coord-runner")
        .args([crate::walls::keeper::SUBCOMMAND, &launch.attempt.to_string(), &orders, "--"])
        .args(&launch.command)
        .env_clear()
        .envs(&launch.env);
    Ok(command)
}

#[cfg(not(target_os = "linux"))]
fn kept(launch: &Launch, _: &Walls) -> Result<Command, AgentError> {
    alone(launch)
}

/// Words about a program that cannot be started.
#[must_use]
pub fn not_started(agent: &str, program: &str, error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("the agent {agent} cannot be started: there is no command `{program}` on this machine")
        }
        std::io::ErrorKind::PermissionDenied => format!("the agent {agent} cannot be started: `{program}` is not executable"),
        _ => format!("the agent {agent} cannot be started: `{program}`: {error}"),
    }
}

impl Process {
    /// What the agent last wrote to its error output.
    #[must_use]
    pub fn last_words(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.trim().chars().rev().take(1000).collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// Waits for the end of the agent's own process, and says how it ended. May be dropped without loss.
    pub async fn ended(&mut self) -> AgentError {
        match self.wait().await {
            Ok(status) => {
                // The error output may be read a moment later than the end is seen.
                tokio::time::sleep(Duration::from_millis(50)).await;
                if let Some(report) = self.reported() {
                    return match report {
                        Report::NotStarted(words) => AgentError::NotStarted(words),
                        Report::Limit(words) => AgentError::Limit(words),
                    };
                }
                let words = self.last_words();
                let words = if words.is_empty() { String::new() } else { format!(": {words}") };
                AgentError::Crashed(format!("the agent's process ended ({status}){words}"))
            }
            Err(error) => AgentError::Crashed(format!("the agent's process is lost: {error}")),
        }
    }

    /// Waits likewise, and says whether it ended well.
    pub async fn succeeded(&mut self) -> bool {
        self.wait().await.is_ok_and(|status| status.success())
    }

    /// Tells the agent's group to stop, as Ctrl-C does. Where there is no such thing it is left to [`Process::end`].
    pub fn interrupt(&self) {
        #[cfg(unix)]
        self.signal(nix::sys::signal::Signal::SIGINT);
    }

    fn reported(&self) -> Option<Report> {
        serde_json::from_slice(&std::fs::read(self.report.as_ref()?).ok()?).ok()
    }

    async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.over = true;
        Ok(status)
    }

    /// Ends all its processes. Its standard input should be closed by now: unless `at_once`, it may end by itself within `patience`,
    /// and once more after it was asked to.
    pub async fn end(mut self, at_once: bool, patience: Duration) {
        if !at_once && tokio::time::timeout(patience, self.wait()).await.is_err() {
            #[cfg(unix)]
            self.signal(nix::sys::signal::Signal::SIGTERM);
            let _ = tokio::time::timeout(patience, self.wait()).await;
        }
        #[cfg(target_os = "linux")]
        if self.report.is_some() && !self.over {
            self.signal(crate::walls::keeper::END);
            // Should somebody have halted it.
            self.signal(nix::sys::signal::Signal::SIGCONT);
            let _ = tokio::time::timeout(KEEPER, self.wait()).await;
        }
        #[cfg(unix)]
        if let Some(group) = self.id {
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        }
        #[cfg(windows)]
        if let Some(id) = self.child.id() {
            let _ = Command::new("taskkill")
                .args(["/T", "/F", "/PID", &id.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await;
        }
        let _ = self.child.kill().await;
        self.over = true;
        sweep(self.attempt).await;
    }

    /// Tells the keeper, or all of the agent's group where there is none.
    #[cfg(unix)]
    fn signal(&self, signal: nix::sys::signal::Signal) {
        let Some(id) = self.id.filter(|_| !self.over) else { return };
        let _ = if self.report.is_some() && cfg!(target_os = "linux") {
            nix::sys::signal::kill(id, signal)
        } else {
            nix::sys::signal::killpg(id, signal)
        };
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A keeper that is told to ends all it keeps; to end the keeper itself would let them go.
        #[cfg(target_os = "linux")]
        if self.report.is_some() {
            self.signal(crate::walls::keeper::END);
        }
    }
}

/// Ends every process of the attempt's agents that is left, whoever its parent is now: keepers are told to end what they keep and waited
/// for, then whoever carries the attempt's marker is ended.
pub async fn sweep(attempt: AttemptId) {
    #[cfg(target_os = "linux")]
    keepers_end(attempt).await;
    // A process may start others while it is being ended; a few rounds reach them all.
    for _ in 0..50 {
        let found = carriers(attempt);
        if found.is_empty() {
            return;
        }
        #[cfg(unix)]
        for id in found {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tracing::warn!(%attempt, "processes of the agent could not be ended");
}

#[cfg(target_os = "linux")]
async fn keepers_end(attempt: AttemptId) {
    use crate::walls::{keeper, tree};
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    let keepers = || tree::with_arguments(&[keeper::SUBCOMMAND, &attempt.to_string()]);
    let rounds = KEEPER.as_millis() / 20;
    for round in 0..=rounds {
        let found: Vec<i32> = keepers().into_iter().filter(|&id| tree::lives(id)).collect();
        if found.is_empty() {
            return;
        }
        for id in found {
            let _ = kill(Pid::from_raw(id), if round == rounds { Signal::SIGKILL } else { keeper::END });
            let _ = kill(Pid::from_raw(id), Signal::SIGCONT);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tracing::warn!(%attempt, "a keeper did not end what it keeps");
}

/// Ids of the processes that carry the attempt's marker. Only Linux tells a process's environment to its owner.
#[must_use]
pub fn carriers(attempt: AttemptId) -> Vec<i32> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let marker = format!("{MARKER}={attempt}");
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|id| {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == marker.as_bytes())
        })
        .collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[tokio::test]
    async fn inv_8_errors_without_an_end_of_line_are_kept_in_part() {
        let words = |text: &str| text.to_owned();
        let launch = Launch {
            name: words("loud"),
            command: ["sh", "-c", "head -c 20000000 /dev/zero | tr '\\0' x >&2; printf 'the end' >&2"]
                .map(words)
                .to_vec(),
            env: BTreeMap::from([(words("PATH"), std::env::var("PATH").unwrap())]),
            folder: std::env::temp_dir(),
            attempt: AttemptId(uuid::Uuid::from_u128(7)),
            resume: None,
            model: None,
            modes: super::super::Modes {
                plan: words("plan"),
                work: words("default"),
                option: None,
            },
            settings: None,
            quirks: super::super::profiles::Quirks::default(),
            ask: None,
            template: None,
            initialize: Duration::ZERO,
            exit: Duration::ZERO,
            walls: None,
        };
        let (mut process, _stdin, _stdout) = start(&launch).unwrap();
        let said = process.ended().await.to_string();
        assert!(said.ends_with("the end"), "{said}");
        assert!(process.tail.lock().unwrap().len() <= 3 * TAIL);
        process.end(true, Duration::ZERO).await;
    }
}
