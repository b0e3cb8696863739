//! Connections that mean harm, on a large canvas beside somebody who works there: what each costs the server, and what it costs the other.

use super::canvas::{canvases, client_id};
use crate::{
    chance::Chance,
    client::{
        editor::{self, Ear, Heard, Mouth, Pen},
        http::Person,
    },
    process::Server,
    progress::Progress,
    report::{Figures, Times},
    stage::Stage,
};
use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

/// How the scenario is set.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct Settings {
    /// Connections of each kind at once.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=40))]
    pub sockets: u32,
    /// Seconds that each kind goes on.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub seconds: u64,
    /// Objects on the canvas.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub objects: u32,
}

/// Longest wait for the server to do something for the honest one.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two edits of the honest one.
const PAUSE: Duration = Duration::from_millis(50);

/// For what went before to be given back.
const REST: Duration = Duration::from_millis(1500);

/// What a kind of connection sends, and whether it does so until it is stopped or once. None of them ever reads.
struct Attack {
    name: &'static str,
    sends: Vec<u8>,
    again: bool,
}

const BINARY: u8 = 0x82;
const BINARY_BEGINS: u8 = 0x02;
const GOES_ON: u8 = 0x00;
const PING: u8 = 0x89;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = header(first, payload.len() as u64);
    out.extend_from_slice(payload);
    out
}

