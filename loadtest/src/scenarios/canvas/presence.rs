//! People who move their cursors on one canvas.

use super::{Place, client_id, start_bare};
use crate::{
    chance::Chance,
    client::editor::{self, Heard, presence},
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::timeout};

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// People.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub people: u32,
    /// Moves of each a second.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub per_s: u32,
    /// Seconds of it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Measures, in the same run, a server that only hands frames on.
    #[arg(long)]
    pub compare: bool,
}

/// Longest wait for a canvas to open.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures it.
///
/// # Errors
/// When the server does not do its part.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let people = usize::try_from(settings.people)?;
    let place = Place::canvases(stage, 1, people, chance, progress).await?;
    progress.step(format!("{people} people move for {} s", settings.seconds));
    let mut figures = Figures::default();
    let ours = gather(&place, "", settings, chance, &mut figures).await?;
    if settings.compare {
        let folder = tempfile::tempdir()?;
        let server = start_bare(folder.path())?;
        let bare = gather(&Place::bare(&server, 1), "bare_", settings, chance, &mut figures).await?;
        figures.add("ratio_cpu", ours / bare);
    }
    Ok(figures)
}

/// When each client sent what it showed last, by clock.
type Shown = Arc<Mutex<HashMap<(u64, u32), Instant>>>;

/// The share of a core that the server took.
async fn gather(place: &Place<'_>, prefix: &str, settings: &Settings, chance: &mut Chance, figures: &mut Figures) -> Result<f64> {
    let people = usize::try_from(settings.people)?;
    let mut seats = vec![];
    for n in 0..people {
        let (address, authorization) = place.entrance(0, n);
        let (mut mouth, mut ear) = editor::open(address, authorization).await?;
        if place.keeps {
            mouth.join().await?;
            timeout(PATIENCE, ear.answered()).await.context("a canvas did not open")??;
        }
        seats.push((client_id(chance, n), mouth, ear));
    }
    let shown = Shown::default();
    let began = Instant::now() + Duration::from_secs(1);
    let until = began + Duration::from_secs(settings.seconds);
    let (mut movers, mut watchers) = (JoinSet::new(), JoinSet::new());
    for (client, mut mouth, mut ear) in seats {
        let (mut chance, told) = (chance.fork(), Arc::clone(&shown));
        let pause = Duration::from_secs(1) / settings.per_s;
        movers.spawn(async move {
            // Not all at the same moment.
            let mut at = Instant::now() + pause.mul_f64(chance.fraction());
            let mut clock = 1;
            while at < until {
                tokio::time::sleep_until(at.into()).await;
                let (x, y) = (chance.between(0, 4000), chance.between(0, 4000));
                let state = format!(r#"{{"cur":[{x},{y}],"sel":[],"vp":[{x},{y},1,1440,900],"drag":null,"ed":null,"fol":null}}"#);
                told.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert((client, clock), Instant::now());
                mouth.say(presence(client, clock, &state)).await?;
                clock += 1;
                at += pause;
            }
            anyhow::Ok(mouth)
        });
        let shown = Arc::clone(&shown);
        watchers.spawn(async move {
            let (mut times, mut frames) = (Times::default(), 0_u64);
            while let Ok(heard) = tokio::time::timeout_at(until.into(), ear.next()).await {
                let Heard::Presence(entries) = heard? else { continue };
                let now = Instant::now();
                if now < began {
                    continue;
                }
                frames += 1;
                let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                for sent in entries.iter().filter(|(of, _)| *of != client).filter_map(|key| shown.get(key)) {
                    times.add(now - *sent);
                }
            }
            anyhow::Ok((times, frames))
        });
    }
    tokio::time::sleep_until(began.into()).await;
    let before = place.cost()?;
    tokio::time::sleep_until(until.into()).await;
    let after = place.cost()?;
    let (mut times, mut frames) = (Times::default(), 0);
    while let Some(watched) = watchers.join_next().await {
        let (seen, count) = watched??;
        times.merge(seen);
        frames += count;
    }
    while let Some(moved) = movers.join_next().await {
        moved??;
    }
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let (frames, seconds) = (frames as f64, settings.seconds as f64);
    figures.add(
        format!("{prefix}frames_per_client_per_s"),
        frames / f64::from(settings.people) / seconds,
    );
    figures.add_times(&format!("{prefix}shown"), &mut times);
    let (before, after) = before.zip(after).context("CPU is measured of a server that is started here")?;
    let share = (after.cpu_s - before.cpu_s) / seconds;
    figures.add(format!("{prefix}server_cpu_cores"), share);
    Ok(share)
}
