//! What goes to a client in pieces that fit the connection's buffer as it is made: the buffer grows with the largest piece and keeps its
//! size, and a canvas that is sent once as a whole would be paid for as long as the connection lasts.

use bytes::Bytes;
use futures_util::Stream;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Most bytes of a piece. The buffer is made with 8 KiB.
const PIECE: usize = 7 * 1024;

/// A body in pieces.
pub(super) struct InPieces<S> {
    body: Pin<Box<S>>,
    rest: Bytes,
    /// A piece was handed on and more is there; it is written before the next.
    yielded: bool,
}

impl<S> InPieces<S> {
    pub(super) fn new(body: S) -> Self {
        Self {
            body: Box::pin(body),
            rest: Bytes::new(),
            yielded: false,
        }
    }
}

impl<S, E> Stream for InPieces<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    type Item = Result<Bytes, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.yielded) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match self.body.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.rest = bytes,
                other => return other,
            }
        }
        let most = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(most);
        self.yielded = !self.rest.is_empty();
        Poll::Ready(Some(Ok(piece)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt as _, stream};

    #[actix_web::test]
    async fn inv_5_what_is_large_comes_in_pieces_and_whole() {
        let sent: Vec<Bytes> = [3, PIECE, PIECE + 1, 100_000]
            .iter()
            .map(|size| Bytes::from(vec![7; *size]))
            .collect();
        let body = stream::iter(sent.clone()).map(Ok::<_, ()>);
        let pieces: Vec<Bytes> = InPieces::new(body).map(Result::unwrap).collect().await;
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(pieces.len(), 1 + 1 + 2 + 100_000_usize.div_ceil(PIECE));
        assert_eq!(pieces.concat(), sent.concat());
    }
}
