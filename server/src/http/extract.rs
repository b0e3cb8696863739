//! What handlers read from a request: JSON bodies, pages, the caller's address.

use super::{
    auth::{Caller, resolve},
    idempotency,
    problem::ApiError,
};
use crate::{
    clock::hex,
    context::{Actor, Ctx},
};
use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_LENGTH, CONTENT_TYPE},
    web,
};
use coord_protocol::{Page, id::UserId};
use futures_util::{StreamExt as _, future::LocalBoxFuture};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use std::{net::IpAddr, rc::Rc, str::FromStr};

/// Largest canvas to be imported, in bytes of JSON.
const MAX_IMPORT: usize = 16 * 1024 * 1024;

/// A JSON body from somebody signed in. An empty body counts as `{}`.
pub struct Json<T> {
    /// Who sent it.
    pub caller: Rc<Caller>,
    /// The body.
    pub value: T,
    /// The call's `Idempotency-Key`, if it has one.
    pub key: Option<idempotency::Key>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            // Before the body: who is not signed in learns nothing else, and sends nothing large.
            let caller = resolve(&request).await?;
            let body = read(&request, &mut payload).await?;
            let key = idempotency::key(&request, caller.user.id, &hex("", &Sha256::digest(&body)))?;
            Ok(Self {
                caller,
                value: parse(&body)?,
                key,
            })
        })
    }
}

/// A JSON body from anybody: sign-in, registration, runners.
pub struct OpenJson<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for OpenJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(parse(&read(&request, &mut payload).await?)?)) })
    }
}

/// Reads at most the configured number of bytes, whatever the headers promise.
async fn read(request: &HttpRequest, payload: &mut Payload) -> Result<Vec<u8>, ApiError> {
    if let Some(media_type) = request.headers().get(CONTENT_TYPE) {
        let media_type = media_type
            .to_str()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return Err(ApiError::unsupported_media_type("the body must be application/json"));
        }
    }
    let limit = context(request)?.config.max_json;
    let is_import = request.match_pattern().is_some_and(|route| route.ends_with("/import"));
    let limit = if is_import { limit.max(MAX_IMPORT) } else { limit };
    let too_large = || ApiError::too_large(format!("a JSON body may have at most {limit} bytes"));
    let promised = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if promised.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(promised.unwrap_or_default());
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::malformed(format!("the body broke off: {error}")))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Malformed text is 400; well-formed JSON that is not what is asked for is 422, with the field.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let why = without_position(&inner.to_string());
            ApiError::invalid(&field(&path, &why), why)
        } else {
            ApiError::malformed(format!("the body is not JSON: {inner}"))
        }
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::malformed(format!("the body is not one JSON value: {error}")))?;
    Ok(value)
}

/// serde names a missing or unknown field in the words only, and the path of what holds it.
fn field(path: &str, why: &str) -> String {
    let named = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|start| why.strip_prefix(start)?.split('`').next());
    match (path, named) {
        (".", Some(name)) => name.to_owned(),
        (".", None) => "body".to_owned(),
        // The path of an unknown field already ends in its name.
        (path, Some(name)) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
        (path, None) => path.to_owned(),
    }
}

fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(words, _)| words).to_owned()
}

/// The context behind a request.
pub fn context(request: &HttpRequest) -> Result<&Ctx, ApiError> {
    request
        .app_data::<Ctx>()
        .ok_or_else(|| ApiError::unavailable("the server is starting"))
}

/// `?limit=&cursor=` of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Most items of the page: 1 to 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Items of a page by default.
const DEFAULT_LIMIT: i64 = 50;

/// Most items of a page.
const MAX_LIMIT: i64 = 200;

impl Paging {
    /// The limit, within its bounds.
    ///
    /// # Errors
    /// 422 when it is none.
    pub fn limit(&self) -> Result<i64, ApiError> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
            Some(_) => Err(ApiError::invalid("limit", "must be 1 to 200")),
        }
    }

    /// The cursor, where it is the id of the last item of the page before.
    ///
    /// # Errors
    /// 422 when it is none.
    pub fn after<T: FromStr>(&self) -> Result<Option<T>, ApiError> {
        self.cursor
            .as_deref()
            .map(|cursor| cursor.parse().map_err(|_| ApiError::invalid("cursor", "is not one this list gave")))
            .transpose()
    }
}

/// A page out of `limit + 1` items read: the extra one tells that there is more.
pub fn page<T>(mut items: Vec<T>, limit: i64, id: impl Fn(&T) -> String) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or_default();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(id);
    Page { items, next }
}

/// The caller's network address. Behind a proxy of the operator's it is the last entry that proxy wrote.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let behind_proxy = request.app_data::<Ctx>().is_some_and(|context| context.config.behind_proxy);
    let forwarded = behind_proxy
        .then(|| {
            request
                .headers()
                .get_all("x-forwarded-for")
                .last()?
                .to_str()
                .ok()?
                .rsplit(',')
                .next()?
                .trim()
                .parse()
                .ok()
        })
        .flatten();
    forwarded.or_else(|| request.peer_addr().map(|peer| peer.ip()))
}

/// Who does it and from where, for the audit log.
pub fn actor(request: &HttpRequest, user: Option<UserId>) -> Actor {
    Actor {
        user,
        via: None,
        address: address(request),
    }
}

/// How what is in an address or a query is refused.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|_, _| ApiError::not_found().into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| ApiError::invalid("query", error.to_string()).into()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError as _;
    use coord_protocol::{job::NewJob, workspace::NewInvitation};

    fn refused<T: DeserializeOwned>(body: &str) -> (u16, Vec<String>) {
        let Err(error) = parse::<T>(body.as_bytes()) else {
            panic!("{body} was taken")
        };
        (error.status_code().as_u16(), error.problem().errors.into_keys().collect())
    }

    #[test]
    fn api_1_malformed_json_is_400_and_invalid_json_is_422_by_field() {
        assert_eq!(refused::<NewJob>("{\"title\":"), (400, vec![]));
        assert_eq!(refused::<NewJob>("{} {}").0, 422);
        assert_eq!(refused::<NewJob>("{\"title\":\"x\"} {}"), (400, vec![]));
        assert_eq!(refused::<NewJob>("\u{feff}{}"), (400, vec![]));
        assert_eq!(refused::<NewJob>(""), (422, vec!["title".to_owned()]));
        assert_eq!(refused::<NewJob>("[]"), (422, vec!["body".to_owned()]));
        assert_eq!(refused::<NewJob>("{\"title\":\"x\",\"wat\":1}"), (422, vec!["wat".to_owned()]));
        assert_eq!(
            refused::<NewJob>("{\"title\":\"x\",\"priority\":\"urgent\"}"),
            (422, vec!["priority".to_owned()])
        );
        assert_eq!(
            refused::<NewJob>("{\"title\":\"x\",\"team\":[{\"user\":\"me\",\"role\":\"lead\"}]}"),
            (422, vec!["team[0].user".to_owned()])
        );
        assert_eq!(
            refused::<NewInvitation>("{\"email\":\"a@b.c\",\"role\":\"king\"}"),
            (422, vec!["role".to_owned()])
        );
        let deep = format!("{{\"title\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(refused::<NewJob>(&deep).0, 422);
    }

    #[test]
    fn api_1_a_page_tells_whether_there_is_more() {
        let page_of = |n: i64| page((0..n).collect(), 3, ToString::to_string);
        assert_eq!((page_of(3).items.len(), page_of(3).next), (3, None));
        assert_eq!((page_of(4).items.len(), page_of(4).next), (3, Some("2".to_owned())));
        assert_eq!(page_of(0).next, None);
    }
}
