//! The actors with a real store, a fake runner on the other end of its channel, and a clock that tests move.

mod claims;
mod copies;
mod intake;
mod owner;
pub(super) mod stage;
