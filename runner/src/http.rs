//! Large bodies over HTTP: attachments in; diffs and deliverables out. Every call carries the claim's fence.

use coord_protocol::{
    id::{AttemptId, FileId},
    problem::Problem,
    rule::Rule,
    runner::{FENCE_HEADER, InputFile},
};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::{fmt::Write as _, path::Path, time::Duration};
use tokio::io::AsyncWriteExt;

/// Why a body could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The claim no longer holds (RUN-5).
    #[error("the server says that the claim no longer holds")]
    Stale,
    /// The server said no; asking again does not help.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The server could not be reached or failed; asking again may help.
    #[error("{0}")]
    Transient(String),
    /// The content is not what was announced.
    #[error("the file {name} arrived damaged: {detail}")]
    Damaged {
        /// Which file.
        name: String,
        /// How.
        detail: String,
    },
    /// The disk did not take it.
    #[error("cannot write {name}: {source}")]
    Disk {
        /// Which file.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Which diff is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// From the base of the branch.
    Whole,
    /// From the tip of the attempt before.
    SinceReview,
}

/// The runner's HTTP client.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    server: String,
    token: String,
}

/// Tries of one call, and the longest pause between two: about ten minutes of a server that is away are survived.
const TRIES: u32 = 45;
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A client as this program uses it: no redirects, no proxy, and no waiting for ever.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

impl Http {
    /// For the given server.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(server: &str, token: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client()?,
            server: server.to_owned(),
            token: token.to_owned(),
        })
    }

    fn url(&self, attempt: AttemptId, rest: &str) -> String {
        format!("{}/api/v1/runner/attempts/{attempt}/{rest}", self.server)
    }

    /// Fetches an attachment into `to`, which must not exist, and checks its length and SHA-256.
    ///
    /// # Errors
    /// When it cannot be had or is damaged; then nothing is left at `to`.
    pub async fn fetch(&self, attempt: AttemptId, fence: i64, file: &InputFile, to: &Path) -> Result<(), HttpError> {
        retried(|| async {
            let result = self.fetch_once(attempt, fence, file, to).await;
            if result.is_err() {
                let _ = tokio::fs::remove_file(to).await;
            }
            result
        })
        .await
    }

    async fn fetch_once(&self, attempt: AttemptId, fence: i64, file: &InputFile, to: &Path) -> Result<(), HttpError> {
        let url = self.url(attempt, &format!("files/{}", FileId(file.id.0)));
        let request = self.client.get(url).bearer_auth(&self.token).header(FENCE_HEADER, fence);
        let response = checked(request.send().await).await?;
        let disk = |source| HttpError::Disk {
            name: file.name.clone(),
            source,
        };
        let damaged = |detail: String| HttpError::Damaged {
            name: file.name.clone(),
            detail,
        };
        let mut out = tokio::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(to)
            .await
            .map_err(disk)?;
        let announced = u64::try_from(file.size).unwrap_or(0);
        let (mut digest, mut length) = (Sha256::new(), 0u64);
        let mut body = response.bytes_stream();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| transient(&error))?;
            length += piece.len() as u64;
            if length > announced {
                return Err(damaged(format!("more than the {announced} bytes announced")));
            }
            digest.update(&piece);
            out.write_all(&piece).await.map_err(disk)?;
        }
        out.flush().await.map_err(disk)?;
        if length != announced {
            return Err(damaged(format!("{length} of {announced} bytes")));
        }
        if hexadecimal(&digest.finalize()) != file.sha256.to_ascii_lowercase() {
            return Err(damaged("its SHA-256 is another".to_owned()));
        }
        Ok(())
    }

    /// Uploads a deliverable, replacing one of the same name.
    ///
    /// # Errors
    /// When it cannot be delivered.
    pub async fn put_deliverable(&self, attempt: AttemptId, fence: i64, name: &str, path: &Path) -> Result<(), HttpError> {
        let url = self.url(attempt, &format!("deliverables/{}", percent(name)));
        retried(|| async {
            let disk = |source| HttpError::Disk {
                name: name.to_owned(),
                source,
            };
            let (file, length) = open_plain(path).await.map_err(disk)?;
            let pieces = futures_util::stream::unfold(tokio::io::AsyncReadExt::take(file, length), |mut file| async move {
                let mut piece = bytes::BytesMut::with_capacity(64 * 1024);
                // As much as was announced, though the file may be growing.
                match tokio::io::AsyncReadExt::read_buf(&mut file, &mut piece).await {
                    Ok(0) => None,
                    Ok(_) => Some((Ok(piece.freeze()), file)),
                    Err(error) => Some((Err(error), file)),
                }
            });
            let request = self
                .client
                .put(&url)
                .bearer_auth(&self.token)
                .header(FENCE_HEADER, fence)
                .header("content-type", "application/octet-stream")
                .header("content-length", length)
                .body(reqwest::Body::wrap_stream(pieces));
            checked(request.send().await).await.map(drop)
        })
        .await
    }

    /// Uploads a diff, replacing the former.
    ///
    /// # Errors
    /// When it cannot be delivered.
    pub async fn put_diff(&self, attempt: AttemptId, fence: i64, which: Which, diff: Vec<u8>) -> Result<(), HttpError> {
        let which = match which {
            Which::Whole => "whole",
            Which::SinceReview => "since_review",
        };
        let url = self.url(attempt, &format!("diff?which={which}"));
        let diff = bytes::Bytes::from(diff);
        retried(|| async {
            let request = self
                .client
                .put(&url)
                .bearer_auth(&self.token)
                .header(FENCE_HEADER, fence)
                .header("content-type", "text/plain; charset=utf-8")
                .body(diff.clone());
            checked(request.send().await).await.map(drop)
        })
        .await
    }
}

