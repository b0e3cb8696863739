//! The runner against a small server, with real agents' processes and real repositories.

mod common;
mod faults;
mod link;
mod local;
mod repository;
mod server;
