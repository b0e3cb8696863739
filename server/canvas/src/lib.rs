//! Canvas documents as bytes (CAN-1, CAN-9): checked, merged, answered from, read and edited. No clock, no randomness, no IO.

pub mod model;
