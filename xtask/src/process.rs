//! Starting programs: with their output kept, a limit of time, and an end that leaves nothing behind.
//!
//! Every child leads a process group of its own. A Ctrl-C at the terminal therefore reaches xtask alone, which then stops
//! its children in the order that suits them.

use crate::{interrupt, progress::Step};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(20);

/// How many lines of a failed program are shown.
const TAIL: usize = 60;

/// What a finished program left.
pub struct Finished {
    /// Whether it exited with success.
    pub ok: bool,
    /// Standard output and error, in the order they were written.
    pub output: String,
}

/// Runs `command` to its end, with both outputs in the file `log`.
///
/// # Errors
/// When it cannot be started, is still running after `limit`, or somebody presses Ctrl-C. An exit code that is not 0 is no
/// error here: see [`Finished::ok`].
pub fn run(mut command: Command, log: &Path, limit: Duration, step: &mut Step) -> Result<Finished> {
    let mut service = Service::start(&mut command, log)?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = service.exited()? {
            break status;
        }
        if interrupt::requested() {
            service.stop(Duration::from_secs(3));
            bail!("stopped {}", service.name);
        }
        if started.elapsed() > limit {
            service.stop(Duration::from_secs(3));
            bail!("{} took longer than {} s\n{}", service.name, limit.as_secs(), service.tail(TAIL));
        }
        step.tick();
        thread::sleep(POLL);
    };
    Ok(Finished {
        ok: status.success(),
        output: service.output(),
    })
}

/// As [`run`], but an exit code that is not 0 is an error that shows the last lines.
pub fn run_ok(command: Command, log: &Path, limit: Duration, step: &mut Step) -> Result<String> {
    let shown = describe(&command);
    let finished = run(command, log, limit, step)?;
    if !finished.ok {
        bail!(
            "{}\n\n`{shown}` failed. All of its output: {}",
            last_lines(&finished.output, TAIL),
            crate::workspace::shown(log)
        );
    }
    Ok(finished.output)
}

/// What a short command prints, without its line end; an error when it fails.
pub fn read(command: &mut Command) -> Result<String> {
    let shown = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// A program that runs beside this one. Dropped, it is stopped.
pub struct Service {
    name: String,
    child: Child,
    status: Option<ExitStatus>,
    log: PathBuf,
}

impl Service {
    /// Starts `command` with no input and both outputs in the file `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let shown = describe(command);
        let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let err = out.try_clone().context("cannot share the log file")?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
        let name = Path::new(command.get_program()).file_stem().unwrap_or_default();
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            child,
            status: None,
            log: log.to_owned(),
        })
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait().with_context(|| format!("lost sight of {}", self.name))?;
        }
        Ok(self.status)
    }

    /// Everything it wrote so far.
    pub fn output(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last `lines` of what it wrote.
    pub fn tail(&self, lines: usize) -> String {
        last_lines(&self.output(), lines)
    }

    /// Waits until `ready` finds what it looks for in the output.
    ///
    /// # Errors
    /// When the program ends before that, with its last lines; on Ctrl-C; after `limit`.
    pub fn wait_for<T>(&mut self, limit: Duration, step: &mut Step, ready: impl Fn(&str) -> Option<T>) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(found) = ready(&self.output()) {
                return Ok(found);
            }
            self.check_alive()?;
            if interrupt::requested() {
                bail!("stopped while {} was starting", self.name);
            }
            if started.elapsed() > limit {
                bail!("{} was not ready after {} s\n{}", self.name, limit.as_secs(), self.tail(TAIL));
            }
            step.tick();
            thread::sleep(POLL);
        }
    }

    /// # Errors
    /// When the program has ended, with its last lines.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.exited()? {
            bail!("{} ended ({status}). Its last lines:\n{}", self.name, self.tail(20));
        }
        Ok(())
    }

    /// Asks it to end, and after `grace` ends it and everything it started.
    pub fn stop(&mut self, grace: Duration) {
        if matches!(self.exited(), Ok(Some(_))) {
            return;
        }
        signal(&self.child, "TERM");
        let asked = Instant::now();
        while asked.elapsed() < grace && !interrupt::insisted() && !matches!(self.exited(), Ok(Some(_))) {
            thread::sleep(POLL);
        }
        // Also when it has ended by itself: what it started may still be there.
        signal(&self.child, "KILL");
        // Both can only fail when it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(10));
    }
}

/// The shell's own `kill`, since the standard library sends no signal but KILL, and only to one process.
#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let line = format!("kill -{name} -{} 2>/dev/null", child.id());
    let _ = Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).status();
}

#[cfg(not(unix))]
fn signal(child: &Child, name: &str) {
    let mut command = Command::new("taskkill");
    command.args(["/T", "/PID", &child.id().to_string()]);
    if name == "KILL" {
        command.arg("/F");
    }
    let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// The last `lines` lines of `text`.
pub fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        command
    }

    fn run_shell(line: &str, limit: Duration) -> Result<Finished> {
        let folder = tempfile::tempdir().unwrap();
        run(shell(line), &folder.path().join("log"), limit, &mut Step::begin("test"))
    }

    #[test]
    fn both_outputs_are_kept_in_order_with_the_exit_code() {
        let finished = run_shell("echo one; echo two >&2; echo three; exit 3", Duration::from_secs(5)).unwrap();
        assert!(!finished.ok);
        assert_eq!(finished.output, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_program_past_its_limit_is_ended_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let alive = folder.path().join("alive");
        let line = format!("(trap '' TERM; sleep 2; touch {}) & echo started; sleep 60", alive.display());
        let error = run_shell(&line, Duration::from_millis(300)).err().unwrap();
        assert!(error.to_string().contains("took longer"), "{error}");
        assert!(error.to_string().contains("started"), "{error}");
        thread::sleep(Duration::from_millis(2500));
        assert!(!alive.exists(), "what it started was ended too");
    }

    #[test]
    fn a_service_that_dies_is_told_with_its_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Service::start(&mut shell("echo the disk is on fire; exit 1"), &folder.path().join("log")).unwrap();
        let error = service
            .wait_for(Duration::from_secs(5), &mut Step::begin("test"), |text| {
                text.contains("ready").then_some(())
            })
            .unwrap_err();
        assert!(error.to_string().contains("the disk is on fire"), "{error}");
    }

    #[test]
    fn a_service_that_ignores_the_request_is_ended_after_the_grace() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut service = Service::start(&mut shell("trap '' TERM; echo up; while :; do sleep 1; done"), &log).unwrap();
        service
            .wait_for(Duration::from_secs(5), &mut Step::begin("test"), |text| {
                text.contains("up").then_some(())
            })
            .unwrap();
        service.stop(Duration::from_millis(200));
        assert!(service.exited().unwrap().is_some());
    }
}
