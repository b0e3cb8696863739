//! The keeper: this program once more, between the runner and one agent (Linux).
//!
//! It is the subreaper of all that the agent starts, so that no process gets away from it: whatever happens, it ends them all before it
//! ends itself, the way the agent ended. It ends them when the agent has ended, when the runner says so (SIGUSR1), when the runner is gone
//! in whatever way, and when a limit is reached. SIGTERM and SIGINT it hands on to the agent. The agent has the runner's three pipes; the keeper reads
//! and writes none of them.

use super::{Orders, Report, fence, tree};
use crate::agents::process;
use nix::{
    poll::{PollFd, PollFlags, PollTimeout},
    sys::{
        prctl,
        resource::{Resource, getrlimit, setrlimit},
        signal::{SigSet, Signal, killpg, raise},
        signalfd::{SfdFlags, SignalFd},
        wait::WaitStatus,
    },
    unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, getppid, setsid},
};
use std::{
    io,
    os::{fd::AsFd, unix::process::CommandExt},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

/// Pause between two looks at what the agent uses up.
const LOOK: Duration = Duration::from_secs(1);

/// How long ended processes may take to be gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Words for the first argument after the program's name.
pub const SUBCOMMAND: &str = "agent-keep";

/// The signal that ends everything at once.
pub const END: Signal = Signal::SIGUSR1;

/// The signal of the kernel when the runner's thread that started this process is gone.
const ORPHANED: Signal = Signal::SIGUSR2;

/// Starts the agent and keeps it until its end. Ends as the agent did.
pub fn run(attempt: &str, orders: &str, command: &[String]) -> ExitCode {
    let orders: Orders = match serde_json::from_str(orders) {
        Ok(orders) => orders,
        Err(error) => {
            eprintln!("coord-runner {SUBCOMMAND}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let kept = keep(attempt, &orders, command);
    match kept {
        Ok((status, report)) => {
            if let Some(report) = report {
                tell(&orders, &report);
            }
            end_like(status)
        }
        Err(report) => {
            tell(&orders, &report);
            ExitCode::FAILURE
        }
    }
}

fn tell(orders: &Orders, report: &Report) {
    let written = serde_json::to_vec(report).map_err(io::Error::from);
    if let Err(error) = written.and_then(|json| std::fs::write(&orders.report, json)) {
        eprintln!("coord-runner {SUBCOMMAND}: {error}");
    }
}

fn keep(attempt: &str, orders: &Orders, command: &[String]) -> Result<(Option<WaitStatus>, Option<Report>), Report> {
    let broken = |what: &str, error: &dyn std::fmt::Display| {
        Report::NotStarted(format!("the agent {} cannot be kept: {what}: {error}", orders.agent))
    };
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, END, ORPHANED, Signal::SIGINT, Signal::SIGQUIT] {
        signals.add(signal);
    }
    signals.thread_block().map_err(|error| broken("signals", &error))?;
    let inbox =
        SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(|error| broken("signals", &error))?;
    // A session of its own: no terminal, and no group of the runner that one of the agent's processes could join.
    let _ = setsid();
    prctl::set_child_subreaper(true).map_err(|error| broken("subreaper", &error))?;
    if orphaned(orders) {
        return Err(Report::NotStarted("the runner is gone".to_owned()));
    }
    // The agent runs as the same user and has no business in here.
    let _ = prctl::set_dumpable(false);
    limit(orders).map_err(|error| broken("limits", &error))?;
    let agent = start(attempt, orders, command)?;
    // Not before, since the signal is not held back while the agent starts. A runner that was gone by then is noticed below.
    let _ = prctl::set_pdeathsig(ORPHANED);
    let _ = let_go();
    let mut keeper = Keeper {
        orders,
        agent,
        status: None,
        began: Instant::now(),
        report: None,
    };
    keeper.watch(&inbox);
    let Keeper { mut status, report, .. } = keeper;
    tree::end_all(PATIENCE, |(id, ended)| {
        if id == agent {
            status = Some(ended);
        }
    });
    Ok((status, report))
}

/// Whether the runner that started this process is gone.
fn orphaned(orders: &Orders) -> bool {
    getppid().as_raw() != orders.runner
}

fn limit(orders: &Orders) -> nix::Result<()> {
    let limits = &orders.limits;
    for (resource, most) in [
        (Resource::RLIMIT_NOFILE, limits.open_files),
        (Resource::RLIMIT_FSIZE, limits.file_mb.saturating_mul(1024 * 1024)),
    ] {
        let (_, hard) = getrlimit(resource)?;
        if most > 0 && most < hard {
            setrlimit(resource, most, most)?;
        }
    }
    Ok(())
}

fn start(attempt: &str, orders: &Orders, command: &[String]) -> Result<Pid, Report> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Report::NotStarted(format!("the agent {} has no command", orders.agent)));
    };
    let mut command = Command::new(program);
    command.args(arguments).env(process::MARKER, attempt).process_group(0);
    let walls = orders.fence.clone();
    // The walls are put up in a thread, since what starts from a thread stands behind its walls and this process must not.
    let started = std::thread::spawn(move || {
        if let Some(walls) = walls {
            fence::enter(&walls).map_err(|words| io::Error::other(format!("its sandbox cannot be set up: {words}")))?;
        }
        // A program starts with the signals held back that its parent holds back, and the agent has to hear them all. Should the keeper be
        // ended by one in this moment, the agent has had no time yet to hide from the sweep that follows.
        let held = SigSet::thread_get_mask()?;
        SigSet::empty().thread_set_mask()?;
        let started = command.spawn();
        held.thread_set_mask()?;
        started
    });
    let started = started
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the keeper made a mistake")));
    let child = started.map_err(|error| Report::NotStarted(process::not_started(&orders.agent, program, &error)))?;
    // Its end is seen by `reap`, together with that of all others.
    let id = i32::try_from(child.id()).map_err(|error| Report::NotStarted(error.to_string()))?;
    Ok(Pid::from_raw(id))
}

