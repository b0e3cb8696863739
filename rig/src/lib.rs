//! What real agents are tried against: a model that does what a script in the prompt says ([`model`]), and a proxy that lets nothing
//! out and remembers who wanted to go where ([`proxy`]). Both listen on loopback alone. No part of the product uses this.

mod http;
pub mod model;
pub mod proxy;
mod script;

pub use script::Step;
