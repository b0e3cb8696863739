//! Whether and when an agent that broke off is started again (AGT-7). Pure.

use crate::{agents::AgentError, config::Retry};
use coord_protocol::time::Timestamp;
use std::time::Duration;

/// The pause before retry number `n` in a row, counted from 1; `None` when there is to be none.
///
/// A limit whose end was told is waited for, unless that is longer than the owner allows: then people are told the time instead.
#[must_use]
pub fn pause(retry: &Retry, error: &AgentError, n: u32, now: Timestamp) -> Option<Duration> {
    if !error.transient() || n > retry.limit {
        return None;
    }
    let pause = retry.pause(n);
    let Some(at) = error.retry_at() else {
        return Some(pause);
    };
    let wait = Duration::from_millis(at.ms_since(now).unsigned_abs());
    (wait <= Duration::from_millis(retry.max_wait_ms)).then(|| wait.max(pause))
}

/// A duration as people say it.
#[must_use]
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, _) if seconds < 120 => format!("{:.1} s", duration.as_secs_f64()),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    #[test]
    fn agt_7_the_end_of_a_limit_is_waited_for_when_it_is_near() {
        let retry = Retry {
            limit: 2,
            backoff_ms: 1_000,
            max_wait_ms: 60_000,
        };
        let limited = |ms: Option<i64>| AgentError::RateLimited {
            detail: String::new(),
            retry_at: ms.map(|ms| NOW.plus_ms(ms)),
        };
        let of = |ms, n| pause(&retry, &limited(ms), n, NOW).map(|pause| pause.as_millis());
        assert_eq!(of(Some(40_000), 1), Some(40_000));
        assert_eq!(of(Some(70_000), 1), None, "too long: a person is told");
        assert_eq!(of(Some(-5_000), 1), Some(1_000), "over already");
        assert_eq!(of(None, 2), Some(3_000));
        assert_eq!(of(Some(1), 3), None, "used up");
        assert_eq!(pause(&retry, &AgentError::NotSignedIn(String::new()), 1, NOW), None);
    }

    #[test]
    fn durations_are_spoken_plainly() {
        let spoken = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(
            [spoken(6), spoken(150), spoken(7_200), spoken(7_380)],
            ["6.0 s", "2 min", "2 h", "2 h 3 min"]
        );
    }
}
