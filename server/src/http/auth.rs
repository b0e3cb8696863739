//! Who is calling: a browser's session, a program's token, or a runner (ACC-1).

use super::{
    extract::{address, context},
    problem::ApiError,
};
use crate::{
    clock::hex,
    context::{Actor, Context, Ctx},
};
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::{Method, header},
    web,
};
use coord_protocol::{
    account::{Scope, User},
    id::{SessionId, TokenId, UserId},
    rule::Rule,
    runner,
    time::Timestamp,
};
use coord_store::{Store, StoreError, Tx, runners, sessions, tickets, tokens};
use futures_util::future::LocalBoxFuture;
use sha2::{Digest as _, Sha256};
use std::{net::IpAddr, rc::Rc};

/// Name of the session's cookie.
pub const COOKIE: &str = "coord_session";

/// Prefix of API tokens, so that scanners recognise them.
pub const TOKEN_PREFIX: &str = "coord_t_";

/// A use is noted when the last one noted is at least this old.
const TOUCH_MS: i64 = 60_000;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How the caller is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A browser's session.
    Session(SessionId),
    /// A token, with what it may do.
    Token(TokenId, Vec<Scope>),
}

/// A person, or a program on their behalf.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user: User,
    /// How they are signed in.
    pub via: Via,
    /// Until when; absent for tokens without an end.
    pub until: Option<Timestamp>,
    /// From where.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// For the audit log.
    pub fn actor(&self) -> Actor {
        Actor {
            user: Some(self.user.id),
            via: match &self.via {
                Via::Session(_) => None,
                Via::Token(id, _) => Some(coord_protocol::audit::Via::Token(*id)),
            },
            address: self.address,
        }
    }

    /// The account's id.
    pub fn id(&self) -> UserId {
        self.user.id
    }

    /// Refuses tokens: they cannot make or revoke tokens, or else a stolen one would be for ever.
    pub fn by_session_only(&self) -> Result<(), ApiError> {
        match self.via {
            Via::Session(_) => Ok(()),
            Via::Token(..) => Err(ApiError::forbidden(
                Rule::Acc1,
                "tokens, sessions and passwords are managed by a signed-in person, not by a token",
            )),
        }
    }
}

/// Hexadecimal SHA-256: how secrets are kept and looked up. They have 256 random bits, so no salt is needed.
pub fn secret_hash(secret: &str) -> String {
    hex("", &Sha256::digest(secret.as_bytes()))
}

/// The caller, looked up once per request.
pub async fn resolve(request: &HttpRequest) -> Result<Rc<Caller>, ApiError> {
    if let Some(caller) = request.extensions().get::<Rc<Caller>>() {
        return Ok(Rc::clone(caller));
    }
    let context = context(request)?;
    let upgrade = request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let caller = if request.headers().contains_key(header::AUTHORIZATION) {
        let secret = bearer(request).ok_or_else(|| ApiError::signed_out("send Authorization: Bearer <token>"))?;
        if !secret.starts_with(TOKEN_PREFIX) {
            return Err(unknown_token());
        }
        let caller = by_token(context, &secret_hash(secret), address(request)).await?;
        if let Via::Token(_, scopes) = &caller.via
            && !scopes.contains(&Scope::Write)
            && (unsafe_method || !scopes.contains(&Scope::Read))
        {
            return Err(ApiError::forbidden(Rule::Acc1, "this token's scopes do not allow that"));
        }
        caller
    } else if let Some(secret) = ticket(request).filter(|_| upgrade) {
        by_ticket(context, &secret, address(request)).await?
    } else {
        let cookie = request.cookie(COOKIE).ok_or_else(|| ApiError::signed_out("sign in first"))?;
        if unsafe_method || upgrade {
            check_origin(request, context, upgrade)?;
        }
        by_session(context, &secret_hash(cookie.value()), address(request)).await?
    };
    let caller = Rc::new(caller);
    caller.actor().is_calling();
    request.extensions_mut().insert(Rc::clone(&caller));
    Ok(caller)
}

/// The token of `Authorization: Bearer`.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

/// The pass in the address of a socket.
fn ticket(request: &HttpRequest) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Query {
        ticket: Option<String>,
    }
    web::Query::<Query>::from_query(request.query_string()).ok()?.into_inner().ticket
}

/// A pass is good once, and for what it was asked for with, as long as that lasts.
async fn by_ticket(context: &Ctx, secret: &str, address: Option<IpAddr>) -> Result<Caller, ApiError> {
    let used = || ApiError::signed_out("this ticket was used, has ended or is unknown");
    let hash = secret_hash(secret);
    let ticket = context.store.write(async move |tx: &mut Tx| tickets::take(tx, &hash).await).await?;
    let ticket = ticket.filter(|ticket| ticket.expires_at > context.now()).ok_or_else(used)?;
    if let Some(id) = ticket.session {
        let hash = sessions::hash(&mut *context.read().await?, id).await?.ok_or_else(used)?;
        return by_session(context, &hash, address).await;
    }
    let id = ticket.token.ok_or_else(used)?;
    let hash = tokens::hash(&mut *context.read().await?, id).await?.ok_or_else(used)?;
    by_token(context, &hash, address).await
}

fn unknown_token() -> ApiError {
    ApiError::signed_out("this token is unknown, revoked or has ended")
}

