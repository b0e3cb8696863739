//! Hostile clients of a canvas (CAN-9): theirs is the only connection that ends, and it is told why. Nobody else on the canvas notices.

mod common;

use common::{
    Person, TestServer,
    canvas::Client,
    live::{PATIENCE, Socket, team},
    server, server_with, text,
};
use coord_canvas::wire;
use futures_util::{SinkExt as _, StreamExt as _, future::BoxFuture};
use serde_json::json;
use sqlx::Connection as _;
use std::time::{Duration, Instant};
use tokio::{io::AsyncWriteExt as _, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, tungstenite::Message};
use yrs::{Any, Map as _, MapPrelim, Text as _, WriteTxn as _};

/// Bob, who is a member and hostile, and Ada, who only wants to work.
struct Scene {
    server: TestServer,
    /// Servers that ran before on the same data, which is theirs.
    before: Vec<TestServer>,
    ada: Person,
    bob: Person,
    ws: String,
    id: String,
    witness: Client,
    typed: String,
}

/// Ada's client id.
const ADAS: u64 = 5;

impl Scene {
    async fn new() -> Self {
        let server = server();
        let ([ada, bob, ..], ws) = team(&server).await;
        let id = text(
            &ada.post(201, &format!("/workspaces/{ws}/canvases"), json!({ "name": "Plan" }))
                .await,
            "id",
        );
        let mut witness = Client::join(&ada, &id, ADAS).await;
        witness.add("a", "idea", "mine").await;
        witness.saved().await;
        Self {
            server,
            before: vec![],
            ada,
            bob,
            ws,
            id,
            witness,
            typed: "mine".to_owned(),
        }
    }

    /// Another server on the same data.
    async fn restart(&mut self) {
        self.server.stop().await;
        let again = server_with(self.server.same_data());
        (self.ada, self.bob) = (self.ada.at(&again), self.bob.at(&again));
        self.before.push(std::mem::replace(&mut self.server, again));
    }

    async fn raw(&self) -> Raw {
        let path = format!("/canvases/{}/sync?acks=1", self.id);
        Raw(self.bob.socket(&path).await.expect("let in"))
    }

    /// Ada's next edit lands quickly, and whoever joins sees all of hers.
    async fn unharmed(&mut self) {
        self.typed.push('.');
        let began = Instant::now();
        self.witness.type_text("a", ".").await;
        self.witness.saved().await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(self.witness.text("a").as_ref(), Some(&self.typed));
        let fresh = Client::join(&self.ada, &self.id, 6).await;
        assert_eq!(fresh.text("a").as_ref(), Some(&self.typed));
    }

    /// Each of these frames ends the connection that says it, with words.
    async fn refuses(&mut self, frames: &[(&str, Vec<u8>)]) {
        for (what, frame) in frames {
            let mut raw = self.raw().await;
            raw.say(frame.clone()).await.unwrap_or_else(|_| panic!("{what} is sent"));
            let (code, reason) = raw.end().await;
            assert_eq!(code, 4400, "{what}: {reason}");
            assert!(reason.starts_with("CAN-9"), "{what}: {reason}");
            self.unharmed().await;
        }
    }
}

struct Raw(Socket);

impl Raw {
    async fn say(&mut self, frame: Vec<u8>) -> Result<(), ()> {
        let sent = timeout(PATIENCE, self.0.0.send(Message::binary(frame))).await;
        sent.map_err(drop)?.map_err(drop)
    }

    /// The next message.
    async fn hear(&mut self) -> Result<Vec<u8>, (u16, String)> {
        loop {
            match timeout(PATIENCE, self.0.0.next()).await.expect("the server says something") {
                Some(Ok(Message::Binary(frame))) => return Ok(frame.to_vec()),
                Some(Ok(Message::Close(Some(frame)))) => return Err((frame.code.into(), frame.reason.to_string())),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err((0, "without words".to_owned())),
                Some(Ok(_)) => {}
            }
        }
    }

    async fn end(&mut self) -> (u16, String) {
        loop {
            if let Err(end) = self.hear().await {
                return end;
            }
        }
    }

