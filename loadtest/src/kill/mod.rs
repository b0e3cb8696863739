//! What must survive when programs are killed or the network is cut: a real server and real runners, with the scripted agent.
//!
//! A [`plan`] is drawn from a seed and can be saved and performed again. [`world`] is what runs, [`ledger`] what was acknowledged and
//! told, [`people`] who does it, [`check`] what must be true at the end. [`cut`] are the tests of a single broken connection, [`canvas`] those of
//! people who edit together, [`fleet`] those of many runners at once.

pub mod canvas;
pub mod check;
pub mod cut;
pub mod fleet;
pub mod ledger;
pub mod people;
pub mod plan;
pub mod proxy;
pub mod world;

use crate::{progress::Progress, report::Figures};
use anyhow::{Context as _, Result};
use coord_protocol::time::Timestamp;
use ledger::Ledger;
use people::People;
use plan::{Deed, Plan};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use world::{Programs, World};

/// What a run found.
#[derive(Debug, Default)]
pub struct Found {
    /// What was counted.
    pub figures: Figures,
    /// What must not be.
    pub violations: Vec<String>,
    /// Where everything is kept, when something must not be.
    pub kept: Option<PathBuf>,
}

/// Moments at which the runner was dead, from the kill to the start.
type Outages = Vec<(Timestamp, Timestamp)>;

/// Performs a plan.
///
/// # Errors
/// When it cannot be performed; what must not be is in [`Found::violations`].
pub async fn run(programs: &Programs, plan: &Plan, settle: Duration, progress: &mut Progress) -> Result<Found> {
    progress.step("starting server and runner");
    let mut world = World::start(programs, plan.concurrency, &[]).await?;
    plan.save(&world.folder().join("plan.json"))?;
    let ledger = Arc::new(Ledger::default());
    let mut people = People::start(&world, plan, Arc::clone(&ledger)).await?;
    let began = Instant::now();
    let (mut outages, mut servers, mut runners) = (Outages::new(), 0u32, 0u32);
    progress.step("killing");
    let mut performed = Ok(());
    for (n, op) in plan.ops.iter().enumerate() {
        tokio::time::sleep_until((began + Duration::from_millis(op.at_ms)).into()).await;
        progress.at(format!("{} of {}, {} jobs ended", n + 1, plan.ops.len(), people.ended()));
        performed = perform(&mut world, &op.deed, &mut outages).await;
        if performed.is_err() {
            break;
        }
        servers += u32::from(!matches!(op.deed, Deed::KillRunner { .. }));
        runners += u32::from(!matches!(op.deed, Deed::KillServer { .. }));
        if let Err(error) = ledger.nothing_forgotten(&world.person, world.workspace).await {
            performed = Err(error);
            break;
        }
    }
    progress.step("waiting for the rest");
    let mut violations = Vec::new();
    match performed {
        Ok(()) => violations.extend(people.settle(settle, progress).await),
        Err(error) => violations.push(format!("{error:#}")),
    }
    let mut figures = Figures::default();
    figures.add("server_kills", f64::from(servers));
    figures.add("runner_kills", f64::from(runners));
    figures.add("seconds", began.elapsed().as_secs_f64());
    progress.step("checking what is there");
    let jobs = people.end().await;
    match check::everything(&world, plan, &jobs, &ledger, &outages, &mut figures).await {
        Ok(more) => violations.extend(more),
        Err(error) => violations.push(format!("the end cannot be checked: {error:#}")),
    }
    violations.extend(ledger.violations());
    let kept = world.end(!violations.is_empty());
    figures.add("violations", f64::from(u32::try_from(violations.len())?));
    Ok(Found { figures, violations, kept })
}

async fn perform(world: &mut World, deed: &Deed, outages: &mut Outages) -> Result<()> {
    let down = |ms: u64| tokio::time::sleep(Duration::from_millis(ms));
    match *deed {
        Deed::KillServer { down_ms } => {
            world.kill_server()?;
            down(down_ms).await;
            world.start_server().await.context("after a kill of the server")?;
        }
        Deed::KillRunner { down_ms } => {
            let at = crate::chance::now();
            world.kill_runner()?;
            down(down_ms).await;
            world.start_runner().context("after a kill of the runner")?;
            outages.push((at, crate::chance::now()));
        }
        Deed::KillBoth { down_ms } => {
            let at = crate::chance::now();
            world.kill_server()?;
            world.kill_runner()?;
            down(down_ms).await;
            world.start_runner().context("after a kill of both")?;
            outages.push((at, crate::chance::now()));
            world.start_server().await.context("after a kill of both")?;
        }
    }
    Ok(())
}
