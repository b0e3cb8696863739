//! Performs plans, and compares what everybody has at the end.

use super::{
    plan::{Deed, EDITORS, Op, Plan},
    world::World,
};
use crate::{
    client::{http::CallError, tab::Tab},
    kill::Found,
    progress::Progress,
    report::Figures,
};
use anyhow::{Context as _, Result};
use coord_canvas::model;
use coord_protocol::id::CanvasId;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use yrs::{Any, GetString as _, Map as _, MapPrelim, MapRef, Out, Text as _, TextPrelim, TransactionMut};

/// Longest time until all have the same, once nothing goes wrong any more.
const SETTLE: Duration = Duration::from_secs(20);

/// Client ids of one plan are this far from those of the next.
const IDS_APART: u64 = 1_000;

const COLORS: [&str; 4] = ["red", "amber", "teal", "violet"];
const WORDS: [&str; 7] = ["a", "more ", "🎉", "é", "日本", "\n", "👩‍👩‍👧 "];
const TYPES: [&str; 5] = ["idea", "sticky", "group", "group", "text"];

/// Somebody with a tab.
struct Seat {
    tab: Tab,
    /// They wish to be connected.
    online: bool,
    /// Which way to the server they take.
    way: usize,
    is_cut: [bool; 2],
}

/// One plan being performed.
struct Run<'w> {
    world: &'w mut World,
    canvas: CanvasId,
    seats: Vec<Seat>,
    kills: u32,
    edits: u64,
}

/// Performs plans one after another on one server.
///
/// # Errors
/// When they cannot be performed; what must not be is in [`Found::violations`].
pub async fn run(program: &Path, plans: &[Plan], progress: &mut Progress) -> Result<Found> {
    progress.step("starting the server");
    let mut world = World::start(program, EDITORS).await?;
    let (began, mut found) = (Instant::now(), Found::default());
    let (mut kills, mut edits, mut ops) = (0, 0, 0);
    progress.step("performing plans");
    for (n, plan) in plans.iter().enumerate() {
        progress.at(format!("{} of {}", n + 1, plans.len()));
        let done = perform(&mut world, plan).await;
        let violations = match done {
            Ok(done) => {
                kills += done.kills;
                edits += done.edits;
                ops += plan.ops.len() as u64;
                done.violations
            }
            Err(error) => vec![format!("{error:#}")],
        };
        if !violations.is_empty() {
            plan.save(&world.folder().join("plan.json"))?;
            found
                .violations
                .extend(violations.into_iter().map(|words| format!("plan {}: {words}", plan.seed)));
            break;
        }
    }
    found.figures = Figures::default();
    for (name, value) in [
        ("plans", plans.len() as f64),
        ("steps", ops as f64),
        ("edits", edits as f64),
        ("server_kills", f64::from(kills)),
        ("violations", found.violations.len() as f64),
        ("seconds", began.elapsed().as_secs_f64()),
    ] {
        found.figures.add(name, value);
    }
    found.kept = world.end(!found.violations.is_empty());
    Ok(found)
}

struct Done {
    kills: u32,
    edits: u64,
    violations: Vec<String>,
}

async fn perform(world: &mut World, plan: &Plan) -> Result<Done> {
    let canvas = world.canvas(&format!("Plan {}", plan.seed)).await?;
    let mut seats = vec![];
    for n in 0..EDITORS {
        seats.push(Seat {
            tab: Tab::new(plan.seed % 1_000_000 * IDS_APART + n as u64 + 10)?,
            online: true,
            way: 0,
            is_cut: [false; 2],
        });
    }
    let mut run = Run {
        world,
        canvas,
        seats,
        kills: 0,
        edits: 0,
    };
    for (n, op) in plan.ops.iter().enumerate() {
        run.op(op).await.with_context(|| format!("step {n}, {op:?}"))?;
        run.pump().await.with_context(|| format!("after step {n}, {op:?}"))?;
    }
    let violations = run.settle().await?;
    Ok(Done {
        kills: run.kills,
        edits: run.edits,
        violations,
    })
}

