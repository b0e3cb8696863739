//! What an open document costs: many connections on one canvas, then each on a canvas of its own.

use super::{accounts, canvases, client_id};
use crate::{
    chance::Chance,
    client::{
        editor::{self, Ear, Heard, Mouth, Pen, change},
        http::Person,
    },
    process::Server,
    progress::Progress,
    report::Figures,
    stage::Target,
};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Documents.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=5000))]
    pub documents: u32,
    /// Objects in each.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub objects: u32,
}

/// Longest wait for a document to open or to be saved.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures it.
///
/// # Errors
/// When there is no server to start.
pub async fn run(target: &Target, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    anyhow::ensure!(target.server.is_none(), "memory is measured of a server that is started here");
    let folder = tempfile::tempdir()?;
    let plan = target.plan(folder.path())?;
    let (documents, objects) = (usize::try_from(settings.documents)?, usize::try_from(settings.objects)?);
    let (made, bytes) = {
        let server = plan.start()?;
        let person = Person::register(&server.url, "memory").await?;
        let workspace = person.workspace("Memory").await?;
        let addresses = canvases(&person, workspace, documents + 1).await?;
        progress.step(format!("writing {documents} documents"));
        let mut bytes = 0;
        for (n, address) in addresses.iter().enumerate() {
            bytes = fill(address, person.authorization(), Pen::new(client_id(chance, n)), objects).await?;
            progress.at(format!("{n} of {documents}"));
        }
        (addresses, bytes)
    };
    // A new process: what the writing took is given back.
    let server = plan.start()?;
    let person = Person::login(&server.url, "memory@load.example", crate::client::http::PASSWORD).await?;
    let workspace = person.workspace("Other").await?;
    drop(accounts(&person, workspace, 1, chance, progress).await?);
    let addresses: Vec<String> = made.iter().map(|address| moved(address, &person)).collect();
    progress.step("opening one document with many connections, then all of them");
    let start = rss(&server)?;
    let shared = open_all(std::iter::repeat_n(addresses[0].as_str(), documents), &person).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let one = rss(&server)?;
    drop(shared);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let own = open_all(addresses[1..].iter().map(String::as_str), &person).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let all = rss(&server)?;
    drop(own);
    let mut figures = Figures::default();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let (count, bytes) = (documents as f64, bytes as f64);
    figures.add("update_kib", bytes / 1024.0);
    figures.add("rss_before_mib", start);
    figures.add("rss_all_open_mib", all);
    figures.add("document_kib", (all - one) * 1024.0 / count);
    figures.add("connection_kib", (one - start) * 1024.0 / count);
    Ok(figures)
}

fn rss(server: &Server) -> Result<f64> {
    Ok(server.cost()?.rss_mib)
}

/// The address on the server as it listens now.
fn moved(address: &str, person: &Person) -> String {
    let path = address.split_once("/api/v1").map_or(address, |(_, path)| path);
    person.socket(path)
}

/// Writes objects into an empty document; the size of its update.
async fn fill(address: &str, authorization: &str, mut pen: Pen, objects: usize) -> Result<usize> {
    let (mut mouth, mut ear) = editor::open(address, authorization).await?;
    mouth.join().await?;
    let update = pen.add(objects);
    mouth.say(change(&update)).await?;
    let saved = async {
        while !matches!(ear.next().await?, Heard::Ack(2..)) {}
        anyhow::Ok(())
    };
    timeout(PATIENCE, saved).await.context("a document was not saved")??;
    Ok(update.len())
}

async fn open_all<'a>(addresses: impl Iterator<Item = &'a str>, person: &Person) -> Result<Vec<(Mouth, Ear)>> {
    let mut open = vec![];
    for address in addresses {
        let (mut mouth, mut ear) = editor::open(address, person.authorization()).await?;
        mouth.join().await?;
        timeout(PATIENCE, ear.answered()).await.context("a document did not open")??;
        open.push((mouth, ear));
    }
    Ok(open)
}
