//! A person over HTTP.

use anyhow::{Context as _, Result};
use coord_protocol::{
    Page,
    account::{CreatedToken, User},
    id::{AttemptId, JobId, WorkspaceId},
    job::{CommandBody, Job, NewJob, Note},
    log::LogPage,
    problem::Problem,
    runner::{CreatedRunner, NewRunner},
    workspace::{Invitation, Workspace},
};
use reqwest::{
    Client, Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, HeaderName, SET_COOKIE},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Password of every account a scenario makes.
pub(crate) const PASSWORD: &str = "a password of the load test";

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server refused.
    #[error("{0} {1}: {detail} ({status})", detail = .2.detail, status = .2.status)]
    Refused(Method, String, Box<Problem>),
    /// No whole answer: what was asked may have happened or not.
    #[error("{0} {1}: no answer: {2}")]
    Broken(Method, String, String),
}

impl CallError {
    /// The status of a refusal.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(_, _, problem) => Some(problem.status),
            Self::Broken(..) => None,
        }
    }

    /// Whether the same call may succeed later: the server was not there, or not able.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.status().is_none_or(|status| status >= 500)
    }
}

/// A person, or nobody yet.
#[derive(Debug, Clone)]
pub struct Person {
    base: String,
    client: Client,
    header: Option<(HeaderName, String)>,
    /// The cookie of a browser's session.
    session: Option<String>,
}

