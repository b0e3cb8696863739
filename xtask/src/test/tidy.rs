//! House rules that no other tool checks: rules and their tests find one another, sources stay short and name no machine.

use super::{
    rules::{self, Rules},
    tally::Tally,
};
use crate::{process, progress::Step, workspace};
use anyhow::{Context, Result, bail};
use std::{collections::BTreeMap, fs, process::Command};

const LONGEST_SOURCE: usize = 700;

/// A file that is longer says why, in its first lines, after this word.
const REASON: &str = "tidy: long, since ";

const SOURCES: &[&str] = &["rs", "ts", "tsx", "mjs", "js", "css", "sql"];

/// Runs the checks.
pub fn run(_: &mut Step) -> Result<Tally> {
    let files = committed_text()?;
    let told = files.get(rules::FILE).context("docs/rules.md is missing")?;
    let mut problems = Rules::parse(told)?.problems(&files);
    if rules::with_tests(told, &files)? != *told {
        problems
            .push("docs/rules.md does not list the tests as they are. Run `cargo xtask generate` and commit what it writes.".to_owned());
    }
    problems.extend(files.iter().flat_map(|(name, text)| file_problems(name, text)));
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(Tally::default())
}

/// Every file of the work tree that is or would be committed, and is text.
pub(crate) fn committed_text() -> Result<BTreeMap<String, String>> {
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

pub(super) fn is_source(name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
