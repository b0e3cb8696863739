//! `coord-runner agents`: what this machine has, whether it works and whether somebody is signed in, and how to get what is missing.
//!
//! Every program is started, greeted and asked for a session in an empty folder; no model is asked, so it costs nothing. All at once, and
//! bounded in time.

use super::{
    AgentError,
    acp::probe::{self, Probed},
    detect::{self, Found},
    profiles::{self, Known, Signs},
};
use crate::config::{Config, Kind, SCRIPTED};
use coord_protocol::id::AttemptId;
use serde::Serialize;
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

/// How long a program may take to tell its version.
const VERSION: Duration = Duration::from_secs(10);

/// Longest version shown, in bytes.
const MAX_VERSION: usize = 100;

/// Whether an agent can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It works.
    Ready,
    /// Its program is not on this machine.
    NotFound,
    /// Somebody has to sign in first.
    NotSignedIn,
    /// Its program is there and does not work.
    Broken,
    /// The owner of this machine does not offer it.
    NotOffered,
}

/// Whether somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedIn {
    /// Yes.
    Yes,
    /// No.
    No,
    /// There is a key or a file that says so; only a prompt would tell for certain.
    Likely,
    /// Only a prompt would tell.
    Unknown,
}

/// Another program that belongs to an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Its name.
    pub name: &'static str,
    /// Where it is, if it is there.
    pub program: Option<PathBuf>,
    /// The version it tells.
    pub version: Option<String>,
}

/// What was found out about one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name in configurations and jobs.
    pub name: String,
    /// Whether it can be used.
    pub standing: Standing,
    /// How it is started.
    pub command: Vec<String>,
    /// Where its program is.
    pub program: Option<PathBuf>,
    /// The version it tells of itself: the adapter's, where there is one.
    pub version: Option<String>,
    /// The program of its maker beside it.
    pub beside: Option<Beside>,
    /// Whether somebody is signed in, as far as it can be told.
    pub signed_in: SignedIn,
    /// What is wrong.
    pub problem: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

/// Looks at all agents of a configuration, in the order of their names. `id` marks the processes of each.
pub async fn examine(config: &Config, id: impl Fn() -> AttemptId) -> Vec<Report> {
    let looks = detect::all(config).into_iter().map(|found| one(config, found, id()));
    futures_util::future::join_all(looks).await
}

async fn one(config: &Config, found: Found, id: AttemptId) -> Report {
    let known = profiles::known(&found.name);
    let mut report = Report {
        name: found.name.clone(),
        standing: Standing::Ready,
        command: found.profile.command.clone(),
        program: found.program.clone(),
        version: None,
        beside: None,
        signed_in: SignedIn::Unknown,
        problem: None,
        advice: None,
    };
    if !found.offered {
        report.standing = Standing::NotOffered;
        report.advice = Some("name it in `agents` of [policy] to offer it".to_owned());
        return report;
    }
    if found.program.is_none() {
        report.standing = Standing::NotFound;
        report.problem = Some(format!(
            "there is no `{}` on this machine",
            found.profile.command.first().map_or("", String::as_str)
        ));
        report.advice = Some(known.map_or_else(
            || format!("install it, or mend `command` of [agents.{}]", found.name),
            |known| format!("npm install --global {}", known.package),
        ));
        return report;
    }
    if found.profile.kind == Kind::Command {
        // It would do a job rather than greet.
        report.advice = Some("a command, not tried here; it takes jobs that allow everything, or that plan first".to_owned());
        return report;
    }
    let probing = async {
        let folder = match Empty::make(config.work_dir(), id) {
            Ok(folder) => folder,
            Err(error) => return Err(AgentError::NotStarted(format!("no empty folder can be made to try it in: {error}"))),
        };
        probe::probe(&detect::trial(config, &found, &folder.0, id), true).await
    };
    let (probed, beside) = tokio::join!(probing, beside(known));
    report.beside = beside;
    judge(&mut report, probed, known);
    report
}

/// What follows from what a program told.
fn judge(report: &mut Report, probed: Result<Probed, AgentError>, known: Option<&Known>) {
    let session = probed.and_then(|probed| {
        report.version = probed.version.map(|version| short(&version));
        probed.session.unwrap_or(Ok(()))
    });
    let sign_in = || known.map(|known| known.sign_in.to_owned());
    match session {
        Ok(()) => {
            report.signed_in = match known.and_then(|known| known.signs) {
                Some(signs) => seen(
                    signs,
                    |name| std::env::var_os(name).is_some_and(|value| !value.is_empty()),
                    Path::is_file,
                ),
                // One that nobody knows may not need it.
                None if known.is_none() => SignedIn::Unknown,
                None => SignedIn::Yes,
            };
            if known.is_some() && report.signed_in == SignedIn::Unknown {
                report.advice = sign_in().map(|how| format!("if nobody has signed in yet: {how}"));
            }
            if report.name == SCRIPTED {
                report.signed_in = SignedIn::Yes;
            }
        }
        Err(AgentError::NotSignedIn(words)) => {
            report.standing = Standing::NotSignedIn;
            report.signed_in = SignedIn::No;
            report.problem = Some(words);
            report.advice = sign_in().or_else(|| Some("sign in as its maker says".to_owned()));
        }
        Err(error) => {
            report.standing = Standing::Broken;
            report.problem = Some(error.to_string());
            report.advice = known.map(|known| format!("npm install --global {}", known.package));
        }
    }
}

