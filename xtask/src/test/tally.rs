//! How many tests ran, read from the closing lines of each runner.

use crate::process::{Finished, last_lines};
use anyhow::{Result, bail};
use std::ops::AddAssign;

/// Tests that ran.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// End of the runner's output, when a test failed.
    pub output: String,
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl Tally {
    /// Joins what the closing lines say with how the runner exited.
    ///
    /// # Errors
    /// When the runner ran no test, or failed for another reason than a test.
    pub fn judge(counted: Option<(u32, u32)>, finished: &Finished) -> Result<Self> {
        let output = last_lines(&finished.output, 120);
        let (passed, failed) = counted.unwrap_or_default();
        if failed == 0 && !finished.ok {
            bail!("{output}\n\nThe test runner failed, though no test did.");
        }
        if passed + failed == 0 {
            bail!("{output}\n\nNo test ran.");
        }
        Ok(Self { passed, failed, output })
    }

    /// For the summary; empty when no test belongs to the step.
    pub fn remark(&self) -> String {
        match (self.passed, self.failed) {
            (0, 0) => String::new(),
            (passed, 0) => format!("{passed} tests"),
            (passed, failed) => format!("{passed} passed, {failed} failed"),
        }
    }
}

/// nextest: `Summary [ 1.2s] 12 tests run: 11 passed (1 slow), 1 failed, 3 skipped`. Timed out tests count as failed.
pub fn nextest(output: &str) -> Option<(u32, u32)> {
    let line = output.lines().rfind(|line| line.trim_start().starts_with("Summary ["))?;
    let failed = ["failed", "timed out", "exec failed"]
        .iter()
        .filter_map(|word| before(line, word))
        .sum();
    Some((before(line, "passed").unwrap_or(0), failed))
}

/// cargo test: one `test result: ok. 5 passed; 0 failed; …` for each program.
pub fn cargo_test(output: &str) -> Option<(u32, u32)> {
    output
        .lines()
        .filter(|line| line.starts_with("test result:"))
        .map(|line| (before(line, "passed").unwrap_or(0), before(line, "failed").unwrap_or(0)))
        .reduce(|one, two| (one.0 + two.0, one.1 + two.1))
}

/// vitest: `      Tests  1 failed | 11 passed (12)`.
pub fn vitest(output: &str) -> Option<(u32, u32)> {
    let line = output.lines().rfind(|line| line.trim_start().starts_with("Tests "))?;
    Some((before(line, "passed").unwrap_or(0), before(line, "failed").unwrap_or(0)))
}

/// node --test: `ℹ pass 3` and `ℹ fail 0`, or with `#` where the output is TAP. Cancelled tests count as failed.
pub fn node(output: &str) -> Option<(u32, u32)> {
    let value = |name: &str| {
        output
            .lines()
            .rev()
            .filter_map(|line| line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")))
            .find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok())
    };
    Some((value("pass ")?, value("fail ")? + value("cancelled ").unwrap_or(0)))
}

/// The number in front of `word`, as in `11 passed`.
fn before(line: &str, word: &str) -> Option<u32> {
    let words: Vec<&str> = line
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let wanted: Vec<&str> = word.split(' ').collect();
    words
        .windows(wanted.len() + 1)
        .find(|window| window[1..] == wanted[..])
        .and_then(|window| window[0].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_is_counted() {
        let output =
            "        PASS [ 0.01s] a b\n     Summary [   1.234s] 13 tests run: 11 passed (1 slow), 1 failed, 1 timed out, 3 skipped\n";
        assert_eq!(nextest(output), Some((11, 2)));
        assert_eq!(nextest("     Summary [   0.034s] 1 test run: 1 passed, 0 skipped"), Some((1, 0)));
        assert_eq!(nextest("error: could not compile"), None);
    }

    #[test]
    fn cargo_test_is_summed_over_its_programs() {
        let output = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured\n\ntest result: FAILED. 7 passed; 2 failed; 0 ignored\n";
        assert_eq!(cargo_test(output), Some((12, 2)));
    }

    #[test]
    fn vitest_is_counted() {
        assert_eq!(vitest(" Test Files  3 passed (3)\n      Tests  12 passed (12)\n"), Some((12, 0)));
        assert_eq!(vitest("      Tests  1 failed | 11 passed (12)\n"), Some((11, 1)));
    }

    #[test]
    fn node_is_counted() {
        assert_eq!(node("ℹ tests 4\nℹ pass 3\nℹ fail 1\nℹ cancelled 0\n"), Some((3, 1)));
        assert_eq!(node("# pass 3\n# fail 0\n# cancelled 2\n"), Some((3, 2)));
    }

    #[test]
    fn a_runner_that_ran_nothing_is_a_failure() {
        let nothing = Finished {
            ok: true,
            output: "0 tests".to_owned(),
        };
        assert!(Tally::judge(Some((0, 0)), &nothing).is_err());
        assert!(Tally::judge(None, &nothing).is_err());
    }

    #[test]
    fn a_runner_that_broke_after_its_tests_is_a_failure() {
        let broken = Finished {
            ok: false,
            output: String::new(),
        };
        assert!(Tally::judge(Some((5, 0)), &broken).is_err());
        assert_eq!(Tally::judge(Some((5, 1)), &broken).unwrap().failed, 1);
    }
}
