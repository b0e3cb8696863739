//! A proxy that refuses everything and remembers what it was asked for.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

/// The proxy. It ends with the runtime it was started on.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one on a free port of loopback.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let proxy = Self {
            address: listener.local_addr()?,
            asked: Arc::clone(&asked),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let asked = Arc::clone(&asked);
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let mut line = String::new();
                    // Whatever comes is noted, also what is no HTTP.
                    let _ = (&mut stream).take(8 * 1024).read_line(&mut line).await;
                    let line = line.trim_end().to_owned();
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = stream.get_mut().write_all(refusal).await;
                });
            }
        });
        Ok(proxy)
    }

    /// Its address, as the proxy variables want it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first line of every request it refused.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn whatever_is_asked_for_is_refused_and_remembered() {
        let proxy = Proxy::start().await.unwrap();
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream.write_all(b"CONNECT example.org:443 HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert_eq!(proxy.asked(), ["CONNECT example.org:443 HTTP/1.1"]);
    }
}