/// The beginning of a frame that says how long it is; its mask is zero.
fn header(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first];
    match u16::try_from(length) {
        Ok(short @ 0..126) => out.push(0x80 | short.to_be_bytes()[1]),
        Ok(medium) => {
            out.push(0xfe);
            out.extend(medium.to_be_bytes());
        }
        Err(_) => {
            out.push(0xff);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out
}

fn attacks() -> Vec<Attack> {
    let once = |name, sends| Attack { name, sends, again: false };
    let on_and_on = |name, sends| Attack { name, sends, again: true };
    let question = frame(BINARY, &editor::question(&[0]).into_data());
    let pieces = [frame(BINARY_BEGINS, &[b'z'; 4096]), frame(GOES_ON, &[b'z'; 4096]).repeat(59)].concat();
    // Begins after what the server has of this client: to be refused, after all of it was read.
    let gap = [
        &[1, 1, 99, 50, 0x28, 1, 4][..],
        b"meta",
        &[1, b'k', 1, 119, 0xa0, 0xd4, 0x0d],
        &[b'y'; 223_776],
        &[0],
    ]
    .concat();
    vec![
        once("nothing", vec![]),
        once("question", question.clone()),
        on_and_on("questions", question),
        once("half_a_frame", [header(BINARY, 250_000), vec![b'z'; 249_000]].concat()),
        once("endless_message", pieces),
        on_and_on("huge_header", [header(BINARY, 8 << 30), vec![0; 65_536]].concat()),
        on_and_on("tiny_frames", frame(BINARY, &[3]).repeat(10_000)),
        on_and_on("pings", frame(PING, &[b'x'; 125]).repeat(500)),
        on_and_on("large_frames", frame(BINARY, &editor::change(&gap).into_data())),
    ]
}

/// Measures it.
///
/// # Errors
/// When the server does not do its part, or is not one started here.
pub async fn run(stage: &Stage, settings: &Settings, chance: &mut Chance, progress: &mut Progress) -> Result<Figures> {
    let server = stage
        .server
        .as_ref()
        .context("memory is measured of a server that is started here")?;
    let workspace = stage.person.workspace("Hostile").await?;
    let enemy = stage.person.colleague(workspace, &format!("hostile-{:x}", chance.bits())).await?;
    let address = canvases(&stage.person, workspace, 1).await?.remove(0);
    progress.step(format!("writing {} objects", settings.objects));
    let mut honest = Honest::join(&address, &stage.person, client_id(chance, 0)).await?;
    for _ in 0..settings.objects.div_ceil(500) {
        let update = honest.pen.add(500);
        honest.save(&update).await?;
    }
    let span = Duration::from_secs(settings.seconds);
    let mut figures = Figures::default();
    progress.step("somebody works alone");
    let over = AtomicBool::new(false);
    let (mut alone, ()) = tokio::try_join!(honest.work(&over), async {
        sleep(span).await;
        over.store(true, Ordering::Relaxed);
        Ok(())
    })?;
    figures.add("saved_alone_p95_ms", alone.percentile(0.95));
    let (mut worst, mut together) = (f64::MIN, Times::default());
    for attack in attacks() {
        progress.step(format!("{} connections: {}", settings.sockets, attack.name.replace('_', " ")));
        sleep(REST).await;
        let over = AtomicBool::new(false);
        let (times, kib) = tokio::try_join!(honest.work(&over), async {
            let cost = perform(server, &attack, settings.sockets, &address, &enemy, span).await;
            over.store(true, Ordering::Relaxed);
            cost
        })?;
        together.merge(times);
        worst = worst.max(kib);
        figures.add(format!("{}_kib", attack.name), kib);
    }
    figures.add("worst_kib", worst);
    figures.add("saved_p95_ms", together.percentile(0.95));
    figures.add("saved_max_ms", together.percentile(1.0));
    Ok(figures)
}

/// What each of `sockets` connections adds to the server's memory at the most, in KiB.
async fn perform(server: &Server, attack: &Attack, sockets: u32, address: &str, enemy: &Person, span: Duration) -> Result<f64> {
    let before = server.cost()?.rss_mib;
    server.forget_peak()?;
    let mut open = JoinSet::new();
    for _ in 0..sockets {
        let (mut socket, sends, again) = (connect(address, enemy.authorization()).await?, attack.sends.clone(), attack.again);
        open.spawn(async move {
            // The server may well close it.
            while socket.write_all(&sends).await.is_ok() && again {}
            std::future::pending::<()>().await;
            drop(socket);
        });
    }
    sleep(span).await;
    let peak = server.cost()?.peak_mib;
    open.shutdown().await;
    Ok((peak - before).max(0.0) * 1024.0 / f64::from(sockets))
}

/// A WebSocket without a library, so that anything can be sent.
async fn connect(address: &str, authorization: &str) -> Result<TcpStream> {
    let rest = address.strip_prefix("ws://").context("only a server of this machine is attacked")?;
    let (host, path) = rest.split_once('/').context("an address has a path")?;
    let mut socket = TcpStream::connect(host).await?;
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await?;
    ensure!(
        answer.ends_with(b" 101"),
        "the server refused: {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(socket)
}

/// Somebody who edits the canvas and waits for each edit to be saved.
struct Honest {
    mouth: Mouth,
    ear: Ear,
    pen: Pen,
    /// Messages sent that the server acknowledges.
    sent: u64,
}

impl Honest {
    async fn join(address: &str, person: &Person, client: u64) -> Result<Self> {
        let (mut mouth, mut ear) = editor::open(address, person.authorization()).await?;
        mouth.join().await?;
        timeout(PATIENCE, ear.answered()).await.context("the canvas did not open")??;
        let pen = Pen::new(client);
        Ok(Self { mouth, ear, pen, sent: 1 })
    }

    async fn save(&mut self, update: &[u8]) -> Result<()> {
        self.mouth.say(editor::change(update)).await?;
        self.sent += 1;
        let saved = async {
            loop {
                if matches!(self.ear.next().await?, Heard::Ack(upto) if upto >= self.sent) {
                    return anyhow::Ok(());
                }
            }
        };
        timeout(PATIENCE, saved).await.context("an honest edit was not saved")?
    }

    async fn work(&mut self, over: &AtomicBool) -> Result<Times> {
        let mut times = Times::default();
        while !over.load(Ordering::Relaxed) {
            let update = self.pen.move_to(0, f64::from(u32::try_from(self.sent)?), 0.0);
            let began = Instant::now();
            self.save(&update).await?;
            times.add(began.elapsed());
            sleep(PAUSE).await;
        }
        Ok(times)
    }
}
