//! Programs that a scenario starts, what they cost, and the machine they run on.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for a server to be ready.
const START: Duration = Duration::from_secs(60);

/// What the server prints when it is ready, before its address.
pub(crate) const READY: &str = "coord-server ready at ";

/// Finds a program of this project: where it was said to be, or beside this one. Tests run one folder deeper.
///
/// # Errors
/// In words that say what to build.
pub fn find(named: Option<&Path>, program: &str) -> Result<PathBuf> {
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            bail!("{} is not there", path.display())
        };
    }
    let own = std::env::current_exe().context("this program does not know where it is")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
        .with_context(|| format!("{program} is not beside this program: `cargo build --release -p {program}` makes it, or name it"))
}

/// A program that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it; both outputs are added to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log);
        let out = out.with_context(|| format!("cannot write {}", log.display()))?;
        let err = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: on Unix the standard library sends nothing else.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        // It may be dead already, which is what is wanted.
        let _ = self.child.kill();
        self.child.wait()?;
        Ok(())
    }

    /// Whether it ended by itself.
    ///
    /// # Errors
    /// When it did, with its last lines.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("it ended ({status}):\n{}", tail(&self.log)),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// How to start a server.
#[derive(Debug, Clone)]
pub struct ServerPlan {
    /// The program.
    pub program: PathBuf,
    /// Its data and its log.
    pub folder: PathBuf,
    /// Where it listens; port 0 takes a free one.
    pub listen: String,
    /// Further flags.
    pub flags: Vec<String>,
}

/// A server that was started here.
#[derive(Debug)]
pub struct Server {
    /// Its address.
    pub url: String,
    /// From the start of its process to its word that it is ready.
    pub start: Duration,
    program: Program,
}

impl ServerPlan {
    /// Starts it and waits for its word that it is ready.
    ///
    /// # Errors
    /// When it does not start, with its last lines.
    pub fn start(&self) -> Result<Server> {
        let log = self.folder.join("server.log");
        let mut command = Command::new(&self.program);
        command
            // Its people are one account with thousands of connections.
            .args([
                "--registration",
                "open",
                "--sockets-per-user",
                "100000",
                "--listen",
                &self.listen,
                "--data",
            ])
            .arg(self.folder.join("data"))
            .args(&self.flags);
        // What the environment says of another server is not for this one.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COORD_") && name != "COORD_LOG") {
            command.env_remove(name);
        }
        start_serving(&mut command, &log)
    }
}

/// Starts a server and waits for its word that it is ready.
///
/// # Errors
/// When it does not start, with its last lines.
pub fn start_serving(command: &mut Command, log: &Path) -> Result<Server> {
    let before = File::open(log).and_then(|file| file.metadata()).map_or(0, |data| data.len());
    let began = Instant::now();
    let mut program = Program::start(command, log)?;
    loop {
        if let Some(url) = ready(log, before)? {
            return Ok(Server {
                url,
                start: began.elapsed(),
                program,
            });
        }
        program.check().context("the server did not start")?;
        if began.elapsed() > START {
            bail!("the server was not ready after {} s:\n{}", START.as_secs(), tail(log));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The address in the part of the log that was written after `from`.
fn ready(log: &Path, from: u64) -> Result<Option<String>> {
    use std::io::Seek as _;
    let mut file = File::open(log)?;
    file.seek(std::io::SeekFrom::Start(from))?;
    for line in BufReader::new(file).lines() {
        if let Some(url) = line?.strip_prefix(READY) {
            return Ok(Some(url.trim().to_owned()));
        }
    }
    Ok(None)
}

impl Server {
    /// What it costs now.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn cost(&self) -> Result<Cost> {
        Cost::of(self.program.pid())
    }

    /// Lets [`Cost::peak_mib`] count from now.
    ///
    /// # Errors
    /// When the operating system does not let it.
    pub fn forget_peak(&self) -> Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.program.pid()), "5").context("memory is measured on Linux only")
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.program.kill()
    }

    /// # Errors
    /// When it ended by itself, with its last lines.
    pub fn check(&mut self) -> Result<()> {
        self.program.check().context("the server")
    }
}

/// Memory and CPU of a process, as the operating system counts them.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Resident memory in MiB.
    pub rss_mib: f64,
    /// The most it ever was.
    pub peak_mib: f64,
    /// Seconds of CPU so far.
    pub cpu_s: f64,
}

impl Cost {
    /// Of a process.
    ///
    /// # Errors
    /// When there is no `/proc`, or no such process.
    pub fn of(pid: u32) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("memory is measured on Linux only")?;
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok())
                .map(|kib| kib / 1024.0)
        };
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // After the program's name, which may hold anything but ends the last parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        Ok(Self {
            rss_mib: mib("VmRSS:").context("no VmRSS")?,
            peak_mib: mib("VmHWM:").context("no VmHWM")?,
            // Linux counts CPU time for programs in hundredths of a second, whatever its own clock does.
            cpu_s: (ticks(11).context("no utime")? + ticks(12).context("no stime")?) / 100.0,
        })
    }
}

/// The machine that everything ran on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    os: String,
    cpu: String,
    cores: usize,
    memory_mib: u64,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split(':').nth(1)).map(|value| value.trim().to_owned())
        };
        let kernel = read("/proc/sys/kernel/osrelease");
        let memory = after(&read("/proc/meminfo"), "MemTotal").and_then(|value| value.trim_end_matches(" kB").parse::<u64>().ok());
        Self {
            os: format!("{} {}", std::env::consts::OS, kernel.trim()).trim().to_owned(),
            cpu: after(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_mib: memory.unwrap_or(0) / 1024,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}, {} MiB, {}", self.cores, self.cpu, self.memory_mib, self.os)
    }
}
