//! What Coord's programs say to one another and to the outside: ids, resources of the HTTP API, problem documents,
//! the workspace's feed, attempt logs and the runner protocol.
//!
//! Only shapes live here. This crate performs no IO, knows no clock and decides nothing; the rules are in `coord-domain`.
//! The same types make the OpenAPI document, and from it the TypeScript client, so a field is described once, here.
//!
//! Start reading at [`job`] for the product's central resource and at [`runner`] for the link to the machines.

pub mod account;
pub mod analytics;
pub mod attempt;
pub mod audit;
pub mod canvas;
pub mod feed;
pub mod file;
pub mod folder;
pub mod id;
pub mod inbox;
pub mod job;
pub mod log;
pub mod offer;
pub mod problem;
pub mod request;
pub mod rule;
pub mod runner;
pub mod runner_code;
pub mod search;
pub mod time;
pub mod workspace;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list. `next` is an opaque cursor; `null` on the last page.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items of this page, in the list's documented order.
    pub items: Vec<T>,
    /// Cursor of the next page.
    pub next: Option<String>,
}
