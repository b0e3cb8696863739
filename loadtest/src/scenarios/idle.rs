//! What a server costs that has nothing to do.

use crate::{progress::Progress, report::Figures, stage::Target};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::time::Duration;

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Seconds of rest before memory is looked at.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
}

/// Starts a server three times on the same data: new, then with data, and measures the last one at rest.
///
/// # Errors
/// When there is no server to start.
pub async fn run(target: &Target, settings: &Settings, progress: &mut Progress) -> Result<Figures> {
    anyhow::ensure!(target.server.is_none(), "idle measures a server that it starts itself");
    let mut figures = Figures::default();
    let folder = tempfile::tempdir()?;
    let plan = target.plan(folder.path())?;
    progress.step("starting a server on a new data folder");
    figures.add("first_start_ms", plan.start()?.start.as_secs_f64() * 1000.0);
    progress.step("starting it again");
    let server = plan.start().context("the second start")?;
    figures.add("warm_start_ms", server.start.as_secs_f64() * 1000.0);
    tokio::time::sleep(Duration::from_secs(settings.seconds)).await;
    let cost = server.cost()?;
    figures.add("rss_at_rest_mib", cost.rss_mib);
    figures.add("rss_peak_mib", cost.peak_mib);
    let before = cost.cpu_s;
    tokio::time::sleep(Duration::from_secs(settings.seconds)).await;
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let seconds = settings.seconds as f64;
    figures.add("cpu_at_rest_percent", (server.cost()?.cpu_s - before) * 100.0 / seconds);
    Ok(figures)
}
