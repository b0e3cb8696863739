//! How fast a client may send. Who sends faster is read more slowly, which is lost on nobody else (INV-8).

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// So much at once, and so much per second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) at_once: f64,
    pub(super) per_second: f64,
}

/// What is left of a rate.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Rate,
    left: f64,
    at: Instant,
}

impl Pace {
    pub(super) const fn new(rate: Rate, now: Instant) -> Self {
        Self {
            rate,
            left: rate.at_once,
            at: now,
        }
    }

    /// Takes so much; how long to wait before going on.
    pub(super) fn take(&mut self, amount: f64, now: Instant) -> Duration {
        let gained = now.duration_since(self.at).as_secs_f64() * self.rate.per_second;
        self.left = (self.left + gained).min(self.rate.at_once) - amount;
        self.at = now;
        if self.left >= 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(-self.left / self.rate.per_second)
    }
}

/// Waits, if there is anything to wait for: even no time at all takes a timer up to two milliseconds.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn can_9_who_sends_too_fast_waits() {
        let start = Instant::now();
        let mut pace = Pace::new(
            Rate {
                at_once: 10.0,
                per_second: 5.0,
            },
            start,
        );
        for _ in 0..10 {
            assert_eq!(pace.take(1.0, start), Duration::ZERO);
        }
        assert_eq!(pace.take(1.0, start), Duration::from_millis(200));
        // Having waited, it goes on at the rate.
        assert_eq!(pace.take(1.0, start + Duration::from_millis(200)), Duration::from_millis(200));
        assert_eq!(pace.take(1.0, start + Duration::from_secs(60)), Duration::ZERO);
    }
}
