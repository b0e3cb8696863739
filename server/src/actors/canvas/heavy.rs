//! Work that needs a whole Yjs document: on a thread of its own, whose stack is large and whose panic is only an error.

use coord_store::StoreError;
use std::panic::AssertUnwindSafe;
use tokio::sync::{Semaphore, oneshot};

/// How many at once: each holds some twenty times its document in memory.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Stack of such a thread, in bytes. Documents are nested as deeply as `coord_canvas` admits, which needs a fraction of it.
const STACK: usize = 16 * 1024 * 1024;

/// Does the work elsewhere.
pub(in crate::actors) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let _place = AT_ONCE.acquire().await.map_err(|_| StoreError::Closed)?;
    let (done, wait) = oneshot::channel();
    let thread = std::thread::Builder::new().name("coord-canvas".to_owned()).stack_size(STACK);
    let started = thread.spawn(move || {
        // Nothing of what the work was given is looked at again.
        if let Ok(value) = std::panic::catch_unwind(AssertUnwindSafe(work)) {
            drop(done.send(value));
        }
    });
    started.map_err(|error| StoreError::inconsistent("canvas_updates", error))?;
    wait.await.map_err(|_| StoreError::Panicked)
}
