//! What one claim has to tell the server: its log from the spool, its activity, its end.
//!
//! Nothing waits in memory but positions: unsent entries are read from the spool when the link has room. The link asks with
//! [`Outbox::next`]; the work wakes it with every change.

use crate::{
    bell::Bell,
    brief::Brief,
    clock::Clock,
    spool::{Spool, SpoolError, State},
};
use coord_protocol::{
    attempt::FailureReason,
    id::AttemptId,
    job::Activity,
    log::LogBody,
    runner::{FromRunner, MAX_BATCH, PauseTold},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Bytes of entries in one message; [`coord_protocol::runner::MAX_MESSAGE`] with room for one more entry and the frame.
const BATCH_BYTES: usize = coord_protocol::runner::MAX_MESSAGE - coord_protocol::log::MAX_ENTRY - 4096;

/// Entries sent and not yet confirmed, at most. Beyond it the link waits for confirmation, so that neither side piles up.
const WINDOW: i64 = 4 * MAX_BATCH as i64;

/// Pause before an unconfirmed end is told again.
const REPEAT: Duration = Duration::from_secs(5);

/// Why nothing happens at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pausing {
    /// The agent has said nothing since then.
    Silent {
        /// When it last said something.
        since: Instant,
    },
    /// The agent is started again.
    Backoff {
        /// What went wrong.
        reason: FailureReason,
        /// When.
        until: Instant,
        /// Which retry in a row, counted from 1.
        retry: u32,
        /// After how many the attempt fails.
        limit: u32,
    },
}

impl Pausing {
    /// As the server is told at `now`.
    fn told(self, now: Instant) -> PauseTold {
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        match self {
            Self::Silent { since } => PauseTold::Silent {
                for_ms: ms(now.saturating_duration_since(since)),
            },
            Self::Backoff {
                reason,
                until,
                retry,
                limit,
            } => PauseTold::Backoff {
                reason,
                in_ms: ms(until.saturating_duration_since(now)),
                retry,
                limit,
            },
        }
    }
}

/// What one claim has to tell.
#[derive(Debug)]
pub struct Outbox {
    /// The attempt.
    pub attempt: AttemptId,
    /// The claim's fence.
    pub fence: i64,
    clock: Clock,
    wake: Arc<Bell>,
    state: Mutex<Outgoing>,
}

/// One claim at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// What is going on, once it is known.
    pub activity: Option<Activity>,
    /// What its log tells.
    pub brief: Brief,
    /// The file that holds the log.
    pub log: Option<PathBuf>,
    /// Entries the server has not confirmed.
    pub unconfirmed: i64,
}

#[derive(Debug)]
struct Outgoing {
    /// Absent for a merge, which has no log.
    spool: Option<Spool>,
    /// Last entry sent on this connection.
    sent: i64,
    /// Last entry the server holds.
    confirmed: i64,
    activity: Option<(Activity, Option<Pausing>)>,
    activity_told: bool,
    end: Option<FromRunner>,
    end_told: Option<Instant>,
}

