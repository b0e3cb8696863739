//! `kill -9` while one person's edits reach another: nothing that the second one saw, or that the first was told is saved, is missing
//! afterwards (CAN-8).

use super::world::World;
use crate::{chance::Chance, client::tab::Tab, kill::Found, progress::Progress, report::Figures};
use anyhow::{Context as _, Result};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use yrs::{Any, Map as _, MapPrelim, ReadTxn as _, StateVector, TextPrelim, Transact as _};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// Latest moment of a kill, after the first edit was seen.
const LATEST_US: u64 = 60_000;

/// Kills the server so often, each time at another moment and on another canvas.
///
/// # Errors
/// When it cannot be done; what must not be is in [`Found::violations`].
pub async fn run(program: &Path, seed: u64, kills: u32, progress: &mut Progress) -> Result<Found> {
    progress.step("starting the server");
    let mut world = World::start(program, 2).await?;
    let (began, mut found, mut chance) = (Instant::now(), Found::default(), Chance::new(seed));
    let (mut seen, mut made) = (0, 0);
    progress.step("killing");
    for n in 0..kills {
        progress.at(format!("{} of {kills}", n + 1));
        let round = kill_once(&mut world, &mut chance.fork())
            .await
            .with_context(|| format!("kill {n}"))?;
        seen += u64::from(round.seen);
        made += u64::from(round.made);
        if let Some(words) = round.lost {
            found.violations.push(format!("kill {n}: {words}"));
            break;
        }
    }
    found.figures = Figures::default();
    for (name, value) in [
        ("server_kills", f64::from(kills)),
        ("edits", made as f64),
        ("edits_seen", seen as f64),
        ("violations", found.violations.len() as f64),
        ("seconds", began.elapsed().as_secs_f64()),
    ] {
        found.figures.add(name, value);
    }
    found.kept = world.end(!found.violations.is_empty());
    Ok(found)
}

struct Round {
    made: u32,
    seen: u32,
    lost: Option<String>,
}

/// Puts an object on the canvas.
fn put(tab: &mut Tab, n: u32) {
    tab.edit(|txn, objects, _| {
        let object = objects.insert(txn, format!("o{n}"), MapPrelim::default());
        object.insert(txn, "t", "sticky");
        object.insert(txn, "at", Any::from(vec![Any::from(""), Any::from(f64::from(n)), Any::from(0.0)]));
        object.insert(txn, "txt", TextPrelim::new(format!("number {n}")));
    });
}

fn clocks(tab: &Tab) -> StateVector {
    tab.doc.transact().state_vector()
}

async fn kill_once(world: &mut World, chance: &mut Chance) -> Result<Round> {
    let canvas = world.canvas("Killed").await?;
    let path = format!("/canvases/{canvas}/sync?acks=1");
    let enter = async |world: &World, editor: usize, client: u64| -> Result<Tab> {
        let (mut tab, person) = (Tab::new(client)?, &world.editors[editor].person);
        tab.join(&person.socket(&path), person.authorization()).await?;
        while !tab.is_saved() {
            tokio::time::timeout(PATIENCE, tab.listen()).await.context("nobody answers")??;
        }
        Ok(tab)
    };
    let (mut writes, mut sees) = (enter(world, 0, 11).await?, enter(world, 1, 22).await?);
    let (mut made, began) = (0, Instant::now());
    let mut kill_at = None;
    // One writes as fast as is allowed, the other looks.
    loop {
        put(&mut writes, made);
        made += 1;
        writes.pump().await?;
        sees.pump().await?;
        if kill_at.is_none() && sees.count() > 0 {
            kill_at = Some(Instant::now() + Duration::from_micros(chance.between(0, LATEST_US)));
        }
        if kill_at.is_some_and(|at| at <= Instant::now()) {
            break;
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "the first edit is not seen");
        tokio::time::sleep(Duration::from_micros(chance.between(0, 2_000))).await;
    }
    world.restart().await?;
    // What had arrived before the end counts as seen.
    for tab in [&mut writes, &mut sees] {
        while tab.pump().await?.is_none() && tab.is_connected() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let was_saved = writes.saved();
    let fresh = enter(world, 1, 33).await?;
    let (there, known) = (clocks(&fresh), clocks(&sees));
    let lost = known.iter().find(|(client, clock)| there.get(client) < **clock);
    let mut words = lost.map(|(client, clock)| format!("client {client}: {clock} units were seen, {} are there", there.get(client)));
    if there.get(&writes.doc.client_id()) < was_saved {
        words = Some(format!(
            "{was_saved} units were acknowledged, {} are there",
            there.get(&writes.doc.client_id())
        ));
    }
    let seen = sees.count();
    if fresh.count() < seen {
        words = Some(format!("{seen} objects were seen, {} are there", fresh.count()));
    }
    Ok(Round { made, seen, lost: words })
}
