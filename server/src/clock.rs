//! The one place that reads the wall clock and makes ids and secrets (INV-10). Everything else is given them.

use coord_protocol::{runner_code, time::Timestamp};
use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

/// Tells the time. Clones of a manual clock move together.
#[derive(Debug, Clone)]
pub struct Clock {
    /// When it was made, for time that only passes.
    began: Instant,
    /// Microseconds by which this clock differs from the wall clock; tests move it.
    offset: Arc<AtomicI64>,
    /// Microseconds by which somebody has set the wall clock, which is no time that passed; tests do.
    set: Arc<AtomicI64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            offset: Arc::default(),
            set: Arc::default(),
        }
    }
}

impl Clock {
    /// The time now, UTC.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        let moved = self.offset.load(Ordering::Relaxed).saturating_add(self.set.load(Ordering::Relaxed));
        Timestamp(wall.saturating_add(moved))
    }

    /// Time that has passed, whatever the wall clock was set to meanwhile.
    pub fn steady(&self) -> Duration {
        let moved = u64::try_from(self.offset.load(Ordering::Relaxed)).unwrap_or_default();
        self.began.elapsed().saturating_add(Duration::from_micros(moved))
    }

    /// Sets the wall clock of this clock and its clones by so many seconds, as an operator or a time service does.
    pub fn set_by(&self, seconds: i64) {
        self.set.fetch_add(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
    }

    /// Moves this clock and its clones forward.
    pub fn advance(&self, by: Duration) {
        self.offset
            .fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// Makes ids and secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ids;

impl Ids {
    /// A new UUIDv7. Later ones sort after earlier ones of the same process, so lists by id are lists by age.
    #[expect(clippy::disallowed_methods, reason = "this is the id source")]
    pub fn uuid(self) -> Uuid {
        Uuid::now_v7()
    }

    /// A secret of 256 bits in hexadecimal after a prefix that scanners recognise.
    pub fn secret(self, prefix: &str) -> String {
        hex(prefix, &self.random::<32>())
    }

    /// A short code for people to compare, of equally likely letters.
    pub fn code(self) -> String {
        let mut code = String::with_capacity(runner_code::LENGTH);
        while code.len() < runner_code::LENGTH {
            // Bytes from 240 on would make the first letters likelier.
            let fair = self.random::<16>().into_iter().filter(|byte| *byte < 240);
            let letters = fair.filter_map(|byte| runner_code::LETTERS.get(usize::from(byte % 20)));
            code.extend(letters.map(|letter| char::from(*letter)));
        }
        code.truncate(runner_code::LENGTH);
        code
    }

    /// A client id for an edit of a Yjs document: 32 random bits, as Yjs makes them.
    pub fn client(self) -> u64 {
        u64::from(u32::from_le_bytes(self.random()))
    }

    /// Random bytes. A machine without randomness cannot keep secrets, so the process ends there.
    #[expect(clippy::disallowed_methods, reason = "this is the source of randomness")]
    pub fn random<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

/// Bytes in hexadecimal after a prefix.
pub fn hex(prefix: &str, bytes: &[u8]) -> String {
    bytes.iter().fold(String::from(prefix), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_age() {
        let ids: Vec<_> = (0..10_000).map(|_| Ids.uuid().to_string()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn acc_1_secrets_have_256_bits_and_a_prefix() {
        let (a, b) = (Ids.secret("coord_t_"), Ids.secret("coord_t_"));
        assert_ne!(a, b);
        assert_eq!(a.strip_prefix("coord_t_").unwrap().len(), 64);
    }

    #[test]
    fn run_1_codes_have_eight_letters_each_as_likely_as_any_other() {
        let mut counts = std::collections::BTreeMap::<char, usize>::new();
        for _ in 0..5_000 {
            let code = Ids.code();
            assert_eq!(runner_code::plain(&code).as_deref(), Some(code.as_str()));
            for letter in code.chars() {
                *counts.entry(letter).or_default() += 1;
            }
        }
        assert_eq!(counts.len(), 20);
        // 2000 each, give or take 43; six times that is as good as never.
        assert!(counts.values().all(|count| (1_700..2_300).contains(count)), "{counts:?}");
    }

    #[test]
    fn clones_of_a_clock_move_together() {
        let clock = Clock::default();
        let other = clock.clone();
        let before = other.now();
        clock.advance(Duration::from_secs(3600));
        assert!(other.now().ms_since(before) >= 3_600_000);
    }

    #[test]
    fn run_5_time_that_passes_is_not_the_wall_clock() {
        let clock = Clock::default();
        clock.advance(Duration::from_secs(60));
        clock.set_by(-3_600);
        let passed = clock.steady();
        assert!((60..600).contains(&passed.as_secs()), "{passed:?}");
        assert!(clock.now() < Clock::default().now());
    }
}