impl Outbox {
    /// For a claim with the given spool.
    #[must_use]
    pub fn new(attempt: AttemptId, fence: i64, spool: Option<Spool>, wake: Arc<Bell>, clock: Clock) -> Arc<Self> {
        let state = Outgoing {
            spool,
            sent: 0,
            confirmed: 0,
            activity: None,
            activity_told: true,
            end: None,
            end_told: None,
        };
        Arc::new(Self {
            attempt,
            fence,
            clock,
            wake,
            state: Mutex::new(state),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an entry down and wakes the link. Returns its number.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn append(&self, body: LogBody) -> Result<i64, SpoolError> {
        let at = self.clock.now();
        let mut state = self.lock();
        let Some(spool) = state.spool.as_mut() else { return Ok(0) };
        let seq = spool.append(at, body)?;
        drop(state);
        self.wake.ring();
        Ok(seq)
    }

    /// Number of the last entry.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.lock().spool.as_ref().map_or(0, Spool::last)
    }

    /// What a screen shows of it.
    #[must_use]
    pub fn glance(&self) -> Glance {
        let state = self.lock();
        Glance {
            activity: state.activity.map(|(activity, _)| activity),
            brief: state.spool.as_ref().map(|spool| spool.brief().clone()).unwrap_or_default(),
            log: state.spool.as_ref().map(Spool::log_file),
            unconfirmed: state.spool.as_ref().map_or(0, |spool| (spool.last() - state.confirmed).max(0)),
        }
    }

    /// Remembers the state on disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&self, state: &State) -> Result<(), SpoolError> {
        self.lock().spool.as_mut().map_or(Ok(()), |spool| spool.save(state))
    }

    /// Gives up the reserve of a full disk.
    pub fn release_reserve(&self) {
        if let Some(spool) = &self.lock().spool {
            spool.release_reserve();
        }
    }

    /// Deletes the spool.
    ///
    /// # Errors
    /// When it cannot be deleted.
    pub fn remove(&self) -> Result<(), SpoolError> {
        self.lock().spool.take().map_or(Ok(()), |spool| spool.remove())
    }

    /// Tells what is going on now, if it changed.
    pub fn activity(&self, activity: Activity) {
        self.tell(activity, None);
    }

    /// Tells what is going on, and why nothing happens at the moment.
    pub fn pausing(&self, activity: Activity, pausing: Pausing) {
        self.tell(activity, Some(pausing));
    }

    fn tell(&self, activity: Activity, pausing: Option<Pausing>) {
        let mut state = self.lock();
        if state.activity != Some((activity, pausing)) {
            state.activity = Some((activity, pausing));
            state.activity_told = false;
            drop(state);
            self.wake.ring();
        }
    }

    /// Tells the end, until the server has confirmed it.
    pub fn end(&self, end: FromRunner) {
        let mut state = self.lock();
        state.end = Some(end);
        state.end_told = None;
        drop(state);
        self.wake.ring();
    }

    /// Whether the end is known.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    /// A connection begins; the server holds the entries up to `confirmed`. All else is told again.
    ///
    /// # Errors
    /// When the spool cannot go on after it.
    pub fn resume(&self, confirmed: i64) -> Result<(), SpoolError> {
        let mut state = self.lock();
        if let Some(spool) = state.spool.as_mut() {
            spool.go_on_after(confirmed)?;
        }
        state.sent = confirmed;
        state.confirmed = confirmed;
        state.activity_told = state.activity.is_none();
        state.end_told = None;
        drop(state);
        self.wake.ring();
        Ok(())
    }

    /// A connection begins on which the server no longer knows the claim: only the end is told again, since the answer to it may have
    /// been lost.
    pub fn only_end(&self) {
        let mut state = self.lock();
        let last = state.spool.as_ref().map_or(0, Spool::last);
        state.sent = last;
        state.confirmed = last;
        state.activity_told = true;
        state.end_told = None;
        drop(state);
        self.wake.ring();
    }

    /// The server holds the entries up to `seq`. The same number again, while more was sent, means that the rest did not fit on to it:
    /// it is sent once more.
    pub fn confirm(&self, seq: i64) {
        let mut state = self.lock();
        if seq == state.confirmed && state.sent > seq {
            state.sent = seq;
            state.end_told = None;
        }
        state.confirmed = state.confirmed.max(seq);
        drop(state);
        self.wake.ring();
    }

    /// The next message for the server, if there is one: entries before activity before the end.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn next(&self, now: Instant) -> Result<Option<String>, SpoolError> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(spool) = state.spool.as_mut() {
            let room = usize::try_from(state.confirmed + WINDOW - state.sent).unwrap_or(0).min(MAX_BATCH);
            let from = (state.sent + 1).max(spool.first());
            if room > 0
                && let Some((entries, last)) = spool.read(from, room, BATCH_BYTES)?
            {
                state.sent = last;
                // The entries are valid JSON already; decoding them to encode them again would be waste.
                let (attempt, fence) = (self.attempt, self.fence);
                return Ok(Some(format!(
                    r#"{{"type":"log","attempt":"{attempt}","fence":{fence},"entries":[{entries}]}}"#
                )));
            }
        }
        let all_sent = state.spool.as_ref().is_none_or(|spool| state.sent >= spool.last());
        if !state.activity_told
            && let Some((activity, pausing)) = state.activity
        {
            state.activity_told = true;
            let message = FromRunner::Activity {
                attempt: self.attempt,
                fence: self.fence,
                activity,
                pause: pausing.map(|pausing| pausing.told(now)),
            };
            return Ok(Some(encode(&message)));
        }
        if let Some(end) = &state.end
            && all_sent
            && state.end_told.is_none_or(|told| now.duration_since(told) >= REPEAT)
        {
            state.end_told = Some(now);
            return Ok(Some(encode(end)));
        }
        Ok(None)
    }
}

