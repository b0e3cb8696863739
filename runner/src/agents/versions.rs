//! Which versions of agents this machine has, found out beside the work, and told to the server when they change (RUN-1).
//!
//! A program is only started to be asked when its file is another than the one that was asked last, so a start of the runner costs nothing.

use super::{
    acp::probe,
    detect::{self, Found},
    doctor::Empty,
    process,
};
use crate::{
    config::SCRIPTED,
    desk::{Desk, Phase},
    spool,
    work::Host,
};
use coord_protocol::id::AttemptId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How often it is looked whether a program changed.
const EVERY: Duration = Duration::from_secs(300);

/// What tells one file of a program from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Print {
    program: PathBuf,
    length: u64,
    changed_ms: u128,
}

/// What a program told, and which one it was. A program that told nothing is not asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    print: Print,
    version: Option<String>,
}

fn print(found: &Found) -> Option<Print> {
    // Programs are often links to what they are.
    let program = std::fs::canonicalize(found.program.as_ref()?).ok()?;
    let meta = std::fs::metadata(&program).ok()?;
    let changed = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Some(Print {
        program,
        length: meta.len(),
        changed_ms: changed.as_millis(),
    })
}

/// Looks for as long as the runner takes work.
pub async fn watch(host: Arc<Host>, desk: Arc<Desk>) {
    let mut phase = desk.phase();
    let path = host.config.work_dir().join("agents.json");
    let mut told: BTreeMap<String, Told> = spool::read_json(&path).unwrap_or_default();
    let mut offered: Option<Vec<String>> = None;
    loop {
        let before = told.clone();
        let found: Vec<Found> = detect::all(&host.config)
            .into_iter()
            .filter(|found| found.offered && found.name != SCRIPTED)
            .collect();
        told.retain(|name, _| found.iter().any(|found| found.name == *name && found.program.is_some()));
        for found in &found {
            let Some(print) = print(found) else { continue };
            if told.get(&found.name).is_none_or(|told| told.print != print) {
                let id = AttemptId(host.clock.request_id().0);
                let version = tokio::select! {
                    version = ask(&host, found, id) => version,
                    () = stopping(&mut phase) => {
                        // What was being started is dropped half-way.
                        process::sweep(id).await;
                        return;
                    }
                };
                told.insert(found.name.clone(), Told { print, version });
            }
        }
        let names: Vec<String> = detect::offered(&host.config).into_iter().map(|agent| agent.name).collect();
        if offered.as_ref() != Some(&names) || told != before {
            // At the start with what former runs found out, since hello was said without.
            let versions = told.iter().filter_map(|(name, told)| Some((name.clone(), told.version.clone()?)));
            desk.agents_changed(versions.collect());
            offered = Some(names);
        }
        if told != before
            && let Err(error) = spool::write_json(&path, &told)
        {
            tracing::warn!("{error}");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stopping(&mut phase) => return,
        }
    }
}

/// Waits until no more work is taken.
async fn stopping(phase: &mut watch::Receiver<Phase>) {
    drop(phase.wait_for(|phase| *phase != Phase::Running).await);
}

async fn ask(host: &Host, found: &Found, id: AttemptId) -> Option<String> {
    let folder = Empty::make(host.config.work_dir(), id).ok()?;
    match probe::probe(&detect::trial(&host.config, found, &folder.0, id), false).await {
        Ok(probed) => probed.version,
        Err(error) => {
            tracing::info!(agent = found.name, "its version is not known: {error}");
            None
        }
    }
}