/// Lets go of the agent's pipes, so that each ends when the agent's end of it does.
fn let_go() -> io::Result<()> {
    let nothing = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    Ok(())
}

struct Keeper<'a> {
    orders: &'a Orders,
    agent: Pid,
    status: Option<WaitStatus>,
    began: Instant,
    report: Option<Report>,
}

impl Keeper<'_> {
    /// Returns when everything is to be ended.
    fn watch(&mut self, inbox: &SignalFd) {
        let mut looked = Instant::now();
        if orphaned(self.orders) {
            return;
        }
        loop {
            let wait = LOOK.saturating_sub(looked.elapsed()).as_millis();
            let timeout = PollTimeout::from(u16::try_from(wait).unwrap_or(1000));
            let _ = nix::poll::poll(&mut [PollFd::new(inbox.as_fd(), PollFlags::POLLIN)], timeout);
            let mut end = false;
            while let Ok(Some(told)) = inbox.read_signal() {
                match i32::try_from(told.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok()) {
                    Some(END) => end = true,
                    Some(signal @ (Signal::SIGTERM | Signal::SIGINT)) => drop(killpg(self.agent, signal)),
                    _ => {}
                }
            }
            let agent = self.agent;
            let mut status = self.status;
            tree::reap(|(id, ended)| {
                if id == agent {
                    status = Some(ended);
                }
            });
            self.status = status;
            if let Some(WaitStatus::Signaled(_, Signal::SIGXFSZ, _)) = status {
                let most = self.orders.limits.file_mb;
                self.report = Some(Report::Limit(format!(
                    "the agent wrote a file of more than {most} MiB, which this runner does not allow"
                )));
            }
            if end || self.status.is_some() || orphaned(self.orders) {
                return;
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                if let Some(words) = self.over() {
                    self.report = Some(Report::Limit(words));
                    return;
                }
            }
        }
    }

    /// Words about a limit that is reached.
    fn over(&self) -> Option<String> {
        let limits = &self.orders.limits;
        if limits.wall_seconds > 0 && self.began.elapsed().as_secs() >= limits.wall_seconds {
            return Some(format!(
                "the agent ran for {} s, as long as this runner allows",
                limits.wall_seconds
            ));
        }
        if limits.processes == 0 && limits.memory_mb == 0 && limits.cpu_seconds == 0 {
            return None;
        }
        let used = tree::used(Pid::this().as_raw());
        let memory = used.memory / (1024 * 1024);
        if limits.processes > 0 && used.processes > limits.processes {
            return Some(format!(
                "the agent has {} processes; this runner allows {}",
                used.processes, limits.processes
            ));
        }
        if limits.memory_mb > 0 && memory > limits.memory_mb {
            return Some(format!(
                "the agent and what it started use {memory} MiB of memory; this runner allows {}",
                limits.memory_mb
            ));
        }
        if limits.cpu_seconds > 0 && used.seconds > limits.cpu_seconds {
            return Some(format!(
                "the agent used {} s of processor time; this runner allows {}",
                used.seconds, limits.cpu_seconds
            ));
        }
        None
    }
}

/// Ends this process as the agent ended, so that the runner sees the same.
fn end_like(status: Option<WaitStatus>) -> ExitCode {
    match status {
        Some(WaitStatus::Exited(_, code)) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Some(WaitStatus::Signaled(_, signal, _)) => {
            let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
            let mut only = SigSet::empty();
            only.add(signal);
            let _ = only.thread_unblock();
            let _ = raise(signal);
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}
