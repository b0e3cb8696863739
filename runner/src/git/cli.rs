//! The git command line, hardened: no hooks, no prompts, no configuration but ours, a short list of protocols, a time limit.

use super::{
    GitError,
    remote::{Kind, Remote},
};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{io::AsyncReadExt, process::Command};

/// Most bytes kept of what git prints.
const MAX_OUTPUT: u64 = 4 * 1024 * 1024;

#[cfg(windows)]
const NOTHING: &str = "NUL";
#[cfg(not(windows))]
const NOTHING: &str = "/dev/null";

/// What git may keep of the runner's environment: how to find programs, people's ssh agent, certificates, proxies.
const ENV: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "USERPROFILE",
    "SystemRoot",
    "APPDATA",
    "LOCALAPPDATA",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// How git is run.
#[derive(Debug, Clone)]
pub struct Cli {
    /// The repository whose objects are moved.
    pub git_dir: PathBuf,
    /// Limit of one command.
    pub timeout: Duration,
    /// Whether the owner's own configuration is read.
    pub use_global_config: bool,
}

impl Cli {
    /// Runs one command against a remote and returns what it printed.
    ///
    /// # Errors
    /// Typed by what git said.
    pub async fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, remote: &Remote, arguments: I) -> Result<String, GitError> {
        let mut command = self.command(&self.git_dir, remote.kind);
        command.args(arguments);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => GitError::Local("git is not installed on this machine".to_owned()),
            _ => GitError::Local(format!("git cannot be started: {error}")),
        })?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(GitError::Local("git has no standard streams".to_owned()));
        };
        let (mut out, mut words) = (Vec::new(), Vec::new());
        let (mut stdout, mut stderr) = (stdout.take(MAX_OUTPUT), stderr.take(MAX_OUTPUT));
        let work = async {
            let (first, second) = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut words));
            first.and(second)?;
            child.wait().await
        };
        let result = tokio::time::timeout(self.timeout, work).await;
        let Ok(status) = result else {
            end(&mut child).await;
            let seconds = self.timeout.as_secs();
            return Err(GitError::Unreachable(format!("the repository did not answer within {seconds} s")));
        };
        let status = status.map_err(|error| GitError::Local(error.to_string()))?;
        if status.success() {
            return Ok(String::from_utf8_lossy(&out).into_owned());
        }
        Err(classify(&String::from_utf8_lossy(&words)))
    }

    fn command(&self, git_dir: &Path, kind: Kind) -> Command {
        let mut command = Command::new("git");
        command.env_clear();
        for name in ENV {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let helper_off = if self.use_global_config { None } else { Some("credential.helper=") };
        if !self.use_global_config {
            command.env("GIT_CONFIG_GLOBAL", NOTHING).env("GIT_CONFIG_NOSYSTEM", "1");
        }
        let protocol = match kind {
            Kind::Https => "protocol.https.allow=always",
            Kind::Http => "protocol.http.allow=always",
            Kind::Ssh => "protocol.ssh.allow=always",
            Kind::Local => "protocol.file.allow=always",
        };
        let hooks = format!("core.hooksPath={NOTHING}");
        let attributes = format!("core.attributesFile={NOTHING}");
        let settings = [
            "protocol.allow=never",
            protocol,
            &hooks,
            &attributes,
            "core.fsmonitor=false",
            "core.askPass=",
            "core.alternateRefsCommand=",
            "submodule.recurse=false",
            "gc.auto=0",
            "maintenance.auto=false",
            "transfer.fsckObjects=true",
            // Old and harmless; whole histories of well-known projects have them.
            "fetch.fsck.zeroPaddedFilemode=ignore",
            "fetch.fsck.badTimezone=ignore",
            "fetch.fsck.missingSpaceBeforeDate=ignore",
            "http.lowSpeedLimit=100",
            "http.lowSpeedTime=60",
            // Somebody else's redirect does not decide which repositories are used (RUN-9).
            "http.followRedirects=false",
            "push.recurseSubmodules=no",
            "push.gpgSign=false",
        ];
        for setting in settings.into_iter().chain(helper_off) {
            command.args(["-c", setting]);
        }
        command
            .arg("--git-dir")
            .arg(git_dir)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "")
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=20")
            .current_dir(git_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}

/// Ends git and the helpers it started.
async fn end(child: &mut tokio::process::Child) {
    #[cfg(unix)]
    if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()) {
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.kill().await;
}

/// What git's words mean. They are English, since the locale is set.
fn classify(words: &str) -> GitError {
    let detail = summary(words);
    let has = |needles: &[&str]| needles.iter().any(|needle| words.contains(needle));
    if has(&["No space left on device"]) {
        return GitError::Disk(detail);
    }
    if has(&["stale info", "[rejected]", "non-fast-forward", "fetch first"]) {
        return GitError::Moved(detail);
    }
    let unreachable = [
        "Could not resolve host",
        "Couldn't connect",
        "Failed to connect",
        "Connection refused",
        "Connection timed out",
        "Connection reset",
        "Network is unreachable",
        "No route to host",
        "Operation timed out",
        "Operation too slow",
        "Temporary failure",
        "The requested URL returned error: 5",
        "Empty reply from server",
        "early EOF",
        "unexpected disconnect",
        "Could not read from remote repository",
    ];
    // Said of missing repositories too; then git says so before.
    let missing = [
        "does not appear to be a git repository",
        "not found",
        "does not exist",
        "Permission denied",
        "Authentication failed",
        "The requested URL returned error: 4",
        "Host key verification failed",
        "dubious ownership",
    ];
    if has(&["could not read Username", "could not read Password", "terminal prompts disabled"]) {
        let words = "the repository asks for a user name and password, and this runner's git has none for it";
        return GitError::Refused(format!("{words} ({detail})"));
    }
    if has(&missing) {
        return GitError::Refused(detail);
    }
    if has(&unreachable) {
        return GitError::Unreachable(detail);
    }
    GitError::Refused(detail)
}

/// The lines of git's words that say what is wrong, without credentials.
fn summary(words: &str) -> String {
    let told: Vec<&str> = words
        .lines()
        .map(str::trim)
        .filter(|line| {
            ["fatal:", "error:", "remote:", "ssh:", "!"]
                .iter()
                .any(|start| line.starts_with(start))
        })
        .collect();
    let text = if told.is_empty() {
        words.trim().to_owned()
    } else {
        told.join("; ")
    };
    let short: String = text.chars().take(500).collect();
    if short.is_empty() {
        "git failed without a word".to_owned()
    } else {
        format!("git: {short}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_typed() {
        let cases = [
            ("fatal: unable to access 'https://x/': Could not resolve host: x", "unreachable"),
            (
                "fatal: unable to access 'http://x/': The requested URL returned error: 503",
                "unreachable",
            ),
            ("fatal: repository 'https://x/' not found", "refused"),
            (
                "fatal: could not read Username for 'https://x': terminal prompts disabled",
                "refused",
            ),
            (
                "fatal: could not read Password for 'https://u@x': No such device or address",
                "refused",
            ),
            (
                "ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.",
                "unreachable",
            ),
            (
                "fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.",
                "refused",
            ),
            (" ! [rejected]        a -> b (stale info)\nerror: failed to push some refs", "moved"),
            ("error: file write error: No space left on device", "disk"),
        ];
        for (words, kind) in cases {
            let found = match classify(words) {
                GitError::Unreachable(_) => "unreachable",
                GitError::Refused(_) => "refused",
                GitError::Moved(_) => "moved",
                GitError::Disk(_) => "disk",
                GitError::Policy(_) | GitError::Local(_) => "other",
            };
            assert_eq!(found, kind, "{words}");
        }
    }
}
