//! Rooms full of people who move their notes, and how long each move takes to reach the others.

use super::{Place, client_id};
use crate::{
    chance::Chance,
    client::editor::{self, Ear, Heard, Known, Mouth, Pen, change},
    report::{Figures, Times},
};
use anyhow::{Context as _, Result};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// Longest wait for what was sent to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// Not measured: what happens while everything gets warm.
const WARM: Duration = Duration::from_secs(2);

/// How many people, and how much they do.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Rooms.
    pub rooms: usize,
    /// People in each.
    pub people: usize,
    /// Edits received by others, of all rooms a second.
    pub per_s: f64,
    /// How long it is measured.
    pub time: Duration,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Outcome {
    /// From sent to received by another.
    pub received: Times,
    /// From sent to acknowledged.
    pub saved: Times,
    /// Edits of which somebody did not hear.
    pub lost: u64,
    /// Frames that brought edits.
    pub frames: u64,
    /// Deliveries a second.
    pub per_s: f64,
    /// CPU of the server, in microseconds for each delivery.
    pub cpu_us: Option<f64>,
    /// How late the generator sent.
    pub late: Times,
}

impl Outcome {
    /// As figures whose names begin with `prefix`.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn tell(mut self, prefix: &str, figures: &mut Figures) {
        figures.add(format!("{prefix}deliveries_per_s"), self.per_s);
        figures.add_times(&format!("{prefix}received"), &mut self.received);
        if self.saved.count() > 0 {
            figures.add_times(&format!("{prefix}saved"), &mut self.saved);
        }
        figures.add(format!("{prefix}lost"), self.lost as f64);
        figures.add(
            format!("{prefix}edits_per_frame"),
            self.received.count() as f64 / self.frames.max(1) as f64,
        );
        if let Some(cpu) = self.cpu_us {
            figures.add(format!("{prefix}server_cpu_us_per_delivery"), cpu);
        }
        figures.add(format!("{prefix}sent_late_p99_ms"), self.late.percentile(0.99));
    }
}

/// When each move of one person was sent; the first has the clock `first`.
#[derive(Default)]
struct Sent {
    first: u32,
    at: Mutex<Vec<Instant>>,
}

impl Sent {
    fn add(&self, at: Instant) {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).push(at);
    }

    /// Sends of the clocks from `from` up to `to`.
    fn of(&self, from: u32, to: u32) -> Vec<Instant> {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let index = |clock: u32| usize::try_from(clock.saturating_sub(self.first)).unwrap_or(0).min(at.len());
        at[index(from)..index(to)].to_vec()
    }

    fn end(&self) -> u32 {
        let sent = self.at.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.first + u32::try_from(sent).unwrap_or(0)
    }
}

type Everybody = Arc<HashMap<u64, Sent>>;

struct Seat {
    pen: Pen,
    mouth: Mouth,
    ear: Ear,
    known: Known,
}

/// Performs it.
///
/// # Errors
/// When a connection ends or nothing comes of it.
pub async fn run(place: &Place<'_>, size: Size, chance: &mut Chance) -> Result<Outcome> {
    let mut rooms = vec![];
    for room in 0..size.rooms {
        let mut seats = vec![];
        for n in 0..size.people {
            let person = room * size.people + n;
            seats.push(enter(place, room, person, client_id(chance, person)).await?);
        }
        rooms.push(seats);
    }
    let began = Instant::now() + WARM;
    let until = began + size.time;
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let pause = {
        let others = (size.people - 1) as f64;
        Duration::from_secs_f64((size.rooms * size.people) as f64 * others / size.per_s)
    };
    let (told, _) = watch::channel(false);
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    for seats in rooms {
        let everybody: Everybody = Arc::new(
            seats
                .iter()
                .map(|seat| {
                    (
                        seat.pen.client,
                        Sent {
                            first: seat.pen.clock(),
                            ..Sent::default()
                        },
                    )
                })
                .collect(),
        );
        for Seat { pen, mouth, ear, known } in seats {
            let reader = Reader {
                me: pen.client,
                ear,
                known,
                everybody: Arc::clone(&everybody),
                began,
                outcome: Outcome::default(),
                acked: 2,
                keeps: place.keeps,
            };
            readers.spawn(reader.read(told.subscribe()));
            writers.spawn(write(pen, mouth, Arc::clone(&everybody), chance.fork(), pause, until));
        }
    }
    tokio::time::sleep_until(began.into()).await;
    let before = place.cost()?;
    let mut outcome = Outcome::default();
    let mut mouths = vec![];
    while let Some(written) = writers.join_next().await {
        let (late, mouth) = written??;
        outcome.late.merge(late);
        mouths.push(mouth);
    }
    told.send_replace(true);
    while let Some(read) = readers.join_next().await {
        let read = read??;
        outcome.received.merge(read.received);
        outcome.saved.merge(read.saved);
        outcome.lost += read.lost;
        outcome.frames += read.frames;
    }
    let after = place.cost()?;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let deliveries = outcome.received.count() as f64;
    outcome.per_s = deliveries / size.time.as_secs_f64();
    outcome.cpu_us = before
        .zip(after)
        .map(|(before, after)| (after.cpu_s - before.cpu_s) * 1e6 / deliveries);
    Ok(outcome)
}

