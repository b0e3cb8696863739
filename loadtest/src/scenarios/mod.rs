//! What is measured. Each scenario is a function from a stage, its settings and chance to figures.

pub mod canvas;
pub mod dispatch;
pub mod hostile;
pub mod idle;
pub mod log_open;
pub mod logs;
pub mod people;
pub mod team;
