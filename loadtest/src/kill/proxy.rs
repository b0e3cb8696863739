//! A stretch of network that can be cut: TCP through this program. While it is cut nothing passes and nobody is told, as with a pulled
//! cable; afterwards what was on its way arrives, if both ends still wait for it.

use anyhow::Result;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// The stretch.
#[derive(Debug)]
pub struct Proxy {
    /// Where to connect instead.
    pub url: String,
    cut: watch::Sender<bool>,
    delay_ms: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Leads to `to`.
    ///
    /// # Errors
    /// When nothing can be listened on.
    pub async fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let cut = watch::Sender::new(false);
        let watched = cut.subscribe();
        let delay_ms = Arc::new(AtomicU64::new(0));
        let late = Arc::clone(&delay_ms);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (watched, late) = (watched.clone(), Arc::clone(&late));
                tokio::spawn(async move { drop(pass(near, to, watched, late).await) });
            }
        });
        Ok(Self { url, cut, delay_ms, task })
    }

    /// Cuts it.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Mends it.
    pub fn mend(&self) {
        self.cut.send_replace(false);
    }

    /// From now on everything comes so much later.
    pub fn delay(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.delay_ms.store(ms, Ordering::Relaxed);
    }

    /// Cuts it for a while.
    pub async fn cut_for(&self, time: Duration) {
        self.cut();
        tokio::time::sleep(time).await;
        self.mend();
    }
}

async fn whole(cut: &mut watch::Receiver<bool>) -> io::Result<()> {
    cut.wait_for(|cut| !cut).await.map(drop).map_err(io::Error::other)
}

async fn pass(near: TcpStream, to: SocketAddr, mut cut: watch::Receiver<bool>, late: Arc<AtomicU64>) -> io::Result<()> {
    whole(&mut cut).await?;
    let far = TcpStream::connect(to).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let back = tokio::spawn(copy(far_read, near_write, cut.clone(), Arc::clone(&late)));
    let there = copy(near_read, far_write, cut, late).await;
    back.await.map_err(io::Error::other)??;
    there
}

/// Passes bytes, and the end, on while the stretch is whole.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut cut: watch::Receiver<bool>, late: Arc<AtomicU64>) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await;
        let ms = late.load(Ordering::Relaxed);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        whole(&mut cut).await?;
        match read {
            Ok(0) | Err(_) => return to.shutdown().await,
            Ok(count) => to.write_all(&buffer[..count]).await?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test]
    async fn nothing_passes_while_it_is_cut_and_all_of_it_afterwards() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
        let mut near = TcpStream::connect(proxy.url.trim_start_matches("http://")).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 3];
        near.write_all(b"one").await.unwrap();
        far.read_exact(&mut buffer).await.unwrap();
        proxy.cut();
        near.write_all(b"two").await.unwrap();
        assert!(timeout(Duration::from_millis(200), far.read_exact(&mut buffer)).await.is_err());
        proxy.mend();
        timeout(Duration::from_secs(5), far.read_exact(&mut buffer)).await.unwrap().unwrap();
        assert_eq!(&buffer, b"two");
    }
}
