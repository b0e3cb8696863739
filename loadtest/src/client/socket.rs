//! A WebSocket as a client of this project has it.

use anyhow::{Context as _, Result, bail};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{
        Message, Utf8Bytes,
        client::IntoClientRequest as _,
        http::{HeaderValue, header},
        protocol::WebSocketConfig,
    },
};

pub(super) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Read at once from a connection. There may be ten thousand of them.
const READ: usize = 4 * 1024;

/// Connects with a value for the header `Authorization`.
pub(super) async fn connect(address: &str, authorization: &str) -> Result<Stream> {
    let mut request = address.into_client_request()?;
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, HeaderValue::from_str(authorization)?);
    let config = WebSocketConfig::default().read_buffer_size(READ).write_buffer_size(READ);
    let (socket, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true)
        .await
        .with_context(|| format!("no connection to {address}"))?;
    Ok(socket)
}

/// An open connection.
pub struct Socket(Stream, Instant);

impl Socket {
    /// Connects with a value for the header `Authorization`.
    ///
    /// # Errors
    /// When the server is not there or refuses.
    pub async fn open(address: &str, authorization: &str) -> Result<Self> {
        Ok(Self(connect(address, authorization).await?, Instant::now()))
    }

    /// The next text message. Safe to be given up while it waits.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn next(&mut self) -> Result<Utf8Bytes> {
        loop {
            let message = self.0.next().await;
            self.1 = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(_))) => bail!("a binary message"),
                Some(Ok(Message::Close(Some(frame)))) => bail!("closed: {} {}", frame.code, frame.reason),
                Some(Ok(Message::Close(None))) | None => bail!("closed"),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn say(&mut self, text: String) -> Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// Sends a ping, which even a server that has nothing to say answers.
    ///
    /// # Errors
    /// When the connection ended.
    pub async fn ping(&mut self) -> Result<()> {
        Ok(self.0.send(Message::Ping(Default::default())).await?)
    }

    /// When something was last heard, pings and pongs too.
    #[must_use]
    pub const fn heard(&self) -> Instant {
        self.1
    }

    /// Whoever did not listen for a while begins to wait anew.
    pub fn awake(&mut self) {
        self.1 = Instant::now();
    }

    /// As two halves that work at the same time.
    pub(super) fn split(self) -> (SplitSink<Stream, Message>, SplitStream<Stream>) {
        self.0.split()
    }
}
