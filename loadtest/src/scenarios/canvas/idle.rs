//! What people cost who have a canvas open and do nothing.

use super::{Place, SHARE, accounts, canvases, start_bare};
use crate::{chance::Chance, client::editor, progress::Progress, report::Figures, stage::Stage};
use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use std::time::Duration;
use tokio::{task::JoinSet, time::timeout};

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Connections.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub sockets: u32,
    /// Canvases they are on.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: u32,
    /// Seconds of rest before memory is looked at.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Measures, in the same run, a server that only hands frames on.
    #[arg(long)]
    pub compare: bool,
}

/// Most accounts: they may share more of them when there are very many.
const ACCOUNTS: usize = 20;

/// Connections being made at once.
const AT_ONCE: usize = 50;

/// Longest wait for a canvas to open.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures it.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let server = stage
        .server
        .as_ref()
        .context("memory is measured of a server that is started here")?;
    let (sockets, rooms) = (usize::try_from(settings.sockets)?, usize::try_from(settings.rooms)?);
    let workspace = stage.person.workspace("Idle").await?;
    let count = sockets.div_ceil(SHARE).min(ACCOUNTS);
    let place = Place {
        accounts: accounts(&stage.person, workspace, count, chance, progress).await?,
        rooms: canvases(&stage.person, workspace, rooms).await?,
        server: Some(server),
        keeps: true,
    };
    let mut figures = Figures::default();
    rest(&place, "", settings, sockets, &mut figures, progress).await?;
    if settings.compare {
        let folder = tempfile::tempdir()?;
        let server = start_bare(folder.path())?;
        rest(&Place::bare(&server, rooms), "bare_", settings, sockets, &mut figures, progress).await?;
    }
    Ok(figures)
}

async fn rest(
    place: &Place<'_>,
    prefix: &str,
    settings: &Settings,
    sockets: usize,
    figures: &mut Figures,
    progress: &mut Progress,
) -> Result<()> {
    let cost = || place.cost()?.context("there is no server to look at");
    let before = cost()?;
    progress.step(format!("{sockets} connections"));
    let mut open = stream::iter(0..sockets)
        .map(|n| async move {
            let (address, authorization) = place.entrance(n % place.rooms.len(), n);
            let (mut mouth, mut ear) = editor::open(address, authorization).await?;
            if place.keeps {
                mouth.join().await?;
                timeout(PATIENCE, ear.answered()).await.context("a canvas did not open")??;
            }
            anyhow::Ok((mouth, ear))
        })
        .buffer_unordered(AT_ONCE);
    let mut listeners = JoinSet::new();
    while let Some(opened) = open.next().await {
        let (mouth, mut ear) = opened?;
        // Answers pings.
        listeners.spawn(async move {
            while ear.next().await.is_ok() {}
            drop(mouth);
        });
        progress.at(format!("{} open", listeners.len()));
    }
    let opened = cost()?;
    tokio::time::sleep(Duration::from_secs(settings.seconds)).await;
    let after = cost()?;
    anyhow::ensure!(listeners.try_join_next().is_none(), "a connection that did nothing was closed");
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let (count, seconds) = (sockets as f64, settings.seconds as f64);
    figures.add(format!("{prefix}rss_before_mib"), before.rss_mib);
    figures.add(format!("{prefix}rss_mib"), after.rss_mib);
    figures.add(format!("{prefix}socket_kib"), (after.rss_mib - before.rss_mib) * 1024.0 / count);
    figures.add(
        format!("{prefix}cpu_at_rest_percent"),
        (after.cpu_s - opened.cpu_s) * 100.0 / seconds,
    );
    figures.add(format!("{prefix}cpu_to_open_us"), (opened.cpu_s - before.cpu_s) * 1e6 / count);
    Ok(())
}
