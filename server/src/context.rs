//! What every handler and actor is given: the store, the clock, ids, limits and the door to the live side.

use crate::{
    actors::Live,
    clock::{Clock, Ids},
    config::Config,
    http::{idempotency::Secrets, limits::Limits, metrics::Metrics, passwords::Passwords, problem::ApiError},
    mail::Mail,
};
use coord_domain::rights::Who;
use coord_protocol::{
    audit::Via,
    id::{UserId, WorkspaceId},
    time::Timestamp,
};
use coord_store::{Conn, Reader, Store, StoreError, Tx, audit, files::content::FileStore, members};
use serde_json::Value;
use std::{cell::Cell, net::IpAddr, sync::Arc};

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
    /// The door to the mail server.
    pub mail: Mail,
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
            via: by.via,
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
#[derive(Debug, Clone, Copy, Default)]
pub struct Actor {
    /// The account, once known.
    pub user: Option<UserId>,
    /// Through what, when not in person.
    pub via: Option<Via>,
    /// Network address.
    pub address: Option<IpAddr>,
}

tokio::task_local! {
    /// Who makes the request that is being answered. Filled when the caller is known, so that what is done for them on the live side
    /// is written down with the address and the token it came with.
    static CALLER: Cell<Actor>;
}

impl Actor {
    /// Answers a request with room to note who makes it.
    pub async fn scope<T>(answer: impl Future<Output = T>) -> T {
        CALLER.scope(Cell::new(Self::default()), answer).await
    }

    /// The caller of this request is known now.
    pub fn is_calling(self) {
        // Outside of a request nobody is to be noted.
        let _outside = CALLER.try_with(|caller| caller.set(self));
    }

    /// Through what and from where `user` acts in this request.
    pub fn calling(user: UserId) -> Self {
        let caller = CALLER.try_with(Cell::get).unwrap_or_default();
        match caller.user == Some(user) {
            true => caller,
            false => Self {
                user: Some(user),
                ..Self::default()
            },
        }
    }
}

/// The person in the workspace, for the rights function.
pub async fn who(conn: &mut Conn, workspace: WorkspaceId, user: UserId) -> Result<Who, StoreError> {
    Ok(Who {
        user,
        role: members::role(conn, workspace, user).await?,
    })
}
