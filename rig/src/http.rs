//! As much of HTTP/1.1 as agents' programs speak to a model.

use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Longest body taken: a whole conversation with its files.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A request.
pub struct Request {
    pub method: String,
    /// With its query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What it is answered with.
pub enum Answer {
    /// All at once.
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Server-sent events, with a pause before each.
    Events { events: Vec<String>, pause: Duration },
}

impl Answer {
    /// JSON, all at once.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::Whole {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: value.to_string(),
        }
    }
}

impl Request {
    /// A header's value; the name is in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

fn bad(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words.to_owned())
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.take(64 * 1024).read_line(&mut line).await?;
    match line.strip_suffix('\n') {
        Some(text) => Ok(text.trim_end_matches('\r').to_owned()),
        None if line.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
        None => Err(bad("a line without an end")),
    }
}

/// Reads the next request of a connection.
pub async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Request> {
    let first = line(stream).await?;
    let mut words = first.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let mut headers = Vec::new();
    loop {
        let text = line(stream).await?;
        if text.is_empty() {
            break;
        }
        let (key, value) = text.split_once(':').ok_or_else(|| bad("a header without a colon"))?;
        headers.push((key.trim().to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    if request.header("expect").is_some() {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let chunked = request
        .header("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let mut left: usize = match request.header("content-length") {
        Some(value) => value.parse().map_err(|_| bad("a length that is no number"))?,
        None => 0,
    };
    loop {
        if chunked {
            let size = line(stream).await?;
            left =
                usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16).map_err(|_| bad("a chunk without a size"))?;
        }
        let from = request.body.len();
        if from + left > MAX_BODY {
            return Err(bad("too long a body"));
        }
        request.body.resize(from + left, 0);
        stream.read_exact(&mut request.body[from..]).await?;
        if !chunked {
            break;
        }
        line(stream).await?;
        if left == 0 {
            break;
        }
    }
    Ok(request)
}

/// Writes an answer. False when the connection ends with it.
pub async fn write(stream: &mut BufReader<TcpStream>, answer: Answer) -> io::Result<bool> {
    let stream = stream.get_mut();
    match answer {
        Answer::Whole { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} {}\r\ncontent-length: {}\r\n", reason(status), body.len());
            for (key, value) in headers {
                head.push_str(&format!("{key}: {value}\r\n"));
            }
            stream.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
            Ok(true)
        }
        Answer::Events { events, pause } => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n")
                .await?;
            for event in events {
                tokio::time::sleep(pause).await;
                stream.write_all(event.as_bytes()).await?;
                stream.flush().await?;
            }
            stream.shutdown().await?;
            Ok(false)
        }
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        529 => "Overloaded",
        _ => "Status",
    }
}
