//! The rules of Coord as pure functions: lifecycle, holds, routing, rights, dependencies.
//!
//! Nothing here reads a clock, makes an id, logs, or touches actix, sqlx or a socket (INV-3, INV-10). A caller loads state, asks
//! [`lifecycle::apply`] what a command does, stores what [`lifecycle::evolve`] makes of it, and only then tells anybody.
//!
//! Start reading at [`job::Job`], then [`lifecycle`].

pub mod analytics;
pub mod canvas;
pub mod dependency;
pub mod dispatch;
pub mod folder;
pub mod hold;
pub mod inbox;
pub mod job;
pub mod lifecycle;
pub mod mention;
pub mod order;
pub mod people;
pub mod refusal;
pub mod rights;
pub mod search;
pub mod settings;
pub mod validate;

pub use refusal::{Refusal, RefusalKind};