/// A message as it goes over the wire.
#[must_use]
pub fn encode(message: &FromRunner) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::testing::assignment;

    fn text(n: usize) -> LogBody {
        LogBody::Text { text: format!("line {n}") }
    }

    fn an_outbox(root: &std::path::Path) -> Arc<Outbox> {
        let assignment = assignment(4);
        let spool = Spool::create(root, &assignment, Arc::default()).unwrap();
        Outbox::new(assignment.attempt, assignment.fence, Some(spool), Arc::default(), Clock)
    }

    fn numbers(message: &str) -> Vec<i64> {
        match serde_json::from_str(message).unwrap() {
            FromRunner::Log { entries, fence, .. } => {
                assert_eq!(fence, 4);
                entries.iter().map(|entry| entry.seq).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn agt_10_after_a_break_entries_go_on_after_the_confirmed_number() {
        let root = tempfile::tempdir().unwrap();
        let outbox = an_outbox(root.path());
        let now = Instant::now();
        (1..=5).for_each(|n| assert_eq!(outbox.append(text(n)).unwrap(), n as i64));
        assert_eq!(numbers(&outbox.next(now).unwrap().unwrap()), [1, 2, 3, 4, 5]);
        assert_eq!(outbox.next(now).unwrap(), None);
        outbox.append(text(6)).unwrap();
        outbox.resume(3).unwrap();
        assert_eq!(numbers(&outbox.next(now).unwrap().unwrap()), [4, 5, 6]);
    }

    #[test]
    fn agt_10_when_the_server_asks_for_what_follows_a_number_it_is_sent_again() {
        let root = tempfile::tempdir().unwrap();
        let outbox = an_outbox(root.path());
        let now = Instant::now();
        (1..=5).for_each(|n| assert_eq!(outbox.append(text(n)).unwrap(), n as i64));
        outbox.next(now).unwrap();
        outbox.confirm(3);
        assert_eq!(outbox.next(now).unwrap(), None, "the rest is under way");
        outbox.confirm(3);
        assert_eq!(numbers(&outbox.next(now).unwrap().unwrap()), [4, 5]);
        outbox.confirm(5);
        outbox.confirm(5);
        assert_eq!(outbox.next(now).unwrap(), None);
    }

    #[test]
    fn agt_10_no_more_than_the_window_is_sent_without_confirmation() {
        let root = tempfile::tempdir().unwrap();
        let outbox = an_outbox(root.path());
        let now = Instant::now();
        (1..=6000).for_each(|n| assert_eq!(outbox.append(text(n)).unwrap(), n as i64));
        let mut sent = 0;
        while let Some(message) = outbox.next(now).unwrap() {
            sent += numbers(&message).len();
        }
        assert_eq!(sent, 4000);
        outbox.confirm(1500);
        let mut more = Vec::new();
        while let Some(message) = outbox.next(now).unwrap() {
            more.extend(numbers(&message));
        }
        assert_eq!((more.first(), more.last()), (Some(&4001), Some(&5500)));
    }

    #[test]
    fn agt_10_the_end_comes_after_all_entries_and_again_until_it_is_confirmed() {
        let root = tempfile::tempdir().unwrap();
        let outbox = an_outbox(root.path());
        let mut now = Instant::now();
        outbox.append(text(1)).unwrap();
        outbox.activity(Activity::Running);
        outbox.end(FromRunner::Merged {
            attempt: outbox.attempt,
            fence: 4,
            result: coord_protocol::runner::MergeResult::Done { commit: None },
        });
        let mut kinds = Vec::new();
        while let Some(message) = outbox.next(now).unwrap() {
            kinds.push(
                serde_json::from_str::<serde_json::Value>(&message).unwrap()["type"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        assert_eq!(kinds, ["log", "activity", "merged"]);
        now += Duration::from_secs(6);
        assert!(outbox.next(now).unwrap().unwrap().contains("merged"));
        outbox.resume(1).unwrap();
        assert!(outbox.next(now).unwrap().unwrap().contains("activity"));
        assert!(outbox.next(now).unwrap().unwrap().contains("merged"));
    }
}
