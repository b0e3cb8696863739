//! How many sockets are open, and of whom: one account cannot take them all (INV-5).

use coord_protocol::id::{RunnerId, UserId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// Whose socket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A person's, or a program's on their behalf.
    User(UserId),
    /// A runner's.
    Runner(RunnerId),
}

#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<HashMap<Holder, u32>>);

/// One open socket; it counts until this is dropped.
#[derive(Debug)]
pub struct Seat(Arc<Seats>, Holder);

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = super::lock(&self.0.0);
        if let Some(count) = taken.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.1);
            }
        }
    }
}

impl super::Live {
    /// A place for one more socket, unless there are `most` of this holder already.
    #[must_use]
    pub fn seat(&self, holder: Holder, most: u32) -> Option<Seat> {
        let mut taken = super::lock(&self.0.seats.0);
        let count = taken.entry(holder).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat(Arc::clone(&self.0.seats), holder))
    }

    /// Sockets open now.
    #[must_use]
    pub fn open_sockets(&self) -> i64 {
        super::lock(&self.0.seats.0).values().copied().map(i64::from).sum()
    }
}
