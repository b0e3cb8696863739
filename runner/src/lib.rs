//! The runner: executes agentic jobs on somebody's machine.
//!
//! It connects out to a server ([`link`]), takes work and keeps what it holds at a [`desk`], writes every log entry to disk before it is
//! sent ([`spool`], [`outbox`]), drives agents through one trait ([`agents`]) and git through one module ([`git`]). An attempt from its
//! assignment to its end is [`work`]. What the machine's owner allows is in [`config`]; no server can override it. What keeps agents
//! in is in [`walls`].
//!
//! Start reading at [`desk`], then [`work`].

pub mod agents;
pub mod bell;
pub mod brief;
pub mod clock;
pub mod config;
pub mod config_file;
pub mod desk;
pub mod disk;
pub mod files;
pub mod git;
pub mod history;
pub mod http;
pub mod link;
pub mod login;
pub mod mask;
pub mod merges;
pub mod messages;
pub mod outbox;
pub mod screen;
pub mod service;
pub mod spool;
pub mod walls;
pub mod work;
