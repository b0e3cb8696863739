//! Where actors are found: one address per thing, started on demand, on a fixed pool of threads by its id.

use actix::{Actor, Addr, Arbiter, ArbiterHandle};
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    sync::{Arc, Mutex},
};

/// Threads for actors. Two: the machines Coord is made for have few cores, and an actor's turns are short.
const THREADS: usize = 2;

/// The threads actors live on.
pub(super) struct Arbiters {
    threads: Vec<Arbiter>,
    hasher: RandomState,
}

impl Arbiters {
    pub(super) fn start() -> Self {
        Self {
            threads: (0..THREADS).map(|_| Arbiter::new()).collect(),
            hasher: RandomState::new(),
        }
    }

    fn of(&self, key: &impl Hash) -> ArbiterHandle {
        let slot = usize::try_from(self.hasher.hash_one(key) % THREADS as u64).unwrap_or(0);
        self.threads[slot].handle()
    }
}

impl Drop for Arbiters {
    fn drop(&mut self) {
        for thread in &self.threads {
            thread.stop();
        }
    }
}

/// The running actors of one kind.
pub(super) struct Registry<K, A: Actor> {
    arbiters: Arc<Arbiters>,
    running: Mutex<HashMap<K, Addr<A>>>,
}

impl<K: Hash + Eq + Copy, A: Actor> Registry<K, A> {
    pub(super) fn new(arbiters: Arc<Arbiters>) -> Self {
        Self {
            arbiters,
            running: Mutex::default(),
        }
    }

    /// The actor of `key`; started when there is none, or when the one there was has died (a panic closes its mailbox for good).
    pub(super) fn get_or_start(&self, key: K, start: impl FnOnce(&ArbiterHandle) -> Addr<A>) -> Addr<A> {
        let mut running = super::lock(&self.running);
        if let Some(addr) = running.get(&key)
            && addr.connected()
        {
            return addr.clone();
        }
        let addr = start(&self.arbiters.of(&key));
        running.insert(key, addr.clone());
        addr
    }

    /// The actor of `key`, if it runs.
    pub(super) fn get(&self, key: &K) -> Option<Addr<A>> {
        super::lock(&self.running).get(key).filter(|addr| addr.connected()).cloned()
    }

    /// What has an actor now.
    pub(super) fn running(&self) -> Vec<K> {
        super::lock(&self.running).keys().copied().collect()
    }

    /// Takes out an actor that stopped, unless another has taken its place.
    pub(super) fn forget(&self, key: &K, addr: &Addr<A>) {
        let mut running = super::lock(&self.running);
        if running.get(key) == Some(addr) {
            running.remove(key);
        }
    }
}
