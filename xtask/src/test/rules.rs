//! The rules of `docs/rules.md`, and the tests that are named after them.

use super::tidy::is_source;
use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// Where the rules are.
pub(crate) const FILE: &str = "docs/rules.md";

const BEGIN: &str = "<!-- tests: written by `cargo xtask generate` -->\n";
const END: &str = "<!-- end of tests -->\n";

/// What `docs/rules.md` says.
pub(super) struct Rules {
    /// Status by id.
    status: BTreeMap<String, String>,
}

impl Rules {
    /// Reads the lines `| JOB-7 | built | … |`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut status = BTreeMap::new();
        let (rules, _) = text.split_once(BEGIN).unwrap_or((text, ""));
        for line in rules.lines() {
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

    pub(super) fn problems(&self, files: &BTreeMap<String, String>) -> Vec<String> {
        let areas: BTreeSet<&str> = self.status.keys().filter_map(|id| id.split('-').next()).collect();
        let mut problems = Vec::new();
        let mut proven = BTreeSet::new();
        for (name, text) in files.iter().filter(|(name, _)| is_source(name)) {
            for (rule, _) in tested(text, &areas) {
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

/// Tests that are named after a rule, with it: `fn job_7_…` in Rust, `test("JOB-7: …`, `it(` or `step(` in TypeScript.
fn tested(text: &str, areas: &BTreeSet<&str>) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("async ").unwrap_or(line);
            ["fn ", "test(", "it(", "step("].iter().find_map(|start| line.strip_prefix(start))
        })
        .filter_map(|name| {
            let quoted = name.chars().next().filter(|first| "\"'`".contains(*first));
            let name = match quoted {
                Some(quote) => name[1..].split(quote).next()?,
                None => name.split(['(', '<']).next()?,
            };
            let (area, rest) = name.split_once(['_', '-'])?;
            let (number, _) = rest.split_once(['_', ':'])?;
            let id = format!("{}-{number}", area.to_uppercase());
            (areas.contains(area.to_uppercase().as_str()) && is_id(&id)).then(|| (id, name.to_owned()))
        })
        .collect()
}

/// The text with the list of tests, between its marks, as the sources have them now.
///
/// # Errors
/// When the marks are missing, or a rule cannot be read.
pub(crate) fn with_tests(told: &str, files: &BTreeMap<String, String>) -> Result<String> {
    let rules = Rules::parse(told)?;
    let areas: BTreeSet<&str> = rules.status.keys().filter_map(|id| id.split('-').next()).collect();
    let mut tests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in files.iter().filter(|(name, _)| is_source(name) && !name.starts_with("xtask/")) {
        for (rule, test) in tested(text, &areas) {
            // A bar would end the cell.
            let test = test.replace('|', "\\|");
            tests.entry(rule).or_default().push(format!("{test} ({name})"));
        }
    }
    let (before, rest) = told.split_once(BEGIN).context("docs/rules.md has no place for the tests")?;
    let mut list = String::from("\n| rule | tests |\n|---|---|\n");
    let ids = before.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    for (rule, _) in ids.filter(|(id, _)| is_id(id)) {
        if let Some(tests) = tests.remove(rule) {
            list += &format!("| {rule} | {} |\n", tests.join("<br>"));
        }
    }
    let (_, after) = rest.split_once(END).context("docs/rules.md has no end of the tests")?;
    Ok(format!("{before}{BEGIN}{list}{END}{after}"))
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
    fn the_tests_are_listed_with_their_rules() {
        let told = format!("{RULES}{BEGIN}old{END}rest");
        let files = BTreeMap::from([
            ("a.rs".to_owned(), "    async fn xx_7_it_is_so() {".to_owned()),
            ("b.ts".to_owned(), "test('XX-7: so it is', () => {".to_owned()),
        ]);
        let listed = with_tests(&told, &files).unwrap();
        assert!(
            listed.contains("| XX-7 | xx_7_it_is_so (a.rs)<br>XX-7: so it is (b.ts) |\n<!-- end"),
            "{listed}"
        );
        assert_eq!(with_tests(&listed, &files).unwrap(), listed);
        assert!(with_tests(RULES, &files).is_err());
    }
}