/// Opens a plain file and tells its length. It may have been exchanged since its folder was read: a link is not followed, and nothing
/// waits for the other end of a pipe (FILE-3).
async fn open_plain(path: &Path) -> std::io::Result<(tokio::fs::File, u64)> {
    let mut options = tokio::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    options.custom_flags((nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits());
    let file = options.open(path).await?;
    let meta = file.metadata().await?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no plain file any more"));
    }
    Ok((file, meta.len()))
}

async fn retried<T, F: Future<Output = Result<T, HttpError>>>(mut call: impl FnMut() -> F) -> Result<T, HttpError> {
    let mut pause = Duration::from_millis(500);
    for _ in 1..TRIES {
        match call().await {
            Err(HttpError::Transient(detail)) => tracing::debug!("{detail}; trying again"),
            other => return other,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    call().await
}

fn transient(error: &reqwest::Error) -> HttpError {
    HttpError::Transient(words(error))
}

/// An error with what caused it, in one line.
#[must_use]
pub fn words(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = write!(words, ": {cause}");
        source = cause.source();
    }
    words
}

async fn checked(sent: Result<reqwest::Response, reqwest::Error>) -> Result<reqwest::Response, HttpError> {
    let response = sent.map_err(|error| transient(&error))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let problem: Option<Problem> = response.json().await.ok();
    if status.as_u16() == 409 && problem.as_ref().and_then(|problem| problem.rule) == Some(Rule::Run5) {
        return Err(HttpError::Stale);
    }
    let words = problem.map_or_else(|| status.to_string(), |problem| problem.detail);
    if status.is_server_error() || status.as_u16() == 429 {
        return Err(HttpError::Transient(words));
    }
    Err(HttpError::Refused(words))
}

/// Percent-encoding of one path segment.
fn percent(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn file_3_what_was_exchanged_for_a_link_or_a_pipe_is_not_delivered() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::write(at("plain"), "1234").unwrap();
        std::os::unix::fs::symlink(at("plain"), at("link")).unwrap();
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(open_plain(&at("plain")).await.unwrap().1, 4);
        for name in ["link", "pipe", "missing"] {
            let opened = tokio::time::timeout(Duration::from_secs(5), open_plain(&at(name))).await.unwrap();
            assert!(opened.is_err(), "{name}");
        }
        assert!(open_plain(root.path()).await.is_err());
    }

    #[test]
    fn file_3_a_name_is_one_path_segment_on_the_wire() {
        assert_eq!(percent("a b/ü?.txt"), "a%20b%2F%C3%BC%3F.txt");
    }
}
