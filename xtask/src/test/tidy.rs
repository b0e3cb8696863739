//! House rules that no other tool checks: rules and their tests find one another, sources stay short and name no machine.

use super::tally::Tally;
use crate::{process, progress::Step, workspace};
use anyhow::{Context, Result, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

const LONGEST_SOURCE: usize = 700;

/// A file that is longer says why, in its first lines, after this word.
const REASON: &str = "tidy: long, since ";

const SOURCES: &[&str] = &["rs", "ts", "tsx", "mjs", "js", "css", "sql"];

/// Runs the checks.
pub fn run(_: &mut Step) -> Result<Tally> {
    let files = committed_text()?;
    let rules = Rules::parse(files.get("docs/rules.md").context("docs/rules.md is missing")?)?;
    let mut problems = rules.problems(&files);
    problems.extend(files.iter().flat_map(|(name, text)| file_problems(name, text)));
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(Tally::default())
}

/// Every file of the work tree that is or would be committed, and is text.
fn committed_text() -> Result<BTreeMap<String, String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(workspace::root());
    let names = process::read(&mut git)?;
    Ok(names
        .split('\0')
        .filter(|name| !name.is_empty())
        // A file that was just removed is still listed.
        .filter_map(|name| Some((name.to_owned(), fs::read_to_string(workspace::root().join(name)).ok()?)))
        .collect())
}

fn file_problems(name: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    let generated = name.ends_with(".d.ts");
    let reasoned = text.lines().take(20).any(|line| line.contains(REASON));
    if is_source(name) && !generated && lines > LONGEST_SOURCE && !reasoned {
        problems.push(format!("{name} has {lines} lines; split it, or say `{REASON}…` at its top"));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(path) = machine_path(line) {
            problems.push(format!("{name}:{}: {path}… is a folder of one machine", number + 1));
        }
    }
    problems
}

fn is_source(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| SOURCES.contains(&extension))
}

/// The beginning of an absolute path that exists on somebody's machine only.
fn machine_path(line: &str) -> Option<String> {
    ["root", "work", "home", "Users"].iter().find_map(|folder| {
        let path = format!("/{folder}/");
        line.match_indices(&path)
            .any(|(at, _)| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|letter| letter.is_alphanumeric() || "._-~/}$*)>".contains(letter))
            })
            .then_some(path)
    })
}

/// What `docs/rules.md` says.
struct Rules {
    /// Status by id.
    status: BTreeMap<String, String>,
}

impl Rules {
    /// Reads the lines `| JOB-7 | built | … |`.
    fn parse(text: &str) -> Result<Self> {
        let mut status = BTreeMap::new();
        for line in text.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, id, state, ..] = cells[..] else { continue };
            if !is_id(id) {
                continue;
            }
            if !matches!(state, "built" | "partly" | "later") {
                bail!("docs/rules.md: {id} is neither built, partly nor later, but {state}");
            }
            if status.insert(id.to_owned(), state.to_owned()).is_some() {
                bail!("docs/rules.md names {id} twice");
            }
        }
        if status.is_empty() {
            bail!("docs/rules.md names no rule");
        }
        Ok(Self { status })
    }

    fn problems(&self, files: &BTreeMap<String, String>) -> Vec<String> {
        let areas: BTreeSet<&str> = self.status.keys().filter_map(|id| id.split('-').next()).collect();
        let mut problems = Vec::new();
        let mut proven = BTreeSet::new();
        for (name, text) in files.iter().filter(|(name, _)| is_source(name)) {
            for rule in tested(text, &areas) {
                if self.status.contains_key(&rule) {
                    proven.insert(rule);
                } else {
                    problems.push(format!("{name}: a test is named after {rule}, which docs/rules.md does not have"));
                }
            }
            for rule in named(text, &areas) {
                if !self.status.contains_key(&rule) {
                    problems.push(format!("{name} names {rule}, which docs/rules.md does not have"));
                }
            }
        }
        for (rule, state) in &self.status {
            if state == "built" && !proven.contains(rule) {
                let start = rule.to_lowercase().replace('-', "_");
                problems.push(format!("docs/rules.md: {rule} is built, but no test's name begins with {start}_"));
            }
        }
        problems
    }
}

/// `JOB-7`: capitals, a hyphen, a number.
fn is_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(area, number)| {
        area.len() >= 2
            && area.chars().all(|letter| letter.is_ascii_uppercase())
            && !number.is_empty()
            && number.chars().all(|letter| letter.is_ascii_digit())
    })
}

/// Rules that a test's name begins with: `fn job_7_…` in Rust, `test("job_7_…`, `it(` or `step(` in TypeScript.
fn tested(text: &str, areas: &BTreeSet<&str>) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("async ").unwrap_or(line);
            ["fn ", "test(", "it(", "step("].iter().find_map(|start| line.strip_prefix(start))
        })
        .filter_map(|name| {
            let mut words = name.trim_start_matches(['"', '\'', '`']).split('_');
            let (area, number) = (words.next()?.to_uppercase(), words.next()?);
            words.next()?;
            let id = format!("{area}-{number}");
            (areas.contains(area.as_str()) && is_id(&id)).then_some(id)
        })
        .collect()
}

/// Rules that are written out anywhere: in a comment, a refusal, a document.
fn named(text: &str, areas: &BTreeSet<&str>) -> BTreeSet<String> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'))
        .filter(|word| is_id(word) && areas.contains(word.split('-').next().unwrap_or_default()))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "| rule | status | text |\n|---|---|---|\n| XX-7 | built | Versions. |\n| XX-8 | later | Words. |\n";

    fn problems(name: &str, text: &str) -> Vec<String> {
        let files = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        Rules::parse(RULES).unwrap().problems(&files)
    }

    #[test]
    fn a_built_rule_needs_a_test() {
        assert_eq!(problems("a.rs", "    fn xx_7_a_stale_version_is_refused() {"), Vec::<String>::new());
        assert_eq!(
            problems("a.ts", "test(\"xx_7_a stale version is refused\", () => {"),
            Vec::<String>::new()
        );
        assert_eq!(problems("a.rs", "fn xx_8_words() {}").len(), 1);
    }

    #[test]
    fn a_rule_that_is_not_listed_is_told_in_tests_and_in_text() {
        let text = "fn xx_7_it_is_so() {}\nfn xx_99_is_unknown() {}\n// see XX-98 and UTF-8";
        assert_eq!(
            problems("a.rs", text),
            [
                "a.rs: a test is named after XX-99, which docs/rules.md does not have",
                "a.rs names XX-98, which docs/rules.md does not have",
            ]
        );
    }

    #[test]
    fn a_status_is_one_of_three_words() {
        assert!(Rules::parse("| XX-7 | done | x |").is_err());
        assert!(Rules::parse("| XX-7 | built | x |\n| XX-7 | later | x |").is_err());
    }

    #[test]
    fn folders_of_a_machine_are_told_and_addresses_are_not() {
        let folder = format!("/{}/", "home");
        assert_eq!(file_problems("a.md", &format!("see `{folder}me/x`")).len(), 1);
        assert_eq!(file_problems("a.md", &format!("see example.org{folder}x and ..{folder}y")).len(), 0);
    }

    #[test]
    fn a_long_source_needs_a_reason() {
        let long = "let x = 1;\n".repeat(LONGEST_SOURCE + 1);
        assert_eq!(file_problems("a.rs", &long).len(), 1);
        assert_eq!(file_problems("a.rs", &format!("//! {REASON}it is a table.\n{long}")).len(), 0);
        assert_eq!(file_problems("a.md", &long).len(), 0);
    }
}
