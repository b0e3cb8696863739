//! Names of people, kept near: every view of a job shows some.

use coord_protocol::{account::Person, id::UserId};
use coord_store::{Conn, StoreError, accounts};
use std::{collections::HashMap, sync::Mutex};

/// Names kept; when there are more, all are forgotten and read again as they are needed.
const KEPT: usize = 10_000;

#[derive(Default)]
pub(super) struct People {
    names: Mutex<HashMap<UserId, String>>,
}

impl People {
    /// The people of `ids`. An account that is gone shows as such.
    pub(super) async fn resolve(
        &self,
        conn: &mut Conn,
        ids: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, Person>, StoreError> {
        let mut people = HashMap::new();
        for id in ids {
            if people.contains_key(&id) {
                continue;
            }
            let known = super::lock(&self.names).get(&id).cloned();
            let name = match known {
                Some(name) => name,
                None => self.load(conn, id).await?,
            };
            people.insert(id, Person { id, name });
        }
        Ok(people)
    }

    async fn load(&self, conn: &mut Conn, id: UserId) -> Result<String, StoreError> {
        let Some(person) = accounts::person(conn, id).await? else {
            return Ok("former member".to_owned());
        };
        let mut names = super::lock(&self.names);
        if names.len() >= KEPT {
            names.clear();
        }
        // A name given while this one was read is the newer.
        Ok(names.entry(id).or_insert(person.name).clone())
    }

    /// The account has another name now.
    pub(super) fn renamed(&self, id: UserId, name: &str) {
        super::lock(&self.names).insert(id, name.to_owned());
    }
}
