//! Sockets of people and of runners.

use super::{Person, TestServer, text};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::HeaderValue},
};

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

/// How a socket ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With a code.
    Closed(u16),
    /// The connection broke.
    Broken,
}

impl Person {
    /// Opens a socket under `/api/v1`, or returns the status that refused it.
    pub async fn socket(&self, path: &str) -> Result<Socket, u16> {
        let address = format!("{}/api/v1{path}", self.base).replacen("http", "ws", 1);
        let mut request = address.into_client_request().unwrap();
        if let Some((name, value)) = &self.header {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
            request.headers_mut().insert("origin", HeaderValue::from_str(&self.base).unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{path}: {error}"),
        }
    }
}

impl Socket {
    /// The next text message.
    pub async fn text(&mut self) -> Result<String, End> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("the server says something") {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => return Err(End::Closed(frame.code.into())),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err(End::Broken),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next message as JSON.
    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await.expect("a message")).unwrap()
    }

    /// How it ends, and the bytes of text until then.
    pub async fn end(&mut self) -> (End, usize) {
        let mut bytes = 0;
        loop {
            match self.text().await {
                Ok(text) => bytes += text.len(),
                Err(end) => return (end, bytes),
            }
        }
    }

    /// Sends JSON; an error when the connection is gone.
    pub async fn say(&mut self, message: &Value) -> Result<(), tungstenite::Error> {
        self.0.send(Message::text(message.to_string())).await
    }
}

/// A runner that does what the test tells it.
pub struct FakeRunner {
    pub id: String,
    /// Calls with the runner's token.
    pub caller: Person,
    pub socket: Socket,
}

impl FakeRunner {
    /// A new runner of this person, connected, with the agent `scripted`.
    pub async fn connect(owner: &Person, shared: bool) -> Self {
        let made = owner.post(201, "/runners", json!({ "name": "box", "shared": shared })).await;
        let caller = owner.with_token(&text(&made, "token"));
        let mut socket = caller.socket("/runner").await.expect("the runner is let in");
        socket.say(&hello(json!([{ "name": "scripted" }]))).await.unwrap();
        assert_eq!(socket.json().await["type"], "welcome");
        Self {
            id: text(&made, "id"),
            caller,
            socket,
        }
    }

    /// The next message of this type; others are passed over.
    pub async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let message = self.socket.json().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Sends log entries numbered from `first` and waits until they are stored.
    pub async fn logs(&mut self, work: &Value, first: i64, bodies: &[Value]) {
        let entries: Vec<Value> = bodies
            .iter()
            .zip(first..)
            .map(|(body, seq)| {
                let mut entry = json!({ "seq": seq, "at": "2026-01-01T00:00:00Z" });
                entry.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
                entry
            })
            .collect();
        let last = first + i64::try_from(bodies.len()).unwrap() - 1;
        let message = json!({ "type": "log", "attempt": work["attempt"], "fence": work["fence"], "entries": entries });
        self.socket.say(&message).await.unwrap();
        while self.hears("confirm").await["seq"] != last {}
    }

    /// Uploads under the claim's fence.
    pub async fn put(&self, work: &Value, rest: &str, content: String) -> u16 {
        let path = format!("/runner/attempts/{}/{rest}", text(work, "attempt"));
        let request = self
            .caller
            .call(Method::PUT, &path)
            .header("x-coord-fence", work["fence"].to_string());
        request.body(content).send().await.unwrap().status().as_u16()
    }
}

/// A runner's first message.
pub fn hello(agents: Value) -> Value {
    json!({ "type": "hello", "protocol": 1, "version": "0", "platform": "test", "agents": agents, "concurrency": 8, "held": [] })
}

/// A job of `by` for the agent `scripted`, Ready.
pub async fn ready(by: &Person, ws: &str, more: Value) -> Value {
    let mut new = json!({ "title": "Run", "agent": "scripted", "state": "ready" });
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    by.post(201, &format!("/workspaces/{ws}/jobs"), new).await
}

/// A team: the owner Ada, the member Bob and the viewer Vic; Eve is in none.
pub async fn team(server: &TestServer) -> ([Person; 4], String) {
    let [ada, bob, vic, eve] = [
        server.person("ada").await,
        server.person("bob").await,
        server.person("vic").await,
        server.person("eve").await,
    ];
    let ws = ada.workspace("Team").await;
    ada.let_in(&ws, &bob, "member").await;
    ada.let_in(&ws, &vic, "viewer").await;
    ([ada, bob, vic, eve], ws)
}
