//! Sockets. The only place that knows `actix-web-actors`.
//!
//! What a socket does is a plain async function over two bounded channels ([`Incoming`], [`Outgoing`]), so it is tested without a
//! socket, and replacing the crate underneath touches [`socket`] alone. [`guard`] stands in front of the frame parser.
//!
//! Back-pressure: `actix-web-actors` polls its actor only while the client's socket takes bytes, and the actor takes from the channel
//! only when polled. So a client that stops reading stops the function that feeds it, with a few messages in between (INV-5).

pub mod canvas;
pub mod events;
mod guard;
pub mod log;
mod pace;
mod pieces;
mod pipe;
pub mod runner;
mod socket;

use actix_web::web;

/// The sockets, under `/api/v1`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/workspaces/{ws}/events", web::get().to(events::open))
        .route("/canvases/{canvas}/sync", web::get().to(canvas::open))
        .route("/attempts/{attempt}/log/live", web::get().to(log::open))
        .route("/runner", web::get().to(runner::open));
}

/// Close codes of this application; clients act on them.
pub mod close {
    /// Rights ended: sign in again, or leave. Do not reconnect as you are.
    pub const REVOKED: u16 = coord_protocol::runner::CLOSE_REVOKED;
    /// Another program has connected as this runner.
    pub const DISPLACED: u16 = coord_protocol::runner::CLOSE_DISPLACED;
    /// The other side broke the protocol.
    pub const PROTOCOL: u16 = 4400;
    /// Silent for too long.
    pub const SILENT: u16 = 4408;
    /// The server failed or shuts down: connect again.
    pub const AGAIN: u16 = 4500;
}
