//! What a run found: a table for people, JSON for programs, and whether targets were met.

use crate::{chance, process::Machine};
use anyhow::{Context, Result};
use coord_protocol::time::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// What one run measured, by name; the name ends in the unit (`_ms`, `_mib`, `_per_s`).
#[derive(Debug, Clone, Default)]
pub struct Figures(Vec<(String, f64)>);

impl Figures {
    /// Adds a figure.
    pub fn add(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    /// Adds p50, p95, p99 and the largest of some times in milliseconds.
    pub fn add_times(&mut self, name: &str, times: &mut Times) {
        for (word, at) in [("p50", 0.50), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
            self.add(format!("{name}_{word}_ms"), times.percentile(at));
        }
    }
}

/// Times in microseconds.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<u32>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, time: std::time::Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }

    /// The time, in milliseconds, that the fraction `at` of all does not exceed; NaN without any.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is small and positive"
    )]
    pub fn percentile(&mut self, at: f64) -> f64 {
        self.0.sort_unstable();
        let rank = ((self.0.len() as f64 * at).ceil() as usize).clamp(1, self.0.len().max(1));
        self.0.get(rank - 1).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    }
}

/// What a figure must not pass.
#[derive(Debug, Clone)]
pub struct Target {
    /// The figure.
    pub figure: &'static str,
    /// The bound.
    pub bound: Bound,
}

/// A bound.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// At most.
    Max(f64),
    /// At least.
    Min(f64),
}

impl Target {
    /// At most, when asked for.
    #[must_use]
    pub fn max(figure: &'static str, bound: Option<f64>) -> Option<Self> {
        let bound = Bound::Max(bound?);
        Some(Self { figure, bound })
    }

    /// At least, when asked for.
    #[must_use]
    pub fn min(figure: &'static str, bound: Option<f64>) -> Option<Self> {
        let bound = Bound::Min(bound?);
        Some(Self { figure, bound })
    }
}

/// One figure of all runs.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Its name.
    pub name: String,
    /// Median of the runs.
    pub median: f64,
    /// Each run's.
    pub runs: Vec<f64>,
}

/// The whole result, as it is written with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which scenario.
    pub scenario: &'static str,
    /// When it ended.
    pub at: Timestamp,
    /// Where generator and server ran.
    pub machine: Machine,
    /// Of this program and of the server.
    pub versions: BTreeMap<&'static str, String>,
    /// The seed of the first run; each further run takes the next.
    pub seed: u64,
    /// How the scenario was set.
    pub settings: serde_json::Value,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// Targets that were missed, in words.
    pub missed: Vec<String>,
}

impl Report {
    /// Puts the runs together.
    #[must_use]
    pub fn new(
        scenario: &'static str,
        seed: u64,
        settings: serde_json::Value,
        server: String,
        runs: &[Figures],
        targets: &[Target],
    ) -> Self {
        let mut figures: Vec<Figure> = Vec::new();
        for (name, value) in runs.iter().flat_map(|run| &run.0) {
            match figures.iter_mut().find(|figure| figure.name == *name) {
                Some(figure) => figure.runs.push(*value),
                None => figures.push(Figure {
                    name: name.clone(),
                    median: 0.0,
                    runs: vec![*value],
                }),
            }
        }
        for figure in &mut figures {
            figure.median = median(&figure.runs);
        }
        let missed = targets.iter().filter_map(|target| missed(target, &figures)).collect();
        Self {
            scenario,
            at: chance::now(),
            machine: Machine::here(),
            versions: BTreeMap::from([("coord-loadtest", env!("CARGO_PKG_VERSION").to_owned()), ("coord-server", server)]),
            seed,
            settings,
            figures,
            missed,
        }
    }

    /// The table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let width = self.figures.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
        let mut text = format!("{}, seed {}, {}\n", self.scenario, self.seed, self.machine);
        for figure in &self.figures {
            text += &format!("  {:width$}  {:>12}", figure.name, shown(figure.median));
            if figure.runs.len() > 1 {
                let runs: Vec<_> = figure.runs.iter().map(|run| shown(*run)).collect();
                text += &format!("   ({})", runs.join(", "));
            }
            text.push('\n');
        }
        for missed in &self.missed {
            text += &format!("  MISSED: {missed}\n");
        }
        text
    }

    /// Writes the JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// A figure that was not measured, or is not a number, misses its target.
fn missed(target: &Target, figures: &[Figure]) -> Option<String> {
    let Target { figure, bound } = target;
    let value = figures
        .iter()
        .find(|found| found.name == *figure)
        .map_or(f64::NAN, |found| found.median);
    let (met, words) = match bound {
        Bound::Max(most) => (value <= *most, format!("at most {most}")),
        Bound::Min(least) => (value >= *least, format!("at least {least}")),
    };
    (!met).then(|| format!("{figure} is {}, wanted {words}", shown(value)))
}

fn shown(value: f64) -> String {
    if value.abs() >= 1000.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut times = Times::default();
        for ms in (1..=100).rev() {
            times.add(Duration::from_millis(ms));
        }
        assert_eq!(
            (times.percentile(0.5), times.percentile(0.99), times.percentile(1.0)),
            (50.0, 99.0, 100.0)
        );
        assert!(Times::default().percentile(0.5).is_nan());
    }

    #[test]
    fn a_target_is_missed_by_a_worse_median_and_by_a_figure_that_is_not_there() {
        let run = |value| {
            let mut figures = Figures::default();
            figures.add("p99_ms", value);
            figures
        };
        let targets = [
            Target::max("p99_ms", Some(50.0)),
            Target::max("rss_mib", Some(40.0)),
            Target::min("p99_ms", Some(1.0)),
            Target::max("p99_ms", None),
        ];
        let targets: Vec<_> = targets.into_iter().flatten().collect();
        let report = |runs: &[f64]| {
            Report::new(
                "x",
                1,
                serde_json::Value::Null,
                String::new(),
                &runs.iter().copied().map(run).collect::<Vec<_>>(),
                &targets,
            )
        };
        let good = report(&[90.0, 20.0, 30.0]);
        assert_eq!(good.figures[0].median, 30.0);
        assert_eq!(good.missed.len(), 1, "{:?}", good.missed);
        assert!(good.missed[0].contains("rss_mib"));
        assert_eq!(report(&[90.0, 60.0, 30.0]).missed.len(), 2);
        assert_eq!(report(&[f64::NAN]).missed.len(), 3);
    }
}
