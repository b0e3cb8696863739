//! What is a valid job, note, file name: limits that hold before anything is decided.

use crate::{
    Refusal, folder,
    job::{ANY_AGENT, AgentSpec, Kind},
};
use coord_protocol::{
    job::{Context, Mode, NewJob, Routing, TeamMember, ToolsPolicy},
    rule::Rule,
};
use std::collections::BTreeMap;

/// Most characters of a title.
pub const MAX_TITLE: usize = 200;
/// Most bytes of a description.
pub const MAX_DESCRIPTION: usize = 64 * 1024;
/// Most bytes of a note, a message, a review or an answer.
pub const MAX_WORDS: usize = 16 * 1024;
/// Most labels of a job.
pub const MAX_DOMAINS: usize = 20;
/// Most characters of a label, an agent's or a model's name.
pub const MAX_NAME: usize = 80;
/// Most dependencies of a job.
pub const MAX_DEPENDENCIES: usize = 100;
/// Most people in a job's team.
pub const MAX_TEAM: usize = 100;
/// Most line comments of a review.
pub const MAX_COMMENTS: usize = 500;
/// Most bytes of a file name, what common file systems take.
pub const MAX_FILE_NAME: usize = 255;
/// Most attachments a new job can announce; as many as a job can have.
pub const MAX_UPLOADS: u32 = 1000;

/// Collects what is wrong by field.
struct Faults {
    rule: Rule,
    errors: BTreeMap<String, String>,
}

impl Faults {
    const fn new(rule: Rule) -> Self {
        Self {
            rule,
            errors: BTreeMap::new(),
        }
    }

    fn check(&mut self, field: &str, result: Result<(), String>) {
        if let Err(why) = result {
            self.errors.entry(field.to_owned()).or_insert(why);
        }
    }

    fn done(self) -> Result<(), Refusal> {
        let Some((field, why)) = self.errors.first_key_value() else {
            return Ok(());
        };
        let mut refusal = Refusal::invalid(self.rule, field, why.clone());
        refusal.errors = self.errors;
        Err(refusal)
    }
}

pub(crate) fn line(text: &str, max: usize) -> Result<(), String> {
    if is_blank(text) {
        Err("must not be empty".to_owned())
    } else if text.chars().count() > max {
        Err(format!("must have at most {max} characters"))
    } else if text.chars().any(breaks_lines) {
        Err("must be one line without control characters".to_owned())
    } else {
        Ok(())
    }
}

fn bytes(text: &str, max: usize) -> Result<(), String> {
    if text.len() > max {
        Err(format!("must have at most {max} bytes"))
    } else if text.contains('\0') {
        Err("must not contain NUL".to_owned())
    } else {
        Ok(())
    }
}

/// A name of one line: workspace, person, runner, token.
///
/// # Errors
///
/// A refusal of `rule` naming `field`.
pub fn name(rule: Rule, field: &str, text: &str) -> Result<(), Refusal> {
    line(text, MAX_NAME).map_err(|why| Refusal::invalid(rule, field, why))
}

/// Words of a person: a note, a message, a review, an answer. Not empty.
///
/// # Errors
///
/// A refusal of `rule` naming `field`.
pub fn words(rule: Rule, field: &str, text: &str) -> Result<(), Refusal> {
    if is_blank(text) {
        return Err(Refusal::invalid(rule, field, "must not be empty"));
    }
    bytes(text, MAX_WORDS).map_err(|why| Refusal::invalid(rule, field, why))
}

/// A file name is a plain name, never a path (FILE-3): it must be safe on every system a runner may have.
///
/// # Errors
///
/// A refusal of FILE-3 that says what is wrong.
pub fn file_name(text: &str) -> Result<(), Refusal> {
    let stem = text.split('.').next().unwrap_or(text).to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")) && stem.ends_with(|c: char| c.is_ascii_digit()));
    let why = if text.is_empty() || text.chars().all(is_invisible) {
        "must not be empty"
    } else if text.len() > MAX_FILE_NAME {
        "must have at most 255 bytes"
    } else if text == "." || text == ".." || text.contains(['/', '\\', ':']) {
        "must be a plain name, not a path"
    } else if text.chars().any(breaks_lines) {
        "must not contain control characters"
    } else if text.ends_with(['.', ' ']) || text.starts_with(' ') || text.contains(['<', '>', '"', '|', '?', '*']) || device {
        "must be a name that every system can store"
    } else if text.eq_ignore_ascii_case(".git") {
        "must not be .git"
    } else {
        return Ok(());
    };
    Err(Refusal::invalid(Rule::File3, "name", why))
}

