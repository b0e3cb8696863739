//! From an edit sent to its receipt by everybody else in the room.

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
    /// Edits received by others, of all canvases a second.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub per_s: u32,
    /// Seconds of it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Measures, in the same run, a server that only hands frames on.
    #[arg(long)]
    pub compare: bool,
}

impl Settings {
    fn size(&self) -> Result<Size> {
        Ok(Size {
            rooms: usize::try_from(self.rooms)?,
            people: usize::try_from(self.clients)?,
            per_s: f64::from(self.per_s),
            time: Duration::from_secs(self.seconds),
        })
    }
}

/// Measures it.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let size = settings.size()?;
    let place = Place::canvases(stage, size.rooms, size.rooms * size.people, chance, progress).await?;
    // Which of the two comes first is by chance.
    let bare_first = settings.compare && chance.one_in(2);
    let mut bare = None;
    if bare_first {
        bare = Some(with_bare(size, chance, progress).await?);
    }
    progress.step(format!(
        "{} canvases with {} people each for {} s",
        settings.rooms, settings.clients, settings.seconds
    ));
    let ours = crowd::run(&place, size, chance).await?;
    if settings.compare && !bare_first {
        bare = Some(with_bare(size, chance, progress).await?);
    }
    let mut figures = Figures::default();
    let ratios = bare.map(|mut bare| {
        let (mut ours, mut theirs) = (ours.received.clone(), bare.received.clone());
        let ratio = |at, ours: &mut crate::report::Times, theirs: &mut crate::report::Times| ours.percentile(at) / theirs.percentile(at);
        let ratios = (ratio(0.5, &mut ours, &mut theirs), ratio(0.99, &mut ours, &mut theirs));
        bare.saved = crate::report::Times::default();
        (bare, ratios)
    });
    let cpu = ours.cpu_us;
    ours.tell("", &mut figures);
    if let Some((bare, (p50, p99))) = ratios {
        let bare_cpu = bare.cpu_us;
        bare.tell("bare_", &mut figures);
        figures.add("ratio_received_p50", p50);
        figures.add("ratio_received_p99", p99);
        if let Some((ours, bare)) = cpu.zip(bare_cpu) {
            figures.add("ratio_cpu", ours / bare);
        }
    }
    Ok(figures)
}

async fn with_bare(size: Size, chance: &mut Chance, progress: &mut Progress) -> Result<crowd::Outcome> {
    progress.step("the same with a server that only hands frames on");
    let folder = tempfile::tempdir()?;
    let server = start_bare(folder.path())?;
    crowd::run(&Place::bare(&server, size.rooms), size, chance).await
}
