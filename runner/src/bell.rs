//! Who is woken when something changed: the link, which has something to tell, and the screen, which has something to show.

use tokio::sync::{Notify, futures::Notified};

/// Wakes the link and the screen.
#[derive(Debug, Default)]
pub struct Bell {
    link: Notify,
    screen: Notify,
}

impl Bell {
    /// Something changed: both look.
    pub fn ring(&self) {
        self.link.notify_one();
        self.screen.notify_one();
    }

    /// The link looks again.
    pub fn notify_one(&self) {
        self.link.notify_one();
    }

    /// Only what is shown changed.
    pub fn show(&self) {
        self.screen.notify_one();
    }

    /// Waits for the link's turn.
    pub fn notified(&self) -> Notified<'_> {
        self.link.notified()
    }

    /// Waits until there is something new to show.
    pub fn shown(&self) -> Notified<'_> {
        self.screen.notified()
    }
}
