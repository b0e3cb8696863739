//! A real server on a free port, and people who talk to it.
#![expect(dead_code, reason = "each test program uses its own part of this")]

pub mod canvas;
pub mod live;
pub mod smtp;

use coord_server::{
    Control,
    config::{Config, Registration},
};
use coord_store::{Database, testing};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};
use std::{path::PathBuf, sync::Once, thread::JoinHandle};
use tempfile::TempDir;

/// A server of its own for one test, on its own thread.
pub struct TestServer {
    pub url: String,
    pub control: Control,
    pub data: PathBuf,
    database: Option<String>,
    _folder: TempDir,
    thread: Option<JoinHandle<()>>,
}

/// Starts a server with `change` made to the configuration for tests.
pub fn server_with(change: impl FnOnce(&mut Config)) -> TestServer {
    static TLS: Once = Once::new();
    // reqwest wants a provider even for plain HTTP.
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::for_tests(folder.path().join("data"));
    config.registration = Registration::Open;
    config.database = on_postgres();
    change(&mut config);
    let (data, database) = (config.data.clone(), config.database.clone());
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = coord_server::start(config).await.expect("the server starts");
            tell.send(server.control()).unwrap();
            server.run().await.expect("the server ends well");
        });
    });
    let control = told.recv().expect("the server starts");
    TestServer {
        url: format!("http://{}", control.address()),
        control,
        data,
        database,
        _folder: folder,
        thread: Some(thread),
    }
}

/// With `COORD_TEST_SERVER=postgres` the servers of these tests run on a schema of their own in `COORD_TEST_POSTGRES`.
fn on_postgres() -> Option<String> {
    if std::env::var("COORD_TEST_SERVER").as_deref() != Ok("postgres") {
        return None;
    }
    let made = std::thread::spawn(|| actix_web::rt::System::new().block_on(testing::postgres_database()));
    match made.join().unwrap() {
        Some(Database::Postgres(url)) => Some(url),
        Some(Database::Sqlite) | None => panic!("COORD_TEST_POSTGRES is not set"),
    }
}

/// Starts a server where anybody may make an account.
pub fn server() -> TestServer {
    server_with(|_| {})
}

impl TestServer {
    /// Stops the server and waits for its end.
    pub async fn stop(&mut self) {
        self.control.stop().await;
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join().expect("the server ends well"))
                .await
                .unwrap();
        }
    }

    /// What another server on the same data is given.
    pub fn same_data(&self) -> impl FnOnce(&mut Config) + use<> {
        let (data, database) = (self.data.clone(), self.database.clone());
        |config| (config.data, config.database) = (data, database)
    }

    /// Where its database is.
    pub fn database_url(&self) -> String {
        let sqlite = || format!("sqlite://{}", self.data.join("coord.db").display());
        self.database.clone().unwrap_or_else(sqlite)
    }

    /// The first column of a query, as text, through another connection while the server runs.
    pub async fn rows(&self, sql: &'static str) -> Vec<String> {
        sqlx::any::install_default_drivers();
        let sqlite = || format!("sqlite://{}?mode=ro", self.data.join("coord.db").display());
        let mut conn = sqlx::AnyConnection::connect(&self.database.clone().unwrap_or_else(sqlite))
            .await
            .unwrap();
        let rows = sqlx::query(sql).fetch_all(&mut conn).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0)).collect()
    }

    /// Somebody who is not signed in.
    pub fn nobody(&self) -> Person {
        Person {
            base: self.url.clone(),
            client: reqwest::Client::new(),
            header: None,
            id: String::new(),
            email: String::new(),
        }
    }

    /// A new account, signed in by cookie.
    pub async fn person(&self, name: &str) -> Person {
        let mut person = self.nobody();
        person.email = format!("{name}@example.org");
        let body = json!({ "email": person.email, "name": name, "password": PASSWORD });
        let answer = person.call(Method::POST, "/auth/register").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        person.header = Some(("cookie", cookie_of(&answer)));
        let user: Value = answer.json().await.unwrap();
        person.id = user["id"].as_str().unwrap().to_owned();
        person
    }
}

pub const PASSWORD: &str = "correct horse battery";

/// `name=value` of the session's cookie.
pub fn cookie_of(answer: &Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Person {
    pub base: String,
    pub client: reqwest::Client,
    pub header: Option<(&'static str, String)>,
    pub id: String,
    pub email: String,
}

impl Person {
    /// The same person through a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            header: Some(("authorization", format!("Bearer {token}"))),
            ..self.clone()
        }
    }

    /// The same person at another server with the same data.
    pub fn at(&self, server: &TestServer) -> Self {
        Self {
            base: server.url.clone(),
            ..self.clone()
        }
    }

    /// A call to a path under `/api/v1`.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base));
        match &self.header {
            Some((name, value)) => request.header(*name, value),
            None => request,
        }
    }

    /// Sends, and expects this status; the body as JSON, or null where there is none.
    pub async fn expect(&self, status: u16, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.call(method.clone(), path);
        if let Some(body) = &body {
            request = request.json(body);
        }
        checked(request.send().await.unwrap(), status, &format!("{method} {path}")).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.expect(200, Method::GET, path, None).await
    }

    pub async fn post(&self, status: u16, path: &str, body: Value) -> Value {
        self.expect(status, Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, status: u16, path: &str, body: Value) -> Value {
        self.expect(status, Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, status: u16, path: &str) -> Value {
        self.expect(status, Method::DELETE, path, None).await
    }

    /// Makes a workspace and returns its id.
    pub async fn workspace(&self, name: &str) -> String {
        text(&self.post(201, "/workspaces", json!({ "name": name })).await, "id")
    }

    /// Invites `other` into a workspace, who accepts.
    pub async fn let_in(&self, ws: &str, other: &Self, role: &str) {
        let invitation = self
            .post(
                201,
                &format!("/workspaces/{ws}/invitations"),
                json!({ "email": other.email, "role": role }),
            )
            .await;
        other
            .post(200, &format!("/invitations/{}/accept", text(&invitation, "code")), json!({}))
            .await;
    }
}

/// Checks the status; errors must be problem documents.
pub async fn checked(answer: Response, status: u16, what: &str) -> Value {
    let (got, media_type) = (
        answer.status().as_u16(),
        answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned()),
    );
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{what}: {text}");
    if got >= 400 {
        assert_eq!(media_type.as_deref(), Some("application/problem+json"), "{what}: {text}");
        let problem: coord_protocol::problem::Problem = serde_json::from_str(&text).unwrap();
        assert_eq!(problem.status, status);
        assert!(problem.kind.starts_with("urn:coord:problem:"), "{}", problem.kind);
    }
    if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap()
    }
}

/// A text field.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}
