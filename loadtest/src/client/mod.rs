//! Clients of the public interfaces: a person over HTTP and WebSocket, a runner over the runner protocol.

pub mod editor;
pub mod http;
pub mod runner;
pub mod socket;
pub mod tab;
