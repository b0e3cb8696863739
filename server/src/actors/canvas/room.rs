//! What the connections of one canvas share: the frames to be sent, each made once and committed before it is put here (INV-1).
//!
//! Every connection reads at its own pace. One that falls behind what is kept is closed and comes back with its state vector (INV-5).

use bytes::Bytes;
use futures_util::Stream;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

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
}

/// The frames of one canvas.
pub struct Room {
    ring: Mutex<Ring>,
    /// Number of the next frame.
    head: watch::Sender<u64>,
}

impl Room {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            ring: Mutex::default(),
            head: watch::Sender::new(0),
        })
    }

    /// Number of the next frame: who has everything up to here follows from it.
    pub(super) fn head(&self) -> u64 {
        *self.head.borrow()
    }

    pub(super) fn put(&self, bytes: Bytes, but: Option<Connection>) {
        let mut ring = super::super::lock(&self.ring);
        ring.bytes += bytes.len();
        ring.frames.push_back(Frame { bytes, but });
        while ring.frames.len() > 1 && (ring.bytes > KEPT_BYTES || ring.frames.len() > KEPT_FRAMES) {
            if let Some(frame) = ring.frames.pop_front() {
                ring.bytes -= frame.bytes.len();
                ring.first += 1;
            }
        }
        let head = ring.first + ring.frames.len() as u64;
        drop(ring);
        self.head.send_replace(head);
    }

    /// Lets go of the frames from before the last call: whoever has not taken them by now is stuck, and finds out.
    pub(super) fn forget_old(&self) {
        let mut ring = super::super::lock(&self.ring);
        let head = ring.first + ring.frames.len() as u64;
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
        super::super::lock(&self.ring).ended = Some(why);
        self.head.send_modify(|_| {});
    }

    /// The frames from number `from` on, for one connection.
    pub fn follow(self: Arc<Self>, from: u64, me: Connection) -> impl Stream<Item = Result<Bytes, Ended>> {
        let head = self.head.subscribe();
        futures_util::stream::unfold((self, head, from, false), move |(room, mut head, mut at, ended)| async move {
            if ended {
                return None;
            }
            loop {
                head.mark_unchanged();
                match room.next(&mut at, me) {
                    Some(Ok(bytes)) => return Some((Ok(bytes), (room, head, at, false))),
                    Some(Err(why)) => return Some((Err(why), (room, head, at, true))),
                    None => head.changed().await.ok()?,
                }
            }
        })
    }

    fn next(&self, at: &mut u64, me: Connection) -> Option<Result<Bytes, Ended>> {
        let ring = super::super::lock(&self.ring);
        if let Some(why) = ring.ended {
            return Some(Err(why));
        }
        let Some(mut index) = at.checked_sub(ring.first) else {
            return Some(Err(Ended::Slow));
        };
        while let Some(frame) = usize::try_from(index).ok().and_then(|index| ring.frames.get(index)) {
            *at += 1;
            if frame.but != Some(me) {
                return Some(Ok(frame.bytes.clone()));
            }
            index += 1;
        }
        None
    }
}
