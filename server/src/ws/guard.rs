//! A guard in front of the WebSocket parser, which buffers a whole declared frame before it looks at its size and reads without end
//! before it decodes. The guard reads frame headers as they pass: too large a frame ends the connection at its header, and one frame at
//! a time is handed on, so that the parser's buffer holds one frame (INV-8).

use actix_web::error::PayloadError;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Where in a frame the stream is.
enum At {
    /// In a header, with what has arrived of it.
    Header(BytesMut),
    /// In the body, with what is missing of it.
    Body(u64),
}

/// The payload with frames over `max` refused.
pub(super) struct Guarded<S> {
    inner: S,
    max: u64,
    at: At,
    rest: Bytes,
    /// A frame was handed on; the parser gets its turn before the next.
    yielded: bool,
    /// What came instead of more bytes while the parser had its turn.
    end: Option<Option<PayloadError>>,
    refused: bool,
}

impl<S> Guarded<S> {
    pub(super) fn new(inner: S, max: usize) -> Self {
        Self {
            inner,
            max: max as u64,
            at: At::Header(BytesMut::new()),
            rest: Bytes::new(),
            yielded: false,
            end: None,
            refused: false,
        }
    }

    /// Takes bytes up to the end of the frame they belong to. `None` when a header declares too much.
    fn take(&mut self) -> Option<Taken> {
        if let At::Header(begun) = &self.at
            && begun.is_empty()
            && let Some((header, body)) = lengths(&self.rest)
            && let Ok(whole) = usize::try_from(body.saturating_add(header as u64))
            && body <= self.max
            && whole <= self.rest.len()
        {
            // The usual case: a frame has come whole, and is handed on as it is.
            let bytes = self.rest.split_to(whole);
            return Some(Taken { bytes, frame_ended: true });
        }
        let mut out = BytesMut::new();
        loop {
            match &mut self.at {
                At::Body(missing) => {
                    let take = usize::try_from(*missing).unwrap_or(usize::MAX).min(self.rest.len());
                    out.extend_from_slice(&self.rest.split_to(take));
                    *missing -= take as u64;
                    if *missing > 0 {
                        return Some(Taken {
                            bytes: out.freeze(),
                            frame_ended: false,
                        });
                    }
                    self.at = At::Header(BytesMut::new());
                    return Some(Taken {
                        bytes: out.freeze(),
                        frame_ended: true,
                    });
                }
                At::Header(header) => {
                    let Some(byte) = self.rest.first().copied() else {
                        return Some(Taken {
                            bytes: out.freeze(),
                            frame_ended: false,
                        });
                    };
                    header.extend_from_slice(&[byte]);
                    out.extend_from_slice(&self.rest.split_to(1));
                    if let Some((_, length)) = lengths(header) {
                        if length > self.max {
                            return None;
                        }
                        self.at = At::Body(length);
                    }
                }
            }
        }
    }
}

struct Taken {
    bytes: Bytes,
    frame_ended: bool,
}

/// Lengths of header and body once the header is whole (RFC 6455, 5.2).
fn lengths(header: &[u8]) -> Option<(usize, u64)> {
    let second = *header.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (length, size) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(header.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(header.get(2..10)?.try_into().ok()?), 10),
        short => (u64::from(short), 2),
    };
    (header.len() >= size + mask).then_some((size + mask, length))
}

impl<S> Stream for Guarded<S>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.refused {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut self.yielded) {
            if self.rest.is_empty() {
                match Pin::new(&mut self.inner).poll_next(cx) {
                    // Woken when there is more.
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
                    Poll::Ready(Some(Err(error))) => self.end = Some(Some(error)),
                    Poll::Ready(None) => self.end = Some(None),
                }
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(end) = self.end.take() {
            self.refused = true;
            return Poll::Ready(end.map(Err));
        }
        if self.rest.is_empty() {
            match Pin::new(&mut self.inner).poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
                other => return other,
            }
        }
        match self.take() {
            Some(taken) => {
                self.yielded = taken.frame_ended;
                Poll::Ready(Some(Ok(taken.bytes)))
            }
            None => {
                self.refused = true;
                self.rest = Bytes::new();
                Poll::Ready(Some(Err(PayloadError::Overflow)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt as _, stream};

    /// Longest frame header: 2 bytes, 8 of length, 4 of mask.
    const MAX_HEADER: usize = 14;

    fn frame(length: usize) -> Vec<u8> {
        let mut frame = vec![0x82];
        match length {
            0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.extend(std::iter::repeat_n(7, length));
        frame
    }

    /// What comes through, in pieces of `chunk` bytes, and whether it ended in a refusal.
    async fn through(bytes: &[u8], chunk: usize, max: usize) -> (Vec<Bytes>, bool) {
        let chunks: Vec<_> = bytes.chunks(chunk).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let mut guarded = Guarded::new(stream::iter(chunks), max);
        let mut out = vec![];
        while let Some(item) = guarded.next().await {
            match item {
                Ok(bytes) => out.push(bytes),
                Err(_) => return (out, true),
            }
        }
        (out, false)
    }

    #[actix_web::test]
    async fn inv_8_frames_pass_unchanged_however_they_are_cut() {
        let sent: Vec<u8> = [0, 5, 125, 126, 300, 70_000].into_iter().flat_map(frame).collect();
        for chunk in [1, 2, 3, 13, 4096, sent.len()] {
            let (out, refused) = through(&sent, chunk, 100_000).await;
            assert!(!refused);
            assert_eq!(out.concat(), sent, "in chunks of {chunk}");
        }
    }

    #[actix_web::test]
    async fn inv_8_an_oversized_frame_is_refused_at_its_header() {
        let mut eight_gib = vec![0x82, 0xff];
        eight_gib.extend((8_u64 << 30).to_be_bytes());
        eight_gib.extend([1, 2, 3, 4]);
        eight_gib.extend([0; 4096]);
        for chunk in [1, 7, 10_000] {
            let (out, refused) = through(&eight_gib, chunk, 65_536).await;
            assert!(refused);
            assert!(out.concat().len() <= MAX_HEADER, "nothing of the body came through");
        }
    }

    #[actix_web::test]
    async fn inv_8_one_frame_at_a_time_is_handed_on() {
        let flood: Vec<u8> = (0..1000).flat_map(|_| frame(1)).collect();
        let (out, _) = through(&flood, flood.len(), 100).await;
        assert_eq!(out.len(), 1000);
    }
}