    /// Bytes past the WebSocket's own framing.
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self.0.0.get_mut() {
            MaybeTlsStream::Plain(stream) => stream.write_all(bytes).await,
            _ => panic!("no TLS here"),
        }
    }
}

fn number(mut value: u64) -> Vec<u8> {
    let mut out = vec![];
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// An update of one client: some blocks from a clock on.
fn blocks(client: u64, clock: u64, blocks: &[Vec<u8>]) -> Vec<u8> {
    let head = [vec![1], number(blocks.len() as u64), number(client), number(clock)].concat();
    [head, blocks.concat(), vec![0]].concat()
}

/// A value under a key of a root.
fn value(root: &str, key: &str, content: &[u8]) -> Vec<u8> {
    let name = |name: &str| [number(name.len() as u64), name.as_bytes().to_vec()].concat();
    [vec![0x28, 1], name(root), name(key), content.to_vec()].concat()
}

#[actix_web::test]
async fn can_9_updates_that_are_broken_or_forged_end_their_connection() {
    let mut scene = Scene::new().await;
    let deep = [value("a", "a", &[]), number(1), [117, 1].repeat(8_000), vec![126]].concat();
    let long = "x".repeat(20_001);
    let mut text = vec![0x24, 1, 1, b'a', 1, b'k'];
    text.extend([number(long.len() as u64), long.into_bytes()].concat());
    let updates: [(&str, Vec<u8>); 8] = [
        ("an array 8,000 deep", blocks(77, 0, &[deep])),
        ("the forged block of 11 bytes", vec![1, 1, 5, 5, 0, 0x80, 0x80, 0x80, 0x80, 4, 0]),
        (
            "a client id beyond 53 bits",
            blocks((1 << 60) + 7, 0, &[value("a", "a", &[1, 126])]),
        ),
        ("a clock that wraps", blocks(77, 0, &[[vec![0], number(0xffff_ffff)].concat()])),
        ("a text over the limit", blocks(77, 0, &[text])),
        (
            "something in what holds nothing",
            blocks(77, 0, &[value("a", "a", &[1, 126]), vec![0x28, 0, 77, 0, 1, b'k', 1, 126]]),
        ),
        ("a count that promises the world", vec![0xff, 0xff, 0xff, 0x7a]),
        ("nothing at all", vec![]),
    ];
    let frames: Vec<_> = updates
        .into_iter()
        .flat_map(|(what, update)| [(what, wire::update(&update)), (what, wire::step2(&update))])
        .collect();
    scene.refuses(&frames).await;
    for (what, block) in [
        ("collected blocks of somebody else", vec![0, 3]),
        ("a value under the client id of somebody else", value("a", "a", &[1, 126])),
    ] {
        for frame in [wire::update, wire::step2] {
            let update = blocks(ADAS, u64::from(scene.witness.clock()), std::slice::from_ref(&block));
            scene.refuses(&[(what, frame(&update))]).await;
        }
    }
}

#[actix_web::test]
async fn can_9_messages_that_are_none_end_their_connection() {
    let mut scene = Scene::new().await;
    scene
        .refuses(&[
            ("2,000 questions in one frame", wire::step1(&[0]).repeat(2_000)),
            ("a state vector that promises the world", wire::step1(&[0xff, 0xff, 0xff, 0x7a])),
            ("an unknown message", vec![77]),
            ("an unknown step", vec![0, 9, 0]),
            ("nothing", vec![]),
            ("a length beyond the end", vec![0, 2, 200]),
        ])
        .await;
    let mut raw = scene.raw().await;
    raw.0.0.send(Message::text("hello")).await.unwrap();
    let (code, reason) = raw.end().await;
    assert!(code == 4400 && reason.starts_with("CAN-9"), "{code} {reason}");
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_a_long_state_vector_is_only_a_question() {
    let mut scene = Scene::new().await;
    let clients = (0..5_000_u64).flat_map(|client| [number(client + 10), number(7)].concat());
    let known = [number(5_000), clients.collect()].concat();
    let mut raw = scene.raw().await;
    // More than are answered at once: the rest waits, and everybody else does not.
    for _ in 0..8 {
        raw.say(wire::step1(&known)).await.unwrap();
    }
    let mut answers = 0;
    while answers < 5 {
        let frame = raw.hear().await.unwrap();
        answers += u32::from(frame.starts_with(&[0, 1]));
    }
    let more = timeout(Duration::from_secs(2), async {
        while !raw.hear().await.unwrap().starts_with(&[0, 1]) {}
    });
    assert!(more.await.is_err(), "answers beyond the rate");
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_changes_that_rest_on_nothing_are_asked_for_once_and_end_their_connection() {
    let mut scene = Scene::new().await;
    let mut raw = scene.raw().await;
    let mut questions = 0;
    let flood = async {
        for n in 0..10_000_u64 {
            let gapped = blocks(77, 10 + 2 * n, &[value("a", "a", &[1, 126])]);
            if raw.say(wire::update(&gapped)).await.is_err() {
                break;
            }
        }
        loop {
            match raw.hear().await {
                Ok(frame) => questions += u32::from(frame.starts_with(&[0, 0])),
                Err(end) => break end,
            }
        }
    };
    let (code, reason) = flood.await;
    assert!(code == 4400 && reason.starts_with("CAN-9"), "{code} {reason}");
    // The greeting's, and one more.
    assert_eq!(questions, 2);
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_presence_of_crowds_that_are_not_there_ends_its_connection() {
    let mut scene = Scene::new().await;
    let entry = |client: u64, clock: u64, state: &str| {
        [number(client), number(clock), number(state.len() as u64), state.as_bytes().to_vec()].concat()
    };
    let of = |entries: &[Vec<u8>]| wire::awareness(&[number(entries.len() as u64), entries.concat()].concat());
    let crowd: Vec<_> = (0..8_000).map(|client| entry(client, 1, "{}")).collect();
    scene
        .refuses(&[
            ("8,000 people in a frame", of(&crowd)),
            ("a state over the limit", of(&[entry(9, 1, &format!("\"{}\"", "x".repeat(5_000)))])),
            ("a state that is no JSON", of(&[entry(9, 1, "<img>")])),
            ("a state that is no object", of(&[entry(9, 1, "[1]")])),
            ("the last clock there is", of(&[entry(9, u64::from(u32::MAX), "{}")])),
            ("a count that promises the world", wire::awareness(&[0xff, 0xff, 0xff, 0x7a])),
        ])
        .await;
    // 20 MB do not even get in.
    let mut raw = scene.raw().await;
    let _cut_off = raw.say(of(&[entry(9, 1, &"x".repeat(20_000_000))])).await;
    let (code, _) = raw.end().await;
    assert!(code == 4400 || code == 0, "{code}");
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_presence_says_who_one_is_and_nobody_else_s() {
    let mut scene = Scene::new().await;
    scene.witness.say(ADAS, r#"{"cur":[1,2]}"#).await;
    let mut bob = Client::join(&scene.bob, &scene.id, 7).await;
    bob.say(7, r#"{"user":{"id":"x","name":"<img src=x onerror=alert(1)>","hue":1}}"#)
        .await;
    scene
        .witness
        .until(|ada| ada.told().iter().any(|(client, state)| *client == 7 && state.contains("\"bob\"")))
        .await;
    assert!(scene.witness.told().iter().all(|(_, state)| !state.contains("onerror")));
    // Ada's entry is Ada's, whatever clock Bob gives it.
    let mut other = scene.raw().await;
    let entry = [number(1), number(ADAS), number((1 << 31) - 1), number(4), b"null".to_vec()].concat();
    other.say(wire::awareness(&entry)).await.unwrap();
    scene.witness.say(ADAS, r#"{"cur":[3,4]}"#).await;
    bob.until(|bob| bob.told().iter().any(|(client, state)| *client == ADAS && state.contains("[3,4]")))
        .await;
    assert!(bob.told().iter().all(|(client, state)| *client != ADAS || state != "null"));
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_a_flood_of_presence_reaches_nobody_as_one() {
    let mut scene = Scene::new().await;
    let mut bob = Client::join(&scene.bob, &scene.id, 7).await;
    let before = scene.witness.people.len();
    let began = Instant::now();
    let flood = async {
        for n in 0..2_000 {
            bob.say(7, &format!("{{\"cur\":[{n},0]}}")).await;
            if n % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    let witness = &mut scene.witness;
    tokio::select! {
        () = flood => {}
        () = async { loop { witness.step().await.unwrap(); } } => {}
    }
    let told = scene.witness.people.len() - before;
    let most = began.elapsed().as_millis() / 33 + 3;
    assert!(told as u128 <= most && told > 0, "{told} of at most {most}");
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_frames_that_promise_too_much_or_never_end_their_message_end_their_connection() {
    let mut scene = Scene::new().await;
    let attacks: [(&str, Vec<u8>); 4] = [
        (
            "a header of 8 GiB",
            [vec![0x82, 0xff], (8_u64 << 30).to_be_bytes().to_vec(), vec![0; 4_096]].concat(),
        ),
        (
            "a header over the limit",
            [vec![0x82, 0xff], (600_u64 << 10).to_be_bytes().to_vec(), vec![0; 64]].concat(),
        ),
        // The first piece of a message, and then pieces for ever.
        (
            "pieces without end",
            [vec![0x02, 0x81, 0, 0, 0, 0, 1], [0x00, 0x81, 0, 0, 0, 0, 1].repeat(3_000)].concat(),
        ),
        ("pings", [0x89, 0x80, 0, 0, 0, 0].repeat(3_000)),
    ];
    for (what, bytes) in attacks {
        let mut raw = scene.raw().await;
        // The server may close before all is written.
        drop(timeout(PATIENCE, raw.write(&bytes)).await);
        let (code, reason) = raw.end().await;
        assert!(code == 4400 && reason.starts_with("CAN-9"), "{what}: {code} {reason}");
        scene.unharmed().await;
    }
    // Tiny frames are read slowly, which hurts nobody.
    let mut raw = scene.raw().await;
    let tiny = [0x82, 0x81, 0, 0, 0, 0, 3].repeat(20_000);
    drop(timeout(Duration::from_secs(1), raw.write(&tiny)).await);
    scene.unharmed().await;
}

#[actix_web::test]
async fn can_9_a_canvas_that_is_full_refuses_more_and_stays_usable() {
    let mut scene = Scene::new().await;
    let mut raw = scene.raw().await;
    let object = |n: usize| {
        let key = format!("o{n}");
        [
            vec![0x27, 1, 7],
            b"objects".to_vec(),
            number(key.len() as u64),
            key.into_bytes(),
            vec![1],
        ]
        .concat()
    };
    let first: Vec<_> = (0..15_000).map(object).collect();
    let second: Vec<_> = (15_000..19_999).map(object).collect();
    raw.say(wire::update(&blocks(77, 0, &first))).await.unwrap();
    raw.say(wire::update(&blocks(77, 15_000, &second))).await.unwrap();
    while raw.hear().await.unwrap() != wire::ack(2) {}
    scene.unharmed().await;
    raw.say(wire::update(&blocks(77, 19_999, &[object(20_000)]))).await.unwrap();
    let (code, reason) = raw.end().await;
    assert!(code == 4400 && reason.contains("at most 20000 objects"), "{code} {reason}");
    scene.unharmed().await;

    // And by bytes: as much as a message holds at a time. Ada reads meanwhile, as she would.
    let mut raw = scene.raw().await;
    let big = "x".repeat(240_000);
    let end = async {
        for n in 0..80 {
            let text = [vec![1, 119], number(big.len() as u64), big.clone().into_bytes()].concat();
            let update = blocks(78, n, &[value("meta", &format!("k{n}"), &text)]);
            if raw.say(wire::update(&update)).await.is_err() {
                break;
            }
        }
        raw.end().await
    };
    let full = timeout(Duration::from_secs(90), end);
    tokio::pin!(full);
    let (code, reason) = loop {
        tokio::select! {
            end = &mut full => break end.expect("it is full some time"),
            heard = scene.witness.step() => drop(heard.expect("the server goes on")),
        }
    };
    assert!(code == 4400 && reason.contains("at most 10 MiB"), "{code} {reason}");
    scene.unharmed().await;
}

/// Runs a statement on the database of a server that does not run.
fn tamper<'t>(scene: &'t Scene, sql: &'static str, canvas: &'t str, bytes: &'t [u8]) -> BoxFuture<'t, ()> {
    Box::pin(async move {
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&scene.server.database_url()).await.unwrap();
        let done = sqlx::query(sql).bind(canvas).bind(bytes.to_vec()).execute(&mut conn).await.unwrap();
        assert!(done.rows_affected() > 0);
        conn.close().await.unwrap();
    })
}

#[actix_web::test]
async fn can_9_poison_in_storage_is_put_aside_and_the_canvas_opens() {
    let mut scene = Scene::new().await;
    scene.unharmed().await;
    scene.server.stop().await;
    let id = scene.id.clone();
    let forged = [1, 1, 5, 5, 0, 0x80, 0x80, 0x80, 0x80, 4, 0];
    for sql in [
        "INSERT INTO canvas_updates (canvas, seq, bytes) SELECT $1, MAX(seq) + 1, $2 FROM canvas_updates",
        "INSERT INTO canvas_snapshots (canvas, seq, bytes) VALUES ($1, 1, $2)",
    ] {
        tamper(&scene, sql, &id, &forged).await;
    }
    tamper(
        &scene,
        "INSERT INTO canvas_updates (canvas, seq, bytes) SELECT $1, MAX(seq) + 1, $2 FROM canvas_updates",
        &id,
        b"not an update",
    )
    .await;
    scene.restart().await;
    // What was before the poison is there, and edits go on.
    scene.witness = Client::join(&scene.ada, &id, 8).await;
    assert_eq!(scene.witness.text("a").as_ref(), Some(&scene.typed));
    scene.unharmed().await;
    let aside = scene.server.rows("SELECT why FROM canvas_damaged ORDER BY seq").await;
    assert_eq!(aside.len(), 3, "{aside:?}");
}

#[actix_web::test]
async fn can_9_ids_stay_whose_they_are_over_a_restart() {
    let mut scene = Scene::new().await;
    scene.restart().await;
    let next = u64::from(scene.witness.clock());
    let doc = scene.witness.doc.clone();
    scene.witness = Client::rejoin(&scene.ada, &scene.id, doc).await;
    let forged = wire::update(&blocks(ADAS, next, &[vec![0, 3]]));
    scene.refuses(&[("blocks of Ada's", forged)]).await;
}

#[actix_web::test]
async fn can_10_a_role_that_is_lowered_ends_the_right_to_edit() {
    let mut scene = Scene::new().await;
    let mut bob = Client::join(&scene.bob, &scene.id, 7).await;
    bob.add("b", "sticky", "before").await;
    bob.saved().await;
    let path = format!("/workspaces/{}/members/{}", scene.ws, scene.bob.id);
    scene.ada.patch(200, &path, json!({ "role": "viewer" })).await;
    assert_eq!(bob.end().await, common::live::End::Closed(4500));
    let mut bob = Client::rejoin(&scene.bob, &scene.id, bob.doc.clone()).await;
    bob.edit(|_, txn| {
        let objects = txn.get_or_insert_map("objects");
        let object = objects.insert(txn, "c", MapPrelim::default());
        object.insert(txn, "t", Any::from("sticky"));
        let text = object.insert(txn, "txt", yrs::TextPrelim::new(""));
        text.insert(txn, 0, "after");
    })
    .await;
    bob.until(|bob| !bob.denied.is_empty()).await;
    scene.unharmed().await;
    let fresh = Client::join(&scene.ada, &scene.id, 9).await;
    assert_eq!((fresh.text("b").as_deref(), fresh.text("c")), (Some("before"), None));
}
