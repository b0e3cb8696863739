//! What the connections of one canvas share: the frames to be sent, each made once and committed before it is put here (INV-1).
//!
//! Every connection reads at its own pace. One that falls behind what is kept is closed and comes back with its state vector (INV-5).

use bytes::Bytes;
use futures_util::Stream;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

/// Bytes and frames kept for connections that read slowly.
const KEPT_BYTES: usize = 2 * 1024 * 1024;
const KEPT_FRAMES: usize = 4_096;

/// Names a connection to a canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(pub(super) u64);

/// Why there are no more frames for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It fell too far behind.
    Slow,
    /// The canvas was deleted.
    Deleted,
    /// Something failed here.
    Failed,
}

/// A frame, and the connection that need not get it: it said all of it itself.
struct Frame {
    bytes: Bytes,
    but: Option<Connection>,
}

#[derive(Default)]
struct Ring {
    /// Number of the first frame kept.
    first: u64,
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Where the head was when frames were last let go.
    mark: u64,
    ended: Option<Ended>,
    /// Those that have read everything.
    waiting: Vec<Waker>,
}

impl Ring {
    fn head(&self) -> u64 {
        self.first + self.frames.len() as u64
    }
}

/// The frames of one canvas.
#[derive(Default)]
pub struct Room {
    ring: Mutex<Ring>,
}

impl Room {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Number of the next frame: who has everything up to here follows from it.
    pub(super) fn head(&self) -> u64 {
        super::super::lock(&self.ring).head()
    }

    pub(super) fn put(&self, bytes: Bytes, but: Option<Connection>) {
        let waiting = {
            let mut ring = super::super::lock(&self.ring);
            ring.bytes += bytes.len();
            ring.frames.push_back(Frame { bytes, but });
            while ring.frames.len() > 1 && (ring.bytes > KEPT_BYTES || ring.frames.len() > KEPT_FRAMES) {
                if let Some(frame) = ring.frames.pop_front() {
                    ring.bytes -= frame.bytes.len();
                    ring.first += 1;
                }
            }
            std::mem::take(&mut ring.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Lets go of the frames from before the last call: whoever has not taken them by now is stuck, and finds out.
    pub(super) fn forget_old(&self) {
        let mut ring = super::super::lock(&self.ring);
        let head = ring.head();
        while ring.first < ring.mark {
            match ring.frames.pop_front() {
                Some(frame) => {
                    ring.bytes -= frame.bytes.len();
                    ring.first += 1;
                }
                None => break,
            }
        }
        ring.mark = head;
        ring.frames.shrink_to(64);
    }

    /// Ends all connections.
    pub(super) fn end(&self, why: Ended) {
        let waiting = {
            let mut ring = super::super::lock(&self.ring);
            ring.ended = Some(why);
            std::mem::take(&mut ring.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The frames from number `from` on, for one connection.
    pub fn follow(self: Arc<Self>, from: u64, me: Connection) -> Follow {
        Follow {
            room: self,
            at: from,
            me,
            waits: None,
            ended: false,
        }
    }
}

/// The frames of a room as one connection reads them; it ends after the error that says why.
pub struct Follow {
    room: Arc<Room>,
    at: u64,
    me: Connection,
    /// It waits for the frame of this number, and is woken by this.
    waits: Option<(u64, Waker)>,
    ended: bool,
}

impl Drop for Follow {
    fn drop(&mut self) {
        if let Some((_, mine)) = &self.waits {
            super::super::lock(&self.room.ring).waiting.retain(|waker| !waker.will_wake(mine));
        }
    }
}

impl Stream for Follow {
    type Item = Result<Bytes, Ended>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let room = Arc::clone(&self.room);
        let mut ring = super::super::lock(&room.ring);
        let index = match ring.ended {
            Some(why) => Err(why),
            None => self.at.checked_sub(ring.first).ok_or(Ended::Slow),
        };
        let index = match index {
            Ok(index) => usize::try_from(index).unwrap_or(usize::MAX),
            Err(why) => {
                self.ended = true;
                return Poll::Ready(Some(Err(why)));
            }
        };
        for frame in ring.frames.range(index.min(ring.frames.len())..) {
            self.at += 1;
            if frame.but != Some(self.me) {
                return Poll::Ready(Some(Ok(frame.bytes.clone())));
            }
        }
        // Looked and waited under one lock: no frame comes in between. Each frame wakes all, so who waits for this one waits already.
        let head = ring.head();
        if !matches!(&self.waits, Some((at, waker)) if *at == head && waker.will_wake(cx.waker())) {
            ring.waiting.push(cx.waker().clone());
            self.waits = Some((head, cx.waker().clone()));
        }
        Poll::Pending
    }
}
