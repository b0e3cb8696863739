//! Every SQL statement of the server, on SQLite and PostgreSQL with one text, behind typed functions.
//!
//! One file per aggregate. Reading functions take `&mut Conn` (what [`Store::read`] gives, or a [`Tx`]); writing ones take `&mut Tx`,
//! which only [`Store::write`] hands out:
//!
//! ```ignore
//! let seq = store.write(async move |tx: &mut Tx| -> Result<i64, StoreError> {
//!     accounts::insert(tx, &account).await?;            // all of it or nothing
//!     feed::append(tx, workspace, at, "member.changed", None, &payload).await
//! }).await?;                                            // returns after COMMIT (INV-1)
//! ```
//!
//! The unit may be run again (PostgreSQL gave way to another transaction), so it borrows what it captured and has no effect outside
//! `tx`. On PostgreSQL units run side by side at READ COMMITTED: a write that depends on what was read must name the version it read,
//! take the row by `UPDATE … RETURNING` first, or rest on a constraint.
//!
//! This crate decides nothing; the rules are in `coord-domain`.

pub mod accounts;
pub mod analytics;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod canvases;
pub mod db;
pub mod error;
pub mod feed;
pub mod files;
pub mod folders;
pub mod idempotency;
pub mod inbox;
pub mod invitations;
pub mod jobs;
pub mod log;
pub mod members;
pub mod mentions;
pub mod messages;
pub mod notes;
pub mod requests;
pub mod resets;
pub mod row;
pub mod runner_codes;
pub mod runners;
pub mod search;
pub mod sessions;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tickets;
pub mod tokens;
pub mod uploads;
pub mod workspaces;
mod writer;

pub use db::{Conn, Database, Reader, Store, StoreConfig, Tx};
pub use error::{StoreError, UnitError};
