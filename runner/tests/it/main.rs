//! The runner against a small server, with real agents' processes and real repositories.

// They look into /proc for processes that are left, and run shell scripts.
#![cfg(target_os = "linux")]

mod agents;
mod commands;
mod common;
mod dependencies;
mod disk;
mod doctor;
mod ends;
mod failures;
mod faults;
mod hostile;
mod link;
mod local;
mod repository;
mod screen;
mod server;
mod walls;
