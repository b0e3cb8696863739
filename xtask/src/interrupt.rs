//! Ctrl-C and SIGTERM: the first asks everything to stop in order, the second ends children at once.

use anyhow::{Context, Result};
use std::sync::atomic::{AtomicU8, Ordering};

static ASKED: AtomicU8 = AtomicU8::new(0);

/// Takes over Ctrl-C and SIGTERM. Call once.
pub fn install() -> Result<()> {
    ctrlc::set_handler(|| {
        ASKED.fetch_add(1, Ordering::Relaxed);
    })
    .context("Ctrl-C cannot be caught")
}

/// Whether somebody wants this command to stop.
pub fn requested() -> bool {
    ASKED.load(Ordering::Relaxed) > 0
}

/// Whether somebody asked twice.
pub fn insisted() -> bool {
    ASKED.load(Ordering::Relaxed) > 1
}
