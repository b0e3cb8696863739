//! How often somebody may try: token buckets in memory, bounded in number.

use coord_protocol::time::Timestamp;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

/// Most buckets kept. When full, the one unused for longest makes room: whoever floods the table gains a fresh bucket per address
/// they own, which they had anyway.
const MAX_BUCKETS: usize = 10_000;

/// A kind of limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tries at once.
    pub burst: u32,
    /// Milliseconds until one more is allowed.
    pub refill_ms: i64,
}

/// Failed sign-ins to one account.
pub const LOGIN_ACCOUNT: Rate = Rate {
    burst: 10,
    refill_ms: 30_000,
};
/// Failed sign-ins from one address; an office shares one.
pub const LOGIN_ADDRESS: Rate = Rate {
    burst: 60,
    refill_ms: 1_000,
};
/// Registrations from one address.
pub const REGISTER_ADDRESS: Rate = Rate {
    burst: 300,
    refill_ms: 1_000,
};

/// Links to a new password asked for from one address.
pub const FORGOT_ADDRESS: Rate = Rate {
    burst: 20,
    refill_ms: 30_000,
};
/// Links to a new password for one account: more would be a nuisance.
pub const FORGOT_ACCOUNT: Rate = Rate {
    burst: 3,
    refill_ms: 10 * 60_000,
};
/// Codes tried from one address.
pub const RESET_ADDRESS: Rate = Rate {
    burst: 20,
    refill_ms: 10_000,
};
/// Invitations by one account: each may be a mail to a stranger.
pub const INVITE_ACCOUNT: Rate = Rate {
    burst: 200,
    refill_ms: 10_000,
};
/// Codes for runners asked for from one address.
pub const CODE_ADDRESS: Rate = Rate {
    burst: 20,
    refill_ms: 30_000,
};
/// Codes of runners tried from one address that were none.
pub const CODE_TRY_ADDRESS: Rate = Rate {
    burst: 30,
    refill_ms: 10_000,
};
/// Codes of runners tried by one account that were none.
pub const CODE_TRY_ACCOUNT: Rate = Rate {
    burst: 10,
    refill_ms: 30_000,
};
/// Codes tried from one address with a secret that was not theirs.
pub const REDEEM_ADDRESS: Rate = Rate {
    burst: 30,
    refill_ms: 1_000,
};
/// How often the program that asked may look whether its code was approved.
pub const REDEEM_CODE: Rate = Rate {
    burst: 30,
    refill_ms: 1_000,
};

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// In thousandths of a try.
    level: i64,
    at: Timestamp,
}

/// All buckets.
#[derive(Debug, Default)]
pub struct Limits {
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limits {
    /// Takes one try from the bucket `key`.
    ///
    /// # Errors
    /// Seconds until there is one again.
    pub fn take(&self, key: &str, rate: Rate, now: Timestamp) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(key) {
            let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(key, _)| key.clone());
            oldest.and_then(|key| buckets.remove(&key));
        }
        let full = i64::from(rate.burst) * 1000;
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { level: full, at: now });
        let gained = now.ms_since(bucket.at).saturating_mul(1000) / rate.refill_ms;
        bucket.level = bucket.level.saturating_add(gained).min(full);
        bucket.at = now;
        if bucket.level < 1000 {
            let missing_ms = (1000 - bucket.level) * rate.refill_ms / 1000;
            return Err(u64::try_from(missing_ms / 1000 + 1).unwrap_or(1));
        }
        bucket.level -= 1000;
        Ok(())
    }

    /// Gives a try back: it was a good one.
    pub fn give_back(&self, key: &str, rate: Rate) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            bucket.level = (bucket.level + 1000).min(i64::from(rate.burst) * 1000);
        }
    }
}

/// What counts as one address: an IPv6 caller owns its whole /64.
pub fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.to_string(),
            None => {
                let s = v6.segments();
                Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0).to_string()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        refill_ms: 2_000,
    };

    #[test]
    fn a_bucket_empties_and_refills_with_time() {
        let (limits, t0) = (Limits::default(), Timestamp(0));
        for _ in 0..3 {
            limits.take("a", RATE, t0).unwrap();
        }
        assert_eq!(limits.take("a", RATE, t0), Err(3));
        limits.take("b", RATE, t0).unwrap();
        assert!(limits.take("a", RATE, t0.plus_ms(1_999)).is_err());
        limits.take("a", RATE, t0.plus_ms(2_001)).unwrap();
        assert!(limits.take("a", RATE, t0.plus_ms(2_001)).is_err());
        limits.give_back("a", RATE);
        limits.take("a", RATE, t0.plus_ms(2_001)).unwrap();
    }

    #[test]
    fn the_table_stays_bounded() {
        let limits = Limits::default();
        for n in 0..20_000 {
            limits.take(&n.to_string(), RATE, Timestamp(n)).unwrap();
        }
        assert!(limits.buckets.lock().unwrap().len() <= MAX_BUCKETS);
    }

    #[test]
    fn an_ipv6_network_is_one_caller() {
        assert_eq!(
            network("2001:db8:1:2:3::4".parse().unwrap()),
            network("2001:db8:1:2:ffff::9".parse().unwrap())
        );
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1");
    }
}