impl Run<'_> {
    async fn op(&mut self, Op { who, deed }: &Op) -> Result<()> {
        let who = *who % EDITORS;
        match *deed {
            Deed::Undo => self.seats[who].tab.undo(),
            Deed::Redo => self.seats[who].tab.redo(),
            Deed::Wait { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Deed::Offline => {
                self.seats[who].online = false;
                self.seats[who].tab.leave();
            }
            Deed::Online => self.seats[who].online = true,
            Deed::Cut => self.cut(who),
            Deed::Mend => self.mend(who),
            Deed::HalfOpen => {
                self.cut(who);
                let seat = &mut self.seats[who];
                seat.tab.leave();
                seat.way = 1 - seat.way;
            }
            Deed::KillServer => {
                self.kills += 1;
                self.world.restart().await?;
            }
            Deed::Viewer => self.world.role(who, "viewer").await?,
            Deed::Member => self.world.role(who, "member").await?,
            Deed::Lock => self.patch(who, json!({ "locked": true })).await?,
            Deed::Unlock => self.patch(who, json!({ "locked": false })).await?,
            Deed::HandOver { a } => {
                let to = self.world.editors[a as usize % EDITORS].id;
                self.patch(who, json!({ "editor": to })).await?;
            }
            _ => {
                self.edits += 1;
                let id = format!("{who}-{}", self.edits);
                self.seats[who].tab.edit(|txn, objects, links| edit(deed, &id, txn, objects, links));
            }
        }
        Ok(())
    }

    fn cut(&mut self, who: usize) {
        let seat = &mut self.seats[who];
        seat.is_cut[seat.way] = true;
        self.world.editors[who].ways[seat.way].cut();
    }

    fn mend(&mut self, who: usize) {
        self.seats[who].is_cut = [false; 2];
        self.world.editors[who].ways.iter().for_each(crate::kill::proxy::Proxy::mend);
    }

    /// Changes the canvas's lock; those who may not are refused, which is no violation.
    async fn patch(&self, who: usize, body: Value) -> Result<()> {
        let path = format!("/canvases/{}", self.canvas);
        match self.world.editors[who].person.call(Method::PATCH, &path, Some(body), None).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused(_, _, problem)) if (400..500).contains(&problem.status) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Everybody sends and hears what there is, and those who wish to be connected and are not come back.
    async fn pump(&mut self) -> Result<()> {
        for who in 0..EDITORS {
            let seat = &mut self.seats[who];
            if let Some(lost) = seat.tab.pump().await? {
                // No honest person is ever taken for a hostile one.
                anyhow::ensure!(!lost.0.contains("CAN-9"), "editor {who} was closed: {}", lost.0);
            }
            if seat.online && !seat.tab.is_connected() && !seat.is_cut[seat.way] {
                let editor = &self.world.editors[who];
                let way = editor.ways[seat.way].url.replacen("http", "ws", 1);
                let address = format!("{way}/api/v1/canvases/{}/sync?acks=1", self.canvas);
                seat.tab.join(&address, editor.person.authorization()).await?;
            }
        }
        Ok(())
    }

    /// Everything is mended and everybody comes back; what is not the same then.
    async fn settle(&mut self) -> Result<Vec<String>> {
        for who in 0..EDITORS {
            self.mend(who);
            self.world.role(who, "member").await?;
            self.seats[who].online = true;
        }
        let path = format!("/canvases/{}", self.canvas);
        let unlock = Some(json!({ "locked": false }));
        self.world.owner.call(Method::PATCH, &path, unlock, None).await?;
        let began = Instant::now();
        loop {
            self.pump().await?;
            self.world.check()?;
            if self.seats.iter().all(|seat| seat.tab.is_saved()) && self.are_same() {
                return self.check().await;
            }
            if began.elapsed() > SETTLE {
                return Ok(self.differences());
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    fn are_same(&self) -> bool {
        let first = self.seats[0].tab.state();
        self.seats.iter().all(|seat| seat.tab.state() == first)
    }

    fn differences(&self) -> Vec<String> {
        let first = self.seats[0].tab.state();
        let mut words = vec![format!("not at rest after {} s", SETTLE.as_secs())];
        for (who, seat) in self.seats.iter().enumerate() {
            let state = seat.tab.state();
            words.push(format!(
                "editor {who}: connected {}, saved {}, {} objects, the same clocks as the first {}, the same deletions {}, the same content {}, denied {:?}",
                seat.tab.is_connected(),
                seat.tab.is_saved(),
                seat.tab.count(),
                state.snapshot.state_map == first.snapshot.state_map,
                state.snapshot.delete_set == first.snapshot.delete_set,
                state.roots == first.roots,
                seat.tab.denied,
            ));
        }
        words
    }

    /// Whoever joins now has the same, and it is a good canvas.
    async fn check(&mut self) -> Result<Vec<String>> {
        let expected = self.seats[0].tab.state();
        let mut fresh = Tab::new(1)?;
        let path = format!("/canvases/{}/sync?acks=1", self.canvas);
        fresh
            .join(&self.world.owner.socket(&path), self.world.owner.authorization())
            .await?;
        while !fresh.is_saved() {
            tokio::time::timeout(SETTLE, fresh.listen())
                .await
                .context("no answer for a newcomer")??;
        }
        let mut violations = vec![];
        if fresh.state() != expected {
            violations.push("a newcomer has something else".to_owned());
        }
        let bytes = fresh.bytes();
        let view = model::read(&bytes)?;
        if view.objects.len() != usize::try_from(fresh.count())? {
            violations.push(format!("{} of {} objects can be read", view.objects.len(), fresh.count()));
        }
        if let Some(mended) = model::repair(&bytes, 2)? {
            let whole = Tab::new(3)?;
            whole.apply(&bytes)?;
            whole.apply(&mended)?;
            let after = model::read(&whole.bytes())?;
            if after.objects != view.objects || after.links != view.links {
                violations.push("mending changes what is seen".to_owned());
            }
        }
        Ok(violations)
    }
}

fn place(parent: &str, a: u32, b: u32) -> Any {
    Any::from(vec![
        Any::from(parent),
        Any::from(f64::from(a % 4_000)),
        Any::from(f64::from(b % 4_000)),
    ])
}

/// The id of one of the entries, if there are any.
fn one_of(txn: &TransactionMut<'_>, root: &MapRef, which: u32) -> Option<String> {
    let mut ids: Vec<String> = root.keys(txn).map(str::to_owned).collect();
    ids.sort_unstable();
    let at = which as usize % ids.len().max(1);
    ids.into_iter().nth(at)
}

fn object(txn: &TransactionMut<'_>, root: &MapRef, which: u32) -> Option<MapRef> {
    match root.get(txn, &one_of(txn, root, which)?) {
        Some(Out::YMap(map)) => Some(map),
        _ => None,
    }
}

/// One edit, as the web app makes it.
fn edit(deed: &Deed, id: &str, txn: &mut TransactionMut<'_>, objects: &MapRef, links: &MapRef) {
    match *deed {
        Deed::Add { a, b } => {
            let object = objects.insert(txn, id, MapPrelim::default());
            object.insert(txn, "t", TYPES[a as usize % TYPES.len()]);
            object.insert(txn, "at", place("", a, b));
            object.insert(txn, "z", format!("a{}", b % 100));
            object.insert(txn, "txt", TextPrelim::new(WORDS[b as usize % WORDS.len()]));
        }
        Deed::Move { a, b } => {
            if let Some(object) = object(txn, objects, a) {
                object.insert(txn, "at", place("", b, a));
            }
        }
        Deed::Reparent { a, b } => {
            let group = one_of(txn, objects, b).unwrap_or_default();
            if let Some(object) = object(txn, objects, a) {
                object.insert(txn, "at", place(&group, b, a));
            }
        }
        Deed::Color { a, b } => {
            if let Some(object) = object(txn, objects, a) {
                object.insert(txn, "c", COLORS[b as usize % COLORS.len()]);
            }
        }
        Deed::Type { a, b } | Deed::Erase { a, b } => {
            let Some(object) = object(txn, objects, a) else { return };
            let Some(Out::YText(text)) = object.get(txn, "txt") else { return };
            // Between characters, in UTF-16 units.
            let mut places = vec![0];
            for char in text.get_string(txn).chars() {
                places.push(places.last().copied().unwrap_or(0) + if char.len_utf16() == 2 { 2 } else { 1 });
            }
            let at = b as usize % places.len();
            if matches!(deed, Deed::Type { .. }) {
                text.insert(txn, places[at], WORDS[(b / 5) as usize % WORDS.len()]);
            } else if let Some(end) = places.get(at + 1) {
                text.remove_range(txn, places[at], end - places[at]);
            }
        }
        Deed::Delete { a } => {
            if let Some(id) = one_of(txn, objects, a) {
                objects.remove(txn, &id);
            }
        }
        Deed::Connect { a, b } => {
            if let (Some(from), Some(to)) = (one_of(txn, objects, a), one_of(txn, objects, b)) {
                let link = links.insert(txn, id, MapPrelim::default());
                for (key, end) in [("f", from), ("to", to)] {
                    link.insert(txn, key, Any::from(vec![Any::from(end), Any::from("auto")]));
                }
                link.insert(txn, "k", if a % 2 == 0 { "rel" } else { "dep" });
            }
        }
        Deed::Disconnect { a } => {
            if let Some(id) = one_of(txn, links, a) {
                links.remove(txn, &id);
            }
        }
        _ => {}
    }
}
