//! Who is on a canvas: one entry per connection, stamped by the server, told together a few times a second.

use super::room::Connection;
use coord_canvas::presence::{self, Said, Told};
use coord_protocol::{account::Person, id::UserId};
use serde_json::{Map, Value, json};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tokio::time::Instant;

/// An entry that is not renewed for this long goes.
const STALE: Duration = Duration::from_secs(30);

struct Entry {
    connection: Connection,
    user: UserId,
    clock: u32,
    state: String,
    heard: Instant,
}

/// Everybody on a canvas.
#[derive(Default)]
pub(super) struct People {
    entries: HashMap<u64, Entry>,
    of: HashMap<Connection, u64>,
    changed: HashSet<u64>,
    /// Those who left, with the clock of their leaving.
    left: HashMap<u64, u32>,
}

/// A hue for a person, the same everywhere: 0 to 359.
fn hue(user: UserId) -> u64 {
    user.0
        .as_bytes()
        .iter()
        .fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)))
        % 360
}

fn stamped(mut state: Map<String, Value>, person: &Person) -> String {
    state.insert(
        "user".to_owned(),
        json!({ "id": person.id, "name": person.name, "hue": hue(person.id) }),
    );
    Value::Object(state).to_string()
}

impl People {
    /// Which client id a connection goes by, once it said so.
    pub(super) fn client_of(&self, connection: Connection) -> Option<u64> {
        self.of.get(&connection).copied()
    }

    /// Whether a connection of this person may go by that client id: nobody does, or an older connection of theirs.
    pub(super) fn may_take(&self, client: u64, user: UserId) -> bool {
        self.entries.get(&client).is_none_or(|entry| entry.user == user)
    }

    pub(super) fn say(&mut self, connection: Connection, person: &Person, said: Said, now: Instant) {
        let Said { client, clock, state } = said;
        let Some(state) = state else { return self.leave(connection) };
        let last = self
            .entries
            .get(&client)
            .map(|entry| entry.clock)
            .max(self.left.remove(&client))
            .unwrap_or(0);
        if let Some(entry) = self.entries.get(&client)
            && entry.connection != connection
        {
            self.of.remove(&entry.connection);
        }
        let entry = Entry {
            connection,
            user: person.id,
            clock: clock.max(last.saturating_add(1)),
            state: stamped(state, person),
            heard: now,
        };
        self.entries.insert(client, entry);
        self.of.insert(connection, client);
        self.changed.insert(client);
    }

    pub(super) fn leave(&mut self, connection: Connection) {
        if let Some(client) = self.of.remove(&connection)
            && let Some(entry) = self.entries.remove(&client)
        {
            self.left.insert(client, entry.clock.saturating_add(1));
            self.changed.insert(client);
        }
    }

    /// Lets go of those not heard of for long.
    pub(super) fn expire(&mut self, now: Instant) {
        let stale: Vec<_> = self
            .entries
            .values()
            .filter(|entry| now.duration_since(entry.heard) > STALE)
            .map(|entry| entry.connection)
            .collect();
        for connection in stale {
            self.leave(connection);
        }
    }

    /// Whether there is something to tell.
    pub(super) fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    /// What changed since it was last asked, as one message.
    pub(super) fn news(&mut self) -> Option<Vec<u8>> {
        let changed: Vec<u64> = self.changed.drain().collect();
        if changed.is_empty() {
            return None;
        }
        let told = changed.iter().map(|client| match self.entries.get(client) {
            Some(entry) => Told {
                client: *client,
                clock: entry.clock,
                state: &entry.state,
            },
            None => Told {
                client: *client,
                clock: self.left.get(client).copied().unwrap_or(1),
                state: "null",
            },
        });
        let message = presence::encode(told);
        // Old clocks matter to who was just told; they are few, and forgotten when there are many.
        if self.left.len() > 1_000 {
            self.left.clear();
        }
        Some(message)
    }

    /// Everybody, as one message; `None` when nobody is there.
    pub(super) fn all(&self) -> Option<Vec<u8>> {
        if self.entries.is_empty() {
            return None;
        }
        let told = self.entries.iter().map(|(client, entry)| Told {
            client: *client,
            clock: entry.clock,
            state: &entry.state,
        });
        Some(presence::encode(told))
    }
}
