//! The highest rate of edits at which the slowest hundredth is still received in time.

use super::{
    Place,
    crowd::{self, Size},
    start_bare,
};
use crate::{chance::Chance, progress::Progress, report::Figures, stage::Stage};
use anyhow::Result;
use serde::Serialize;
use std::time::Duration;

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Canvases.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rooms: u32,
    /// People on each.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub clients: u32,
    /// Deliveries a second to begin with.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub from_per_s: u32,
    /// Most milliseconds from sent to received, p99.
    #[arg(long, default_value_t = 250.0)]
    pub p99_ms: f64,
    /// Seconds of each step; a step adds a quarter to the rate.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub seconds: u64,
    /// Measures, in the same run, a server that only hands frames on.
    #[arg(long)]
    pub compare: bool,
}

/// Measures it.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let (rooms, people) = (usize::try_from(settings.rooms)?, usize::try_from(settings.clients)?);
    let place = Place::canvases(stage, rooms, rooms * people, chance, progress).await?;
    let ours = highest(&place, rooms, settings, chance, progress).await?;
    let mut figures = Figures::default();
    figures.add("held_deliveries_per_s", ours);
    if settings.compare {
        let folder = tempfile::tempdir()?;
        let server = start_bare(folder.path())?;
        let bare = highest(&Place::bare(&server, rooms), rooms, settings, chance, progress).await?;
        figures.add("bare_held_deliveries_per_s", bare);
        figures.add("ratio_held", ours / bare);
    }
    Ok(figures)
}

async fn highest(place: &Place<'_>, rooms: usize, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<f64> {
    let mut held = 0.0;
    let mut wanted = f64::from(settings.from_per_s);
    loop {
        progress.step(format!("{wanted:.0} deliveries a second"));
        let size = Size {
            rooms,
            people: usize::try_from(settings.clients)?,
            per_s: wanted,
            time: Duration::from_secs(settings.seconds),
        };
        // Connections that the server closes are those it cannot serve any more.
        let Ok(mut outcome) = crowd::run(place, size, chance).await else {
            return Ok(held);
        };
        let p99 = outcome.received.percentile(0.99);
        // What the generator could not send was not held.
        if outcome.lost > 0 || p99 > settings.p99_ms || outcome.per_s < wanted * 0.9 {
            progress.note(format!(
                "not held: {:.0} a second, p99 {p99:.0} ms, {} lost",
                outcome.per_s, outcome.lost
            ));
            return Ok(held);
        }
        held = outcome.per_s;
        wanted *= 1.25;
    }
}