fn seen(signs: Signs, variable: impl Fn(&str) -> bool, file: impl Fn(&Path) -> bool) -> SignedIn {
    let home = std::env::home_dir().unwrap_or_default();
    let found = signs.variables.iter().any(|name| variable(name)) || signs.files.iter().any(|name| file(&home.join(name)));
    if found { SignedIn::Likely } else { SignedIn::Unknown }
}

async fn beside(known: Option<&Known>) -> Option<Beside> {
    let name = known?.beside?;
    let program = detect::find(name);
    let version = match &program {
        Some(program) => told_version(program).await,
        None => None,
    };
    Some(Beside { name, program, version })
}

/// The first line that `--version` prints.
async fn told_version(program: &Path) -> Option<String> {
    let mut command = tokio::process::Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    // It has no business with the server.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COORD_") {
            command.env_remove(name);
        }
    }
    let output = tokio::time::timeout(VERSION, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    output.status.success().then(|| short(line))
}

fn short(text: &str) -> String {
    crate::screen::clean::line(&text[..text.floor_char_boundary(MAX_VERSION)])
}

/// A folder with nothing in it, removed when dropped.
#[derive(Debug)]
pub(super) struct Empty(pub(super) PathBuf);

impl Empty {
    pub(super) fn make(work_dir: &Path, id: AttemptId) -> std::io::Result<Self> {
        let folder = work_dir.join("trials").join(id.to_string());
        std::fs::create_dir_all(&folder).map(|()| Self(folder))
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        if let Some(above) = self.0.parent() {
            // Fails, as it should, while another is tried.
            let _ = std::fs::remove_dir(above);
        }
    }
}

/// The reports for people.
#[must_use]
pub fn told(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let standing = match report.standing {
            Standing::Ready => "ready",
            Standing::NotFound => "not found",
            Standing::NotSignedIn => "not signed in",
            Standing::Broken => "does not work",
            Standing::NotOffered => "not offered by this machine's owner",
        };
        let version = report.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        let _ = writeln!(text, "{:<12} {standing}{version}", report.name);
        let mut line = |words: &str| {
            let _ = writeln!(text, "{:<12} {}", "", crate::screen::clean::line(words));
        };
        if let Some(program) = &report.program {
            line(&program.display().to_string());
        }
        if let Some(beside) = &report.beside {
            line(&match (&beside.program, &beside.version) {
                (Some(program), Some(version)) => format!("with {} {version}", program.display()),
                (Some(program), None) => format!("with {}", program.display()),
                (None, _) => format!("`{}` itself is not on this machine", beside.name),
            });
        }
        match (report.standing, report.signed_in) {
            (Standing::Ready, SignedIn::Yes) => line("signed in, or nothing to sign in to"),
            (Standing::Ready, SignedIn::Likely) => line("signed in, it seems: there is a key or a file of a sign-in"),
            (Standing::Ready, SignedIn::Unknown | SignedIn::No) => line("whether somebody is signed in shows with its first job"),
            (Standing::NotFound | Standing::NotSignedIn | Standing::Broken | Standing::NotOffered, _) => {}
        }
        if let Some(problem) = &report.problem {
            line(problem);
        }
        if let Some(advice) = &report.advice {
            line(&format!("-> {advice}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str) -> Report {
        Report {
            name: name.to_owned(),
            standing: Standing::Ready,
            command: vec![name.to_owned()],
            program: Some(PathBuf::from("/bin/x")),
            version: None,
            beside: None,
            signed_in: SignedIn::Unknown,
            problem: None,
            advice: None,
        }
    }

    fn judged(name: &str, probed: Result<Probed, AgentError>) -> Report {
        let mut report = report(name);
        judge(&mut report, probed, profiles::known(name));
        report
    }

    #[test]
    fn agt_1_what_is_missing_is_told_with_how_to_get_it() {
        let session = |session| {
            Ok(Probed {
                version: Some("1.2".to_owned()),
                session: Some(session),
            })
        };
        let ready = judged("codex", session(Ok(())));
        assert_eq!((ready.standing, ready.signed_in), (Standing::Ready, SignedIn::Yes));
        let out = judged("codex", session(Err(AgentError::NotSignedIn("no credentials".to_owned()))));
        assert_eq!((out.standing, out.version.as_deref()), (Standing::NotSignedIn, Some("1.2")));
        assert!(told(&[out]).contains("-> run `codex login`"));
        let broken = judged("gemini", Err(AgentError::Crashed("it ended \u{1b}[31m".to_owned())));
        let text = told(&[broken]);
        assert!(
            text.contains("does not work") && text.contains("-> npm install --global @google/gemini-cli"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_sign_in_that_only_a_prompt_would_show_is_told_as_likely_or_not_known() {
        let signs = profiles::known("claude").unwrap().signs.unwrap();
        assert_eq!(seen(signs, |name| name == "ANTHROPIC_API_KEY", |_| false), SignedIn::Likely);
        assert_eq!(
            seen(signs, |_| false, |path| path.ends_with(".claude/.credentials.json")),
            SignedIn::Likely
        );
        assert_eq!(seen(signs, |_| false, |_| false), SignedIn::Unknown);
    }
}
