//! Canvas documents as bytes (CAN-1, CAN-9): checked, merged, answered from, read and edited. No clock, no randomness, no IO.
//!
//! [`document`] is how the server holds an open canvas: nothing of it is a Yjs document. What needs to know what the bytes mean builds one for
//! a moment, in [`model`]. Everything from outside passes [`Document::admit`] first, which is also what makes it safe to hand on to yrs.

mod admission;
mod block;
mod bytes;
mod deletes;
pub mod document;
pub mod model;
pub mod presence;
mod stored;
mod structs;
pub mod wire;

pub use bytes::Malformed;
pub use document::{Admitted, Change, Document, NotAdmitted, Ownership};
