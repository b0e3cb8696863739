//! The Coord server. `actors` and `ws` are the live side, `http` the API; both decide through `coord-domain` and keep everything in
//! `coord-store`. This is the only crate that knows actix.
//!
//! Start reading at [`start`].

mod actors;
mod clock;
pub mod config;
mod context;
mod http;
mod indexer;
mod mail;
pub mod operator;
mod ws;

use crate::{
    actors::{Live, Timing},
    clock::{Clock, Ids},
    config::Config,
    context::{Context, Ctx},
    http::{idempotency::Secrets, limits::Limits, metrics::Metrics, passwords::Passwords},
};
use actix_web::{App, HttpServer, dev::ServerHandle, middleware::from_fn, rt, web};
use anyhow::Context as _;
use coord_protocol::workspace::MailState;
use coord_store::{
    Store, StoreError, Tx, feed, files::content::FileStore, idempotency, invitations, resets, runner_codes, sessions, workspaces,
};
use std::{any::Any, net::SocketAddr, sync::Arc, time::Duration};

/// How long requests may take to end once the server is told to stop.
const SHUTDOWN_S: u64 = 10;

/// Connections of one worker; more wait in the listener's queue.
const MAX_CONNECTIONS: usize = 8_192;

/// A peer that acknowledges nothing for this long is gone; an upgraded connection has no other time limit for writing.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// How often what has ended is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(60 * 60);

/// A server that accepts connections.
pub struct Server {
    /// Where.
    pub url: String,
    context: Ctx,
    server: actix_web::dev::Server,
    address: SocketAddr,
}

/// Stops a server; tests move its clock with it.
#[derive(Clone)]
pub struct Control {
    handle: ServerHandle,
    clock: Clock,
    address: SocketAddr,
}

impl Control {
    /// Stops the server: no more connections, and what was begun is ended.
    pub async fn stop(&self) {
        self.handle.stop(true).await;
    }

    /// Stops the server without waiting for what was begun. What is committed stays committed.
    pub async fn stop_at_once(&self) {
        self.handle.stop(false).await;
    }

    /// Where the server listens, whatever its public address is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Moves the server's clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Sets the server's wall clock by so many seconds, without time having passed.
    pub fn set_clock_by(&self, seconds: i64) {
        self.clock.set_by(seconds);
    }
}

/// Opens the store and listens.
///
/// # Errors
/// In words for whoever started the server: the data folder, the database or the address cannot be used.
pub async fn start(config: Config) -> anyhow::Result<Server> {
    let store = Store::open(config.store()).await?;
    let passwords = rt::task::spawn_blocking(|| Passwords::new(Ids))
        .await?
        .map_err(anyhow::Error::msg)?;
    let (clock, ids) = (Clock::default(), Ids);
    let timing = Timing {
        heartbeat_ms: config.heartbeat_ms,
        lease_ms: config.lease_ms,
    };
    let (mail, postman) = mail::Mail::new(&config)?;
    let files = FileStore::open(&store)?;
    let live = Live::new(store.clone(), clock.clone(), ids, timing);
    live.recover().await?;
    let context: Ctx = web::Data::new(Context {
        store,
        files,
        clock,
        ids,
        live,
        metrics: Metrics::default(),
        limits: Limits::default(),
        passwords,
        mail,
        secrets: Secrets::default(),
        config,
    });
    // Letters that waited when the server ended are gone with their codes.
    let lost = MailState::Failed {
        at: context.now(),
        why: "the server stopped before it was sent".to_owned(),
    };
    let lost = async move |tx: &mut Tx| -> Result<u64, StoreError> { invitations::lost_mails(tx, &lost).await };
    context.store.write(lost).await?;
    if let Some(postman) = postman {
        rt::spawn(postman.deliver(Arc::clone(&context)));
    }
    let (server, address) = listen(&context)?;
    rt::spawn(keep_house(context.clone()));
    rt::spawn(indexer::run(context.clone()));
    rt::spawn(http::files::sweep(context.clone(), context.now()));
    Ok(Server {
        url: context.config.base_url.clone().unwrap_or_else(|| format!("http://{address}")),
        context,
        server,
        address,
    })
}

fn listen(context: &Ctx) -> anyhow::Result<(actix_web::dev::Server, SocketAddr)> {
    let config = &context.config;
    let workers = match config.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8),
        workers => workers,
    };
    let shared = context.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .wrap(from_fn(http::observe))
            .configure(http::mount)
    })
    .workers(workers)
    .max_connections(MAX_CONNECTIONS)
    .client_request_timeout(Duration::from_secs(10))
    .shutdown_timeout(SHUTDOWN_S)
    .on_connect(|stream, _| tune(stream))
    .bind(config.listen)
    .with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = server.addrs().first().copied().context("the listener has no address")?;
    Ok((server.run(), address))
}

/// Small messages leave at once, and a connection whose peer vanished ends.
fn tune(stream: &dyn Any) {
    let Some(stream) = stream.downcast_ref::<rt::net::TcpStream>() else {
        return;
    };
    let socket = socket2::SockRef::from(stream);
    let tuned = socket.set_tcp_nodelay(true);
    #[cfg(target_os = "linux")]
    let tuned = tuned.and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection could not be tuned");
    }
}

async fn keep_house(context: Ctx) {
    let mut tick = rt::time::interval(HOUSEKEEPING);
    loop {
        tick.tick().await;
        http::resumable::expire(&context).await;
        let now = context.now();
        let swept = context.store.write(async move |tx: &mut Tx| -> Result<u64, StoreError> {
            let mut rows = sessions::prune(tx, now).await? + idempotency::prune(tx, now).await? + resets::prune(tx, now).await?;
            rows += runner_codes::prune(tx, now).await?;
            for workspace in workspaces::all(tx).await? {
                rows += feed::prune(tx, workspace, feed::KEPT).await?;
            }
            Ok(rows)
        });
        match swept.await {
            Ok(rows) => tracing::debug!(rows, "forgot what has ended"),
            Err(StoreError::Closed) => return,
            Err(error) => tracing::warn!(%error, "what has ended was not forgotten"),
        }
    }
}

impl Server {
    /// What stops it.
    #[must_use]
    pub fn control(&self) -> Control {
        Control {
            handle: self.server.handle(),
            clock: self.context.clock.clone(),
            address: self.address,
        }
    }

    /// Serves until it is stopped through its [`Control`]; then what is queued is committed and the database closed.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn run(self) -> std::io::Result<()> {
        let ended = self.server.await;
        self.context.store.close().await;
        ended
    }
}

/// The OpenAPI document as text.
#[must_use]
pub fn openapi() -> &'static str {
    http::docs::document_json()
}