async fn by_token(context: &Ctx, hash: &str, address: Option<IpAddr>) -> Result<Caller, ApiError> {
    let unknown = unknown_token;
    let (token, user) = tokens::by_hash(&mut *context.read().await?, hash).await?.ok_or_else(unknown)?;
    let now = context.now();
    if token.expires_at.is_some_and(|end| end <= now) {
        return Err(unknown());
    }
    if token.last_used_at.is_none_or(|last| now.ms_since(last) >= TOUCH_MS) {
        let (id, user) = (token.id, user.id);
        note(context, async move |tx: &mut Tx| Ok(tokens::touch(tx, id, user, now).await?));
    }
    Ok(Caller {
        user,
        via: Via::Token(token.id, token.scopes),
        until: token.expires_at,
        address,
    })
}

async fn by_session(context: &Ctx, hash: &str, address: Option<IpAddr>) -> Result<Caller, ApiError> {
    let ended = || ApiError::signed_out("your session has ended; sign in again");
    let (session, user) = sessions::by_hash(&mut *context.read().await?, hash).await?.ok_or_else(ended)?;
    let now = context.now();
    let idle_ms = i64::from(context.config.session_idle_days) * DAY_MS;
    if session.expires_at <= now || now.ms_since(session.last_seen_at) > idle_ms {
        return Err(ended());
    }
    if now.ms_since(session.last_seen_at) >= TOUCH_MS {
        let (id, user, from) = (session.id, user.id, address.map(|address| address.to_string()));
        note(context, async move |tx: &mut Tx| {
            Ok(sessions::touch(tx, id, user, now, from.clone()).await?)
        });
    }
    Ok(Caller {
        user,
        via: Via::Session(session.id),
        until: Some(session.expires_at),
        address,
    })
}

/// Whether the session or token an open connection rests on is still there.
///
/// # Errors
/// When the store cannot be read.
pub async fn still_signed_in(store: &Store, via: &Via) -> Result<bool, StoreError> {
    let mut conn = store.read().await?;
    match via {
        Via::Session(id) => sessions::exists(&mut conn, *id).await,
        Via::Token(id, _) => tokens::exists(&mut conn, *id).await,
    }
}

/// Writes without making the caller wait for it.
pub fn note(context: &Ctx, unit: impl AsyncFn(&mut Tx) -> Result<(), ApiError> + Send + 'static) {
    let store = context.store.clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = store.write(unit).await {
            tracing::warn!(%error, "what happened was not noted");
        }
    });
}

/// Refuses what another site makes a browser send with our cookie. A browser always says where a socket or an unsafe request comes
/// from; a program that signs in by cookie may say nothing, except for sockets, where nothing else protects.
fn check_origin(request: &HttpRequest, context: &Context, upgrade: bool) -> Result<(), ApiError> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let foreign = || ApiError::forbidden(Rule::Acc1, "this request comes from another site");
    if let Some(origin) = header("origin") {
        let own = match &context.config.base_url {
            Some(own) => origin.eq_ignore_ascii_case(own),
            None => {
                let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
                host.is_some_and(|host| header("host").is_some_and(|own| own.eq_ignore_ascii_case(host)))
            }
        };
        return if own { Ok(()) } else { Err(foreign()) };
    }
    match header("sec-fetch-site") {
        Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(foreign()),
        None if upgrade => Err(ApiError::forbidden(
            Rule::Acc1,
            "a socket with a cookie needs the header Origin; programs use a token",
        )),
        None => Ok(()),
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(resolve(&request).await?.as_ref().clone()) })
    }
}

/// A runner, signed in by its own token (RUN-1).
#[derive(Debug, Clone)]
pub struct RunnerCaller {
    /// The runner as the store knows it.
    pub runner: runners::Runner,
}

impl FromRequest for RunnerCaller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let unknown = || ApiError::signed_out("this runner's token is unknown or was revoked");
            let secret = bearer(&request)
                .filter(|secret| secret.starts_with(runner::TOKEN_PREFIX))
                .ok_or_else(unknown)?;
            let mut conn = context(&request)?.read().await?;
            let runner = runners::by_hash(&mut conn, &secret_hash(secret)).await?.ok_or_else(unknown)?;
            Ok(Self { runner })
        })
    }
}

/// The cookie of a new session.
pub fn cookie(context: &Context, secret: String) -> Cookie<'static> {
    Cookie::build(COOKIE, secret)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(context.config.is_secure())
        .max_age(Duration::days(i64::from(context.config.session_days)))
        .finish()
}

/// The cookie that ends one.
pub fn no_cookie(context: &Context) -> Cookie<'static> {
    let mut cookie = cookie(context, String::new());
    cookie.make_removal();
    cookie
}

/// Longest name of a browser that is kept, in characters.
const MAX_USER_AGENT: usize = 300;

/// What the browser says of itself, without what cannot be shown.
fn user_agent(request: &HttpRequest) -> Option<String> {
    let said = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    let said: String = said.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect();
    Some(said).filter(|said| !said.is_empty())
}

/// A new session and its secret.
pub fn new_session(context: &Context, request: &HttpRequest, user: UserId) -> (sessions::Session, String) {
    let (now, secret) = (context.now(), context.ids.secret(""));
    let session = sessions::Session {
        id: SessionId(context.ids.uuid()),
        token_hash: secret_hash(&secret),
        user,
        created_at: now,
        expires_at: now.plus_ms(i64::from(context.config.session_days) * DAY_MS),
        last_seen_at: now,
        user_agent: user_agent(request),
        address: address(request).map(|address| address.to_string()),
    };
    (session, secret)
}
