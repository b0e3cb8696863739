//! Load scenarios against a Coord server, and the test of its crashes: every one a real client of the public interfaces.
//!
//! A scenario is seeded, bounded in time and on loopback only. It starts a server of its own, or uses one that is named. Start reading
//! at [`scenarios`] for what is measured and at [`kill`] for what must survive.

pub mod bare;
pub mod chance;
pub mod client;
pub mod kill;
pub mod process;
pub mod progress;
pub mod report;
pub mod scenarios;
pub mod stage;