/// Comes in, hears what is there, and puts a note on the canvas.
async fn enter(place: &Place<'_>, room: usize, person: usize, client: u64) -> Result<Seat> {
    let (address, authorization) = place.entrance(room, person);
    let (mut mouth, mut ear) = editor::open(address, authorization).await?;
    let (mut pen, mut known) = (Pen::new(client), Known::default());
    if place.keeps {
        mouth.join().await?;
        let all = timeout(PATIENCE, ear.answered()).await.context("a canvas did not open")??;
        known.take(&all, |_, _, _| {})?;
    }
    mouth.say(change(&pen.add(1))).await?;
    Ok(Seat { pen, mouth, ear, known })
}

async fn write(
    mut pen: Pen,
    mut mouth: Mouth,
    everybody: Everybody,
    mut chance: Chance,
    pause: Duration,
    until: Instant,
) -> Result<(Times, Mouth)> {
    let sent = everybody.get(&pen.client).context("a person who is nobody")?;
    let mut late = Times::default();
    let mut due = Instant::now();
    loop {
        due += chance.pause(pause);
        if due >= until {
            return Ok((late, mouth));
        }
        tokio::time::sleep_until(due.into()).await;
        let update = pen.move_to(0, chance.between(0, 4000) as f64, chance.between(0, 4000) as f64);
        let now = Instant::now();
        late.add(now - due);
        sent.add(now);
        mouth.say(change(&update)).await?;
    }
}

struct Reader {
    me: u64,
    ear: Ear,
    known: Known,
    everybody: Everybody,
    began: Instant,
    outcome: Outcome,
    /// Own messages that are saved: the answer and the first note come before the moves.
    acked: u64,
    keeps: bool,
}

impl Reader {
    /// Hears until everything is here, once all is said.
    async fn read(mut self, mut told: watch::Receiver<bool>) -> Result<Outcome> {
        let mut give_up = None;
        loop {
            if *told.borrow_and_update() {
                give_up.get_or_insert_with(|| Instant::now() + PATIENCE);
                if self.missing() == 0 && self.all_saved() {
                    return Ok(self.outcome);
                }
            }
            let deadline = give_up.unwrap_or_else(|| Instant::now() + 10 * PATIENCE);
            let heard = tokio::select! {
                heard = self.ear.next() => heard?,
                changed = told.changed(), if give_up.is_none() => {
                    changed?;
                    continue;
                }
                () = tokio::time::sleep_until(deadline.into()) => {
                    self.outcome.lost = self.missing();
                    return Ok(self.outcome);
                }
            };
            self.take(&heard, Instant::now())?;
        }
    }

    fn take(&mut self, heard: &Heard, now: Instant) -> Result<()> {
        let Self {
            me,
            known,
            everybody,
            began,
            outcome,
            ..
        } = self;
        match heard {
            Heard::Change(update) | Heard::Answer(update) => {
                let mut news = false;
                known.take(update, |client, from, to| {
                    let Some(sent) = everybody.get(&client).filter(|_| client != *me) else {
                        return;
                    };
                    for at in sent.of(from, to).into_iter().filter(|at| *at >= *began) {
                        news = true;
                        outcome.received.add(now - at);
                    }
                })?;
                outcome.frames += u64::from(news);
            }
            Heard::Ack(count) => {
                if let Some(sent) = everybody.get(me) {
                    let clock = |messages: u64| sent.first + u32::try_from(messages.saturating_sub(2)).unwrap_or(0);
                    for at in sent.of(clock(self.acked), clock(*count)).into_iter().filter(|at| *at >= *began) {
                        outcome.saved.add(now - at);
                    }
                }
                self.acked = self.acked.max(*count);
            }
            Heard::Question | Heard::Presence(_) | Heard::Other => {}
        }
        Ok(())
    }

    /// Edits of others that are not here.
    fn missing(&self) -> u64 {
        let others = self.everybody.iter().filter(|(client, _)| **client != self.me);
        let missing = |(client, sent): (&u64, &Sent)| sent.end().saturating_sub(self.known.of(*client).max(sent.first));
        others.map(missing).map(u64::from).sum()
    }

    fn all_saved(&self) -> bool {
        let sent = self.everybody.get(&self.me).map_or(0, |sent| sent.end() - sent.first);
        !self.keeps || self.acked >= u64::from(sent) + 2
    }
}
