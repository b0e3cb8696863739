//! `Idempotency-Key`: the same key and body within 24 hours answers with the first result (API-1).

use super::problem::ApiError;
use crate::{actors::Live, context::Ctx};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use coord_protocol::{id::UserId, rule::Rule, time::Timestamp};
use coord_store::{StoreError, Tx, idempotency};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

pub use coord_store::idempotency::Key;

/// Longest key.
const MAX_KEY: usize = 200;

/// Most secrets remembered; when full, the oldest goes.
const MAX_SECRETS: usize = 1024;

/// Header that tells a repeated answer from a first one.
const REPLAYED: &str = "idempotency-replayed";

/// The key of a call.
pub fn key(request: &HttpRequest, user: UserId, body_hash: &str) -> Result<Option<Key>, ApiError> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > MAX_KEY {
        return Err(ApiError::invalid("Idempotency-Key", "must have 1 to 200 visible ASCII characters"));
    }
    Ok(Some(Key {
        user,
        route: format!("{} {}", request.method(), request.path()),
        key: text.to_owned(),
        body_hash: body_hash.to_owned(),
    }))
}

/// Account, route and key.
type Call = (UserId, String, String);

/// Secrets that are shown once and stored as a hash only: remembered here for a repeated call, never written down.
#[derive(Debug, Default)]
pub struct Secrets {
    shown: Mutex<HashMap<Call, (Timestamp, String)>>,
}

impl Secrets {
    fn remember(&self, key: &Key, secret: String, now: Timestamp) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|_, (at, _)| now.ms_since(*at) < idempotency::KEPT_MS);
        if shown.len() >= MAX_SECRETS {
            let oldest = shown.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
            oldest.and_then(|key| shown.remove(&key));
        }
        shown.insert((key.user, key.route.clone(), key.key.clone()), (now, secret));
    }

    fn recall(&self, key: &Key) -> Option<String> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown
            .get(&(key.user, key.route.clone(), key.key.clone()))
            .map(|(_, secret)| secret.clone())
    }
}

/// The field of an answer that is shown once, and its value.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Name of the field.
    pub field: &'static str,
    /// The secret.
    pub value: String,
}

enum Outcome<N> {
    First(Value, N),
    Repeated(idempotency::Stored),
}

/// The first result of a key, if there is one. For calls whose work is done by an actor; others use [`create`].
pub fn repeated(stored: &idempotency::Stored, key: &Key) -> Result<HttpResponse, ApiError> {
    if stored.body_hash != key.body_hash {
        let mut error = ApiError::invalid("Idempotency-Key", "was used with another body");
        if let ApiError::Request(fault) = &mut error {
            fault.set_rule(Rule::Api1);
        }
        return Err(error);
    }
    let status = u16::try_from(stored.status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::OK);
    Ok(HttpResponse::build(status)
        .insert_header((REPLAYED, "true"))
        .content_type("application/json")
        .body(stored.response.clone()))
}

/// Creates something once: 201 with what `unit` returns, or the first result of the same key. `unit` gives the answer's body and what
/// to tell the live side; a `secret` is put into the answer but not into the store.
pub async fn create<T, N, F, L>(ctx: &Ctx, key: Option<Key>, secret: Option<Secret>, unit: F, tell: L) -> Result<HttpResponse, ApiError>
where
    T: Serialize,
    N: Send + 'static,
    F: AsyncFn(&mut Tx) -> Result<(T, N), ApiError> + Send + 'static,
    L: FnOnce(&Live, &N) + 'static,
{
    create_with(ctx, key, secret, unit, tell, |_| {}).await
}

/// Like [`create`]; `finish` adds to the answer what follows from its secret and must not be stored either.
pub async fn create_with<T, N, F, L, D>(
    ctx: &Ctx,
    key: Option<Key>,
    secret: Option<Secret>,
    unit: F,
    tell: L,
    finish: D,
) -> Result<HttpResponse, ApiError>
where
    T: Serialize,
    N: Send + 'static,
    F: AsyncFn(&mut Tx) -> Result<(T, N), ApiError> + Send + 'static,
    L: FnOnce(&Live, &N) + 'static,
    D: FnOnce(&mut Value),
{
    let now = ctx.now();
    let (seen, shown, context) = (key.clone(), secret.clone(), ctx.clone());
    let work = async move |tx: &mut Tx| -> Result<Outcome<N>, ApiError> {
        if let Some(key) = &seen
            && let Some(stored) = idempotency::claim(tx, key, now).await?
        {
            return Ok(Outcome::Repeated(stored));
        }
        let (value, news) = unit(tx).await?;
        let value = serde_json::to_value(&value).map_err(|error| StoreError::inconsistent("answer", error))?;
        if let Some(key) = &seen {
            idempotency::finish(tx, key, StatusCode::CREATED.as_u16(), &value.to_string()).await?;
            // Before the commit: whoever finds the key taken must find the secret. One of a unit that fails is overwritten by the next.
            if let Some(secret) = &shown {
                context.secrets.remember(key, secret.value.clone(), now);
            }
        }
        Ok(Outcome::First(value, news))
    };
    let tell = move |live: &Live, outcome: &Outcome<N>| {
        if let Outcome::First(_, news) = outcome {
            tell(live, news);
        }
    };
    let outcome = ctx.commit(work, tell).await?;
    match outcome {
        Outcome::First(mut value, _) => {
            if let (Some(secret), Some(fields)) = (secret, value.as_object_mut()) {
                fields.insert(secret.field.to_owned(), Value::String(secret.value));
            }
            finish(&mut value);
            Ok(HttpResponse::Created().json(value))
        }
        Outcome::Repeated(mut stored) => {
            let Some(key) = key else {
                return Err(ApiError::Store(StoreError::Closed));
            };
            if let Some(secret) = secret {
                let gone = || {
                    let words = "the first result was made, but its secret was shown once and is gone; remove it and make another";
                    coord_domain::Refusal::state(Rule::Api1, words)
                };
                let mut value: Value =
                    serde_json::from_str(&stored.response).map_err(|error| StoreError::inconsistent("idempotency", error))?;
                let recalled = if stored.body_hash == key.body_hash {
                    ctx.secrets.recall(&key).ok_or_else(gone)?
                } else {
                    String::new()
                };
                if let Some(fields) = value.as_object_mut() {
                    fields.insert(secret.field.to_owned(), Value::String(recalled));
                }
                finish(&mut value);
                stored.response = value.to_string();
            }
            repeated(&stored, &key)
        }
    }
}
