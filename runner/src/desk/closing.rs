//! The end of this program: handing back, or leaving all for the next start (RUN-7).

use super::{Desk, Phase, Work};
use crate::work::Order;
use std::time::Duration;

impl Desk {
    /// Hands back what is held: agents stop gracefully, the server confirms. Returns when that is done or `patience` after the last
    /// attempt ended.
    pub async fn drain(&self, patience: Duration) {
        self.take_no_more();
        for claim in self.lock().claims.values() {
            if let Work::Running(orders) = &claim.work {
                let _ = orders.try_send(Order::Stop { kill: false });
            }
        }
        self.ended_all(patience).await;
    }

    /// Lets what is held end by itself and takes no more. Returns as [`Desk::drain`] does.
    pub async fn finish(&self, patience: Duration) {
        self.take_no_more();
        self.ended_all(patience).await;
    }

    fn take_no_more(&self) {
        self.phase.send_if_modified(|phase| {
            let begins = *phase == Phase::Running;
            if begins {
                *phase = Phase::Draining;
            }
            begins
        });
        self.wake.show();
    }

    async fn ended_all(&self, patience: Duration) {
        let mut moved = self.moved.subscribe();
        let busy = || {
            self.lock()
                .claims
                .values()
                .any(|claim| matches!(claim.work, Work::Running(_) | Work::Merging))
        };
        while busy() {
            if moved.changed().await.is_err() {
                return;
            }
        }
        let unconfirmed = || self.lock().claims.values().any(|claim| matches!(claim.work, Work::Told));
        let confirmed = async {
            while unconfirmed() {
                if moved.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(patience, confirmed).await.is_err() {
            tracing::warn!("the server has not confirmed all; the next start of this runner tells it again");
        }
    }

    /// Ends at once: agents are killed, nothing is told, the next start goes on with what is held.
    pub async fn abandon(&self, patience: Duration) {
        self.phase.send_replace(Phase::Over);
        for claim in self.lock().claims.values() {
            if let Work::Running(orders) = &claim.work {
                let _ = orders.try_send(Order::Abandon);
            }
        }
        let mut moved = self.moved.subscribe();
        let gone = async {
            while self.lock().claims.values().any(|claim| matches!(claim.work, Work::Running(_))) {
                if moved.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(patience, gone).await;
    }
}
