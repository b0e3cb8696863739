//! A bounded channel between two tasks of one thread. Empty it takes a few words, which matters where ten thousand sockets have two each.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
};

struct Shared<T> {
    queue: VecDeque<T>,
    most: usize,
    senders: usize,
    is_open: bool,
    receiver: Option<Waker>,
    waiting: Vec<Waker>,
}

impl<T> Shared<T> {
    fn wake_receiver(&mut self) {
        if let Some(waker) = self.receiver.take() {
            waker.wake();
        }
    }

    fn wake_senders(&mut self) {
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
    }
}

/// Why nothing was sent; with what was to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotSent<T> {
    /// There is no room now.
    Full(T),
    /// Nobody receives any more.
    Closed(T),
}

/// The end that sends.
pub(super) struct Sender<T>(Rc<RefCell<Shared<T>>>);

/// The end that receives.
pub(super) struct Receiver<T>(Rc<RefCell<Shared<T>>>);

/// A channel for at most so many messages.
pub(super) fn channel<T>(most: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(RefCell::new(Shared {
        queue: VecDeque::new(),
        most,
        senders: 1,
        is_open: true,
        receiver: None,
        waiting: vec![],
    }));
    (Sender(Rc::clone(&shared)), Receiver(shared))
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.borrow_mut().senders += 1;
        Self(Rc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        shared.senders -= 1;
        if shared.senders == 0 {
            shared.wake_receiver();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let queue = {
            let mut shared = self.0.borrow_mut();
            shared.is_open = false;
            shared.wake_senders();
            std::mem::take(&mut shared.queue)
        };
        // Messages may have ends of this channel inside.
        drop(queue);
    }
}

impl<T> Sender<T> {
    /// Sends if there is room.
    pub(super) fn try_send(&self, message: T) -> Result<(), NotSent<T>> {
        let mut shared = self.0.borrow_mut();
        if !shared.is_open {
            return Err(NotSent::Closed(message));
        }
        if shared.queue.len() >= shared.most {
            return Err(NotSent::Full(message));
        }
        shared.queue.push_back(message);
        shared.wake_receiver();
        Ok(())
    }

    /// Sends, once there is room; `Err` when nobody receives any more.
    pub(super) async fn send(&self, message: T) -> Result<(), T> {
        let mut message = Some(message);
        poll_fn(|cx| {
            let Some(wanted) = message.take() else { return Poll::Ready(Ok(())) };
            match self.try_send(wanted) {
                Ok(()) => Poll::Ready(Ok(())),
                Err(NotSent::Closed(wanted)) => Poll::Ready(Err(wanted)),
                Err(NotSent::Full(wanted)) => {
                    message = Some(wanted);
                    let waiting = &mut self.0.borrow_mut().waiting;
                    if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                        waiting.push(cx.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl<T> Receiver<T> {
    /// The next message; `None` when all were received and nobody sends any more. Safe to be given up while it waits.
    pub(super) async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The same, by hand.
    pub(super) fn poll_recv(&mut self, cx: &Context<'_>) -> Poll<Option<T>> {
        let mut shared = self.0.borrow_mut();
        if let Some(message) = shared.queue.pop_front() {
            shared.wake_senders();
            return Poll::Ready(Some(message));
        }
        if shared.senders == 0 {
            return Poll::Ready(None);
        }
        match &mut shared.receiver {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, future};

    #[actix_web::test]
    async fn inv_5_who_sends_waits_for_room() {
        let (sender, mut receiver) = channel(2);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        assert_eq!(sender.try_send(3), Err(NotSent::Full(3)));
        let (other, mut third) = (sender.clone(), Box::pin(sender.send(3)));
        let mut fourth = Box::pin(other.send(4));
        assert!(third.as_mut().now_or_never().is_none());
        assert!(fourth.as_mut().now_or_never().is_none());
        let all = async {
            [
                receiver.recv().await,
                receiver.recv().await,
                receiver.recv().await,
                receiver.recv().await,
            ]
        };
        let (sent, also, got) = future::join3(third, fourth, all).await;
        assert_eq!((sent, also), (Ok(()), Ok(())));
        assert_eq!(got, [Some(1), Some(2), Some(3), Some(4)]);
    }

    #[actix_web::test]
    async fn inv_5_either_end_learns_that_the_other_is_gone() {
        let (sender, mut receiver) = channel(1);
        sender.send("last").await.unwrap();
        let waits = Box::pin(sender.send("never"));
        let gone = async {
            assert_eq!(receiver.recv().await, Some("last"));
            drop(receiver);
        };
        let (sent, ()) = future::join(waits, gone).await;
        assert_eq!(sent, Err("never"), "there was room only when nobody received any more");
        assert_eq!(sender.send("late").await, Err("late"));
        assert_eq!(sender.try_send("late"), Err(NotSent::Closed("late")));

        let (sender, mut receiver) = channel(1);
        let (left, got) = future::join(
            async move {
                sender.send(1).await.unwrap();
                drop(sender);
            },
            async { (receiver.recv().await, receiver.recv().await) },
        )
        .await;
        assert_eq!((left, got), ((), (Some(1), None)));
    }
}