/// Words from outside as one line for a glance: nothing in it breaks the line or turns its direction, and what is beyond `most` characters is
/// cut off.
#[must_use]
pub fn glance(text: &str, most: usize) -> String {
    let harmless: String = text
        .chars()
        .take(most.saturating_mul(8))
        .map(|c| if breaks_lines(c) { ' ' } else { c })
        .collect();
    let line = harmless.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some(_) => line.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => line,
    }
}

/// Control characters, line and paragraph separators, and what turns the direction of a line round: a name with them can be shown as
/// another one. The marks that only settle the direction of what is beside them are left to people who write right to left.
fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters of no width, which alone would make an empty line on the screen.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}')
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// A branch name as `git check-ref-format --branch` would take it, and nothing that an option parser could mistake.
#[must_use]
pub fn is_branch_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.ends_with(".lock")
        && name != "@"
        && name != "HEAD"
        && !name.contains("..")
        && !name.contains("//")
        && !name.contains("@{")
        && !name.contains("/.")
        && !name.contains(".lock/")
        && !name
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\'))
}

fn repository_url(url: &str) -> Result<(), String> {
    bytes(url, 1000)?;
    if url.chars().any(|c| c.is_control() || c.is_whitespace()) || url.is_empty() {
        return Err("must be an address without spaces".to_owned());
    }
    let path = url.starts_with('/') || url.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/");
    let scheme = ["https://", "http://", "ssh://", "file:///"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    // `user@host:path`, the short form of ssh; a second colon pair is git's `transport::address`, which runs programs.
    let short = !url.contains("::")
        && !url.starts_with('-')
        && url
            .split_once(':')
            .is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    if !(path || scheme || short) {
        return Err("must be an https, http or ssh address, or an absolute path on the runner's machine".to_owned());
    }
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    if host.starts_with('-') || host.contains("::") {
        return Err("is not an address git should be given".to_owned());
    }
    if url.starts_with("http") && host.split('/').next().is_some_and(|host| host.contains('@')) {
        return Err("must not carry a user name or password; the runner's machine holds the access".to_owned());
    }
    Ok(())
}

fn context(context: &Context) -> Result<(), (&'static str, String)> {
    match context {
        Context::Local => Ok(()),
        Context::Repository { url, base_branch } => {
            repository_url(url).map_err(|why| ("context.url", why))?;
            if is_branch_name(base_branch) {
                Ok(())
            } else {
                Err(("context.base_branch", "is not a branch name".to_owned()))
            }
        }
    }
}

/// The fields of a job that people write.
pub(crate) struct Fields<'a> {
    pub title: &'a str,
    pub description: &'a str,
    pub domains: &'a [String],
    pub folder: Option<&'a str>,
    pub kind: &'a Kind,
    pub team: &'a [TeamMember],
}

/// Checks every field, and names all that are wrong at once.
///
/// # Errors
///
/// A refusal of JOB-1 with `errors` by field.
pub(crate) fn job(fields: &Fields<'_>) -> Result<(), Refusal> {
    let mut faults = Faults::new(Rule::Job1);
    faults.check("title", line(fields.title, MAX_TITLE));
    faults.check("description", bytes(fields.description, MAX_DESCRIPTION));
    if fields.domains.len() > MAX_DOMAINS {
        faults.check("domains", Err(format!("must be at most {MAX_DOMAINS}")));
    }
    for domain in fields.domains {
        faults.check("domains", line(domain, MAX_NAME));
    }
    if let Some(Err(refusal)) = fields.folder.map(|words| folder::path(Rule::Job1, "folder", words)) {
        faults.check("folder", Err(refusal.detail));
    }
    if let Kind::Agentic(spec) = fields.kind {
        faults.check("agent", line(&spec.agent, MAX_NAME));
        if let Some(model) = &spec.model {
            faults.check("model", line(model, MAX_NAME));
        }
        if let Err((field, why)) = context(&spec.context) {
            faults.check(field, Err(why));
        }
    }
    if fields.team.len() > MAX_TEAM {
        faults.check("team", Err(format!("must have at most {MAX_TEAM} people")));
    }
    let mut users: Vec<_> = fields.team.iter().map(|member| member.user).collect();
    users.sort_unstable();
    if users.windows(2).any(|pair| pair[0] == pair[1]) {
        faults.check("team", Err("must name each person once".to_owned()));
    }
    faults.done()
}

