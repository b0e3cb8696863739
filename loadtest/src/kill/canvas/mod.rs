//! Canvases under everything that goes wrong: people edit, undo, lose their connections, lose and get back their rights, and the server is
//! killed. At rest all of them have the same document (CAN-1, CAN-3), and nothing that anybody saw is lost (CAN-8).

pub mod plan;
pub mod plans;
pub mod seen;
pub mod world;
