//! How fast large canvases open: one of very many objects, and one with a long history.

use super::{Place, canvases, client_id};
use crate::{
    chance::Chance,
    client::{
        editor::{self, Heard, Pen, change},
        http::Person,
    },
    process::ServerPlan,
    progress::Progress,
    report::{Figures, Times},
    stage::Target,
};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::{task::JoinSet, time::timeout};

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Objects of the large one.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub objects: u32,
    /// Edits behind the other, which has a tenth as many objects.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub edits: u32,
    /// How often each is opened.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,
}

/// Longest wait for a document to open or to be saved.
const PATIENCE: Duration = Duration::from_secs(120);

/// Objects in one message.
const AT_ONCE: usize = 1_000;

/// People who write the long history, and how many changes a second each makes.
const WRITERS: usize = 50;
const EACH_PER_S: u64 = 100;

/// Measures it.
///
/// # Errors
/// When there is no server to start.
pub async fn run(target: &Target, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    anyhow::ensure!(target.server.is_none(), "a server that is started here is started again");
    let folder = tempfile::tempdir()?;
    let plan = target.plan(folder.path())?;
    let addresses = {
        let server = plan.start()?;
        let person = Person::register(&server.url, "open").await?;
        let workspace = person.workspace("Open").await?;
        let addresses = canvases(&person, workspace, 2).await?;
        progress.step(format!("writing {} objects", settings.objects));
        let objects = usize::try_from(settings.objects)?;
        write(&addresses[0], &person, Pen::new(client_id(chance, 0)), objects, 0, chance.fork()).await?;
        progress.step(format!("writing {} edits", settings.edits));
        let (edits, objects) = (usize::try_from(settings.edits)? / WRITERS, objects / 10 / WRITERS);
        let mut writers = JoinSet::new();
        for n in 0..WRITERS {
            let (address, person) = (addresses[1].clone(), person.clone());
            let (pen, chance) = (Pen::new(client_id(chance, n + 1)), chance.fork());
            writers.spawn(async move { write(&address, &person, pen, objects.max(1), edits, chance).await });
        }
        while let Some(written) = writers.join_next().await {
            written??;
        }
        addresses
    };
    let mut figures = Figures::default();
    for (name, address) in [("objects", &addresses[0]), ("edits", &addresses[1])] {
        measure(&plan, name, address, settings, &mut figures, progress).await?;
    }
    Ok(figures)
}

/// Adds objects and moves them about, and waits until all is saved.
async fn write(address: &str, person: &Person, mut pen: Pen, objects: usize, edits: usize, mut chance: Chance) -> Result<()> {
    let (mut mouth, mut ear) = editor::open(address, person.authorization()).await?;
    mouth.say(editor::answer(&[0, 0])).await?;
    let mut sent = 1;
    let mut left = objects;
    while left > 0 {
        let now = left.min(AT_ONCE);
        mouth.say(change(&pen.add(now))).await?;
        left -= now;
        sent += 1;
    }
    // Heard meanwhile, so that nothing waits.
    let saved = tokio::spawn(async move {
        let total = sent + edits as u64;
        while !matches!(ear.next().await?, Heard::Ack(count) if count >= total) {}
        anyhow::Ok(())
    });
    let mut beat = tokio::time::interval(Duration::from_millis(1000 / EACH_PER_S));
    for _ in 0..edits {
        beat.tick().await;
        let object = usize::try_from(chance.bits() % objects as u64).unwrap_or(0);
        let update = pen.move_to(object, chance.between(0, 4000) as f64, chance.between(0, 4000) as f64);
        mouth.say(change(&update)).await?;
    }
    timeout(PATIENCE, saved).await.context("a document was not saved")??
}

/// Opens a document in a new process first, then again and again while it is open.
async fn measure(
    plan: &ServerPlan,
    name: &str,
    address: &str,
    settings: &Settings,
    figures: &mut Figures,
    progress: &mut Progress,
) -> Result<()> {
    progress.step(format!("opening “{name}”"));
    let path = address.split_once("/api/v1").map_or(address, |(_, path)| path).to_owned();
    let (mut cold, mut warm, mut asked, mut bytes) = (Times::default(), Times::default(), Times::default(), 0);
    for _ in 0..3 {
        let server = plan.start()?;
        let person = Person::login(&server.url, "open@load.example", crate::client::http::PASSWORD).await?;
        let address = person.socket(&path);
        let place = Place {
            rooms: vec![address],
            accounts: vec![person],
            server: None,
            keeps: true,
        };
        let first = open(&place).await?;
        bytes = first.bytes;
        cold.add(first.whole);
        for _ in 0..settings.times {
            let next = open(&place).await?;
            warm.add(next.whole);
            asked.add(next.answer);
        }
    }
    figures.add(format!("{name}_kib"), bytes as f64 / 1024.0);
    figures.add(format!("{name}_cold_p50_ms"), cold.percentile(0.5));
    figures.add(format!("{name}_warm_p50_ms"), warm.percentile(0.5));
    figures.add(format!("{name}_warm_p95_ms"), warm.percentile(0.95));
    figures.add(format!("{name}_answer_p50_ms"), asked.percentile(0.5));
    Ok(())
}

struct Opened {
    /// From the wish to connect to the last byte of the document.
    whole: Duration,
    /// From the question to the last byte of its answer.
    answer: Duration,
    bytes: usize,
}

async fn open(place: &Place<'_>) -> Result<Opened> {
    let (address, authorization) = place.entrance(0, 0);
    let began = Instant::now();
    let (mut mouth, mut ear) = editor::open(address, authorization).await?;
    let asked = Instant::now();
    mouth.join().await?;
    let answer = timeout(PATIENCE, ear.answered()).await.context("the document did not open")??;
    Ok(Opened {
        whole: began.elapsed(),
        answer: asked.elapsed(),
        bytes: answer.len(),
    })
}