/// Who does a new job and how, with the defaults filled in.
///
/// # Errors
///
/// A refusal of JOB-1 when a user job names what only an agent needs.
pub(crate) fn kind_of(new: &NewJob) -> Result<Kind, Refusal> {
    let Some(agent) = &new.agent else {
        let extra = [
            ("model", new.model.is_some()),
            ("mode", new.mode.is_some()),
            ("tools_policy", new.tools_policy.is_some()),
            ("routing", new.routing.is_some()),
            ("context", new.context.is_some()),
        ];
        return match extra.iter().find(|(_, present)| *present) {
            Some((field, _)) => Err(Refusal::invalid(
                Rule::Job1,
                field,
                "only an agentic job has this; name an agent, or `any`",
            )),
            None => Ok(Kind::User),
        };
    };
    let agent = if agent.eq_ignore_ascii_case(ANY_AGENT) {
        ANY_AGENT.to_owned()
    } else {
        agent.trim().to_owned()
    };
    Ok(Kind::Agentic(AgentSpec {
        agent,
        model: new.model.clone().filter(|model| !model.is_empty()),
        mode: new.mode.unwrap_or(Mode::Edit),
        tools_policy: new.tools_policy.unwrap_or(ToolsPolicy::RequirePermission),
        routing: new.routing.unwrap_or(Routing::Mine),
        context: new.context.clone().unwrap_or(Context::Local),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_3_a_name_is_never_a_path() {
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "C:\\x",
            "C:x",
            "a\0b",
            "a\nb",
            "nul",
            "COM1.txt",
            "x.",
            "x ",
            " x",
            "a?b",
            ".git",
            ".GIT",
            "evil\u{202e}gpj.exe",
            "\u{feff}",
        ] {
            assert!(file_name(bad).is_err(), "{bad:?} must be refused");
        }
        assert!(file_name(&"x".repeat(256)).is_err());
        for good in ["report.pdf", ".env.example", "Übersicht 2.md", "com10", "a..b"] {
            assert!(file_name(good).is_ok(), "{good:?} must be taken");
        }
    }

    #[test]
    fn job_1_a_line_shows_what_it_says() {
        for bad in [
            "",
            " ",
            "\u{200b}\u{200b}",
            "\u{3164}",
            "a\nb",
            "a\u{202e}b",
            "a\u{2067}b",
            "a\u{2028}b",
            "a\u{7f}",
        ] {
            assert!(line(bad, MAX_TITLE).is_err(), "{bad:?} must be refused");
        }
        // Joined emoji and marks of right-to-left text are words, not tricks.
        for good in ["Überarbeiten", "👩\u{200d}💻 work", "‏שלום\u{200f}!", "a"] {
            assert_eq!(line(good, MAX_TITLE), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn job_1_repository_addresses_that_git_would_take_as_programs_are_refused() {
        for bad in [
            "ext::sh -c id",
            "ext::sh",
            "--upload-pack=x",
            "ssh://-oProxyCommand=x/y",
            "https://user@host/x",
            "https://u:p@host/x",
            "git@host::x",
            "",
            "x",
            "https://a b",
        ] {
            assert!(repository_url(bad).is_err(), "{bad:?} must be refused");
        }
        for good in [
            "https://host/x.git",
            "ssh://git@host/x",
            "git@host:team/x.git",
            "/srv/git/x.git",
            "file:///srv/x",
            "C:\\repos\\x",
        ] {
            assert_eq!(repository_url(good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn job_1_branch_names_follow_git() {
        for bad in [
            "",
            "-x",
            "--upload-pack=touch",
            "a..b",
            "a b",
            "a~1",
            "x.lock",
            "a/.b",
            "@",
            "a@{1}",
            "HEAD",
            "/a",
            "a/",
            "a\\b",
            "a:b",
        ] {
            assert!(!is_branch_name(bad), "{bad:?}");
        }
        for good in ["main", "feature/x", "coord/12-fix-login", "v1.2"] {
            assert!(is_branch_name(good), "{good:?}");
        }
    }
}
