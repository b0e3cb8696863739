//! How fast a very long log opens, anywhere in it, and what that costs the server.

use super::logs::{attempt, first_live_page, flood};
use crate::{
    chance::Chance,
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::time::Instant;

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Entries of the log.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(1000..=10_000_000))]
    pub entries: i64,
    /// Pages read, each at another place, and as many live logs opened.
    #[arg(long, default_value_t = 200)]
    pub pages: u64,
    /// Entries of a page.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub page: u16,
}

/// Measures it.
///
/// # Errors
/// When the server does not do its part, or a page is not what was asked for.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let mut figures = Figures::default();
    let (mut runner, assignment) = attempt(&stage.person).await?;
    let rss = |name: &str, figures: &mut Figures| -> Result<Option<f64>> {
        let Some(server) = &stage.server else { return Ok(None) };
        let cost = server.cost()?;
        figures.add(format!("rss_{name}_mib"), cost.rss_mib);
        Ok(Some(cost.rss_mib))
    };
    rss("before", &mut figures)?;
    progress.step(format!("writing {} entries", settings.entries));
    let began = Instant::now();
    flood(&mut runner, &assignment, settings.entries, None, 1000, &chance.fork(), progress).await?;
    figures.add("write_s", began.elapsed().as_secs_f64());
    let written = rss("written", &mut figures)?;
    progress.step("opening it");
    let limit = usize::from(settings.page);
    let (mut pages, mut live) = (Times::default(), Times::default());
    let began = Instant::now();
    let end = stage.person.log(assignment.attempt, settings.entries - 199, 200).await?;
    figures.add("open_end_first_ms", began.elapsed().as_secs_f64() * 1000.0);
    ensure!(
        end.items.len() == 200 && end.head == settings.entries,
        "the end of the log is not what was written"
    );
    for n in 0..settings.pages {
        let from = i64::try_from(chance.between(1, settings.entries.unsigned_abs() - u64::from(settings.page)))?;
        let began = Instant::now();
        let page = stage.person.log(assignment.attempt, from, limit).await?;
        pages.add(began.elapsed());
        let right = page.items.len() == limit && page.items.iter().zip(from..).all(|(entry, seq)| entry.seq == seq);
        ensure!(right, "the page from {from} is not what was asked for");
        let began = Instant::now();
        let first = first_live_page(&stage.person, assignment.attempt, from).await?;
        live.add(began.elapsed());
        ensure!(first == from, "the live log from {from} begins at {first}");
        progress.at(format!("{n} of {}", settings.pages));
    }
    figures.add_times("page", &mut pages);
    figures.add_times("live", &mut live);
    if let (Some(before), Some(after)) = (written, rss("opened", &mut figures)?) {
        figures.add("growth_by_opening_mib", after - before);
    }
    runner.finish(assignment.attempt, assignment.fence, settings.entries).await?;
    Ok(figures)
}
