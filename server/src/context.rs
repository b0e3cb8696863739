//! What every handler and actor is given: the store, the clock, ids, limits and the door to the live side.

use crate::{
    actors::Live,
    clock::{Clock, Ids},
    config::Config,
    http::{idempotency::Secrets, limits::Limits, metrics::Metrics, passwords::Passwords, problem::ApiError},
};
use coord_domain::rights::Who;
use coord_protocol::{
    id::{UserId, WorkspaceId},
    time::Timestamp,
};
use coord_store::{Conn, Reader, Store, StoreError, Tx, audit, files::content::FileStore, members};
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};

/// Shared by all handlers; made once.
pub struct Context {
    /// The database.
    pub store: Store,
    /// Contents of files.
    pub files: FileStore,
    /// The time.
    pub clock: Clock,
    /// Ids and secrets.
    pub ids: Ids,
    /// How to serve.
    pub config: Config,
    /// What runs between commits and connected people and runners.
    pub live: Live,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// How often somebody may try to sign in.
    pub limits: Limits,
    /// Hashing of passwords, a few at a time.
    pub passwords: Passwords,
    /// Secrets shown once, for a repeated call with the same idempotency key.
    pub secrets: Secrets,
}

/// The context as handlers receive it.
pub type Ctx = actix_web::web::Data<Context>;

impl Context {
    /// A connection for reading.
    pub async fn read(&self) -> Result<Reader, ApiError> {
        Ok(self.store.read().await?)
    }

    /// Commits a unit of work, then tells the live side. Both happen even when the caller hangs up in between: a commit nobody
    /// was told of would leave watchers behind until the next one.
    pub async fn commit<T, F, L>(self: &Arc<Self>, unit: F, tell: L) -> Result<T, ApiError>
    where
        F: AsyncFn(&mut Tx) -> Result<T, ApiError> + Send + 'static,
        L: FnOnce(&Live, &T) + 'static,
        T: Send + 'static,
    {
        let context = Arc::clone(self);
        let work = actix_web::rt::spawn(async move {
            let value = context.store.write(unit).await?;
            tell(&context.live, &value);
            Ok(value)
        });
        work.await.unwrap_or(Err(ApiError::Store(StoreError::Panicked)))
    }

    /// An audit entry of now, to be appended in the transaction of the act.
    pub fn audit(
        &self,
        by: &Actor,
        act: &'static str,
        workspace: Option<WorkspaceId>,
        target: impl ToString,
        detail: Value,
    ) -> audit::Entry {
        audit::Entry {
            id: self.ids.uuid().to_string(),
            at: self.clock.now(),
            workspace,
            actor: by.user,
            act,
            target: target.to_string(),
            detail,
            address: by.address.map(|address| address.to_string()),
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Who does something and from where, for the audit log.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    /// The account, once known.
    pub user: Option<UserId>,
    /// Network address.
    pub address: Option<IpAddr>,
}

/// The person in the workspace, for the rights function.
pub async fn who(conn: &mut Conn, workspace: WorkspaceId, user: UserId) -> Result<Who, StoreError> {
    Ok(Who {
        user,
        role: members::role(conn, workspace, user).await?,
    })
}