impl Person {
    /// Somebody who is not signed in.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn nobody(base: &str) -> Result<Self> {
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            client: Client::builder().no_proxy().tcp_nodelay(true).timeout(TIMEOUT).build()?,
            header: None,
            session: None,
        })
    }

    /// A new account, or the one that an earlier run made.
    ///
    /// # Errors
    /// When the server makes none.
    pub async fn register(base: &str, name: &str) -> Result<Self> {
        let body = json!({ "email": email_of(name), "name": name, "password": PASSWORD });
        match Self::nobody(base)?.signed_in("/auth/register", body).await {
            Ok(person) => Ok(person),
            Err(error) => Self::login(base, &email_of(name), PASSWORD).await.map_err(|_| error),
        }
    }

    /// An account that is there.
    ///
    /// # Errors
    /// When address or password is wrong.
    pub async fn login(base: &str, email: &str, password: &str) -> Result<Self> {
        let body = json!({ "email": email, "password": password });
        Self::nobody(base)?.signed_in("/auth/login", body).await
    }

    /// Signs in, and goes on with a token, as programs do.
    async fn signed_in(mut self, path: &str, body: Value) -> Result<Self> {
        let response = self.client.post(self.address(path)).json(&body).send().await?;
        let cookie = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .find(|pair| pair.starts_with("coord_session="))
            .map(str::to_owned);
        let status = response.status();
        let user: Result<User, _> = serde_json::from_slice(&response.bytes().await?);
        let (Some(cookie), Ok(_)) = (cookie, user) else {
            anyhow::bail!("{path} answered {status} without a session");
        };
        self.header = Some((COOKIE, cookie.clone()));
        self.session = Some(cookie);
        let made: CreatedToken = self
            .post("/tokens", &json!({ "name": "coord-loadtest", "expires_in_days": 7 }))
            .await?;
        self.header = Some((AUTHORIZATION, format!("Bearer {}", made.token)));
        Ok(self)
    }

    /// The same person as a browser has them: by the cookie of their session. It reads only.
    #[must_use]
    pub fn with_session(&self) -> Self {
        Self {
            header: self.session.clone().map(|cookie| (COOKIE, cookie)),
            ..self.clone()
        }
    }

    fn address(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    /// Address of a WebSocket.
    #[must_use]
    pub fn socket(&self, path: &str) -> String {
        self.address(path).replacen("http", "ws", 1)
    }

    /// How they are signed in: the header `Authorization`.
    #[must_use]
    pub fn authorization(&self) -> &str {
        self.header.as_ref().map_or("", |(_, value)| value)
    }

    /// The bytes of an answer that succeeded.
    ///
    /// # Errors
    /// The refusal, or that there was no answer.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Result<Vec<u8>, CallError> {
        let broken = |error: reqwest::Error| {
            let mut words = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                words = format!("{words}: {error}");
                cause = error.source();
            }
            CallError::Broken(method.clone(), path.to_owned(), words)
        };
        let mut request = self.client.request(method.clone(), self.address(path));
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(broken)?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let problem = serde_json::from_slice(&bytes).unwrap_or_else(|_| unknown(status, &bytes));
        Err(CallError::Refused(method, path.to_owned(), Box::new(problem)))
    }

    /// A call whose answer is JSON.
    ///
    /// # Errors
    /// As [`Person::call`]; an answer of another shape counts as broken.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        key: Option<&str>,
    ) -> Result<T, CallError> {
        let bytes = self.call(method.clone(), path, body, key).await?;
        serde_json::from_slice(&bytes).map_err(|error| CallError::Broken(method, path.to_owned(), error.to_string()))
    }

    /// `GET`.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.ask(Method::GET, path, None, None).await
    }

    /// `POST`.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, CallError> {
        self.ask(Method::POST, path, Some(value(body)), None).await
    }

    /// Every item of a list, page by page.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, CallError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        let mark = if path.contains('?') { '&' } else { '?' };
        loop {
            let page: Page<T> = self.get(&format!("{path}{mark}limit=200{cursor}")).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// A new workspace.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn workspace(&self, name: &str) -> Result<WorkspaceId> {
        let made: Workspace = self.post("/workspaces", &json!({ "name": name })).await?;
        Ok(made.id)
    }

    /// A new account that is a member of this person's workspace.
    ///
    /// # Errors
    /// When the server makes none, or does not let it in.
    pub async fn colleague(&self, workspace: WorkspaceId, name: &str) -> Result<Self> {
        let other = Self::register(&self.base, name).await?;
        let invitation = json!({ "email": email_of(name), "role": "member" });
        let invitation: Invitation = self.post(&format!("/workspaces/{workspace}/invitations"), &invitation).await?;
        let path = format!("/invitations/{}/accept", invitation.code);
        other.call(Method::POST, &path, Some(json!({})), None).await?;
        Ok(other)
    }

    /// A new runner.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn runner(&self, name: &str) -> Result<CreatedRunner> {
        let new = NewRunner {
            name: name.to_owned(),
            shared: false,
        };
        Ok(self.post("/runners", &new).await?)
    }

    /// A new job.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn job(&self, workspace: WorkspaceId, new: &NewJob) -> Result<Job> {
        let made = self.post(&format!("/workspaces/{workspace}/jobs"), new).await;
        made.with_context(|| format!("the job “{}” was not made", new.title))
    }

    /// A command to a job.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn command(&self, job: JobId, command: &str, body: &CommandBody) -> Result<Job, CallError> {
        self.post(&format!("/jobs/{job}/{command}"), body).await
    }

    /// All notes of a job.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn notes(&self, job: JobId) -> Result<Vec<Note>, CallError> {
        self.list(&format!("/jobs/{job}/notes")).await
    }

    /// A page of a log.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn log(&self, attempt: AttemptId, from: i64, limit: usize) -> Result<LogPage, CallError> {
        self.get(&format!("/attempts/{attempt}/log?from={from}&limit={limit}")).await
    }

    /// What the server says of its own version.
    ///
    /// # Errors
    /// As [`Person::ask`].
    pub async fn server_version(&self) -> Result<String, CallError> {
        let document: Value = self.get("/openapi.json").await?;
        Ok(document["info"]["version"].as_str().unwrap_or("unknown").to_owned())
    }
}

fn email_of(name: &str) -> String {
    format!("{name}@load.example")
}

fn value(body: &impl Serialize) -> Value {
    // The types of the protocol have string keys only, which is all that could fail here.
    serde_json::to_value(body).unwrap_or(Value::Null)
}

fn unknown(status: StatusCode, body: &[u8]) -> Problem {
    Problem {
        kind: String::new(),
        title: String::new(),
        status: status.as_u16(),
        detail: String::from_utf8_lossy(body).chars().take(200).collect(),
        rule: None,
        errors: std::collections::BTreeMap::new(),
        current: None,
    }
}
