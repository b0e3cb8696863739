//! `cargo xtask up`.
