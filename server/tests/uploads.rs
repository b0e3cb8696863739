//! Uploads that come in pieces (FILE-4): broken off, taken up again, given up.

mod common;

use common::{
    Person, TestServer, checked,
    live::{ready, team},
    server, server_with, text,
};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

async fn a_job(server: &TestServer) -> (Person, String, String) {
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let job = ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Files" })).await;
    (ada, ws, text(&job, "id"))
}

async fn begin(by: &Person, job: &str, name: &str, size: usize) -> String {
    let new = json!({ "kind": "attachment", "name": name, "size": size });
    let upload = by.post(201, &format!("/jobs/{job}/uploads"), new).await;
    assert_eq!(upload["offset"], 0);
    text(&upload, "id")
}

async fn put(by: &Person, upload: &str, offset: usize, piece: &[u8], status: u16) -> Value {
    let path = format!("/uploads/{upload}?offset={offset}");
    let answer = by.call(Method::PUT, &path).body(piece.to_vec()).send().await.unwrap();
    checked(answer, status, &path).await
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 % 251) as u8).collect()
}

fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn download(by: &Person, file: &str) -> Vec<u8> {
    let answer = by.call(Method::GET, &format!("/files/{file}/content")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

fn left_over(data: &Path) -> usize {
    std::fs::read_dir(data.join("uploads")).unwrap().count()
}

async fn soon(what: &str, is: impl AsyncFn() -> bool) {
    for _ in 0..1000 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not in time: {what}");
}

#[actix_web::test]
async fn file_4_an_upload_in_pieces_becomes_the_file_byte_for_byte() {
    let server = server();
    let (ada, _, job) = a_job(&server).await;
    let whole = content(700_001);
    let upload = begin(&ada, &job, "a.bin", whole.len()).await;
    assert_eq!(put(&ada, &upload, 0, &whole[..300_000], 200).await["offset"], 300_000);
    assert_eq!(ada.get(&format!("/uploads/{upload}")).await["offset"], 300_000);
    assert_eq!(
        ada.get(&format!("/jobs/{job}/uploads")).await[0]["offset"],
        300_000,
        "it is found again after the page was closed"
    );
    let none: [Value; 0] = [];
    assert_eq!(ada.get(&format!("/jobs/{job}/attachments")).await["items"], json!(none));
    let done = put(&ada, &upload, 300_000, &whole[300_000..], 200).await;
    assert_eq!(
        (&done["file"]["id"], &done["file"]["sha256"], &done["file"]["size"]),
        (&json!(upload), &json!(hash(&whole)), &json!(700_001))
    );
    assert_eq!(download(&ada, &upload).await, whole);
    assert_eq!(left_over(&server.data), 0);
    // Whoever lost the last answer asks, or sends the piece again: both find the file.
    assert_eq!(ada.get(&format!("/uploads/{upload}")).await["file"], done["file"]);
    assert_eq!(put(&ada, &upload, 300_000, &whole[300_000..], 200).await["file"], done["file"]);
    assert_eq!(ada.get(&format!("/jobs/{job}/attachments")).await["items"], json!([done["file"]]));
    let acts = server.rows("SELECT act FROM audit WHERE act = 'file.upload'").await;
    assert_eq!(acts.len(), 1);
    let empty = begin(&ada, &job, "empty", 0).await;
    assert_eq!(put(&ada, &empty, 0, &[], 200).await["file"]["size"], 0);
}

#[actix_web::test]
async fn file_4_a_piece_for_another_place_is_refused_with_where_the_upload_stands() {
    let server = server();
    let (ada, _, job) = a_job(&server).await;
    let upload = begin(&ada, &job, "a.bin", 10).await;
    put(&ada, &upload, 0, b"abcd", 200).await;
    for wrong in [0, 3, 5] {
        let refused = put(&ada, &upload, wrong, b"x", 409).await;
        assert_eq!(
            (refused["rule"].as_str(), refused["current"]["offset"].as_i64()),
            (Some("FILE-4"), Some(4)),
            "{wrong}"
        );
    }
    let refused = put(&ada, &upload, 4, b"more than there is", 413).await;
    assert_eq!(refused["rule"], "FILE-4");
    assert_eq!(ada.get(&format!("/uploads/{upload}")).await["offset"], 4);
    put(&ada, &upload, 4, b"efghij", 200).await;
    assert_eq!(download(&ada, &upload).await, b"abcdefghij");
}

#[actix_web::test]
async fn file_4_what_is_not_what_was_promised_leaves_nothing_behind() {
    let server = server();
    let (ada, _, job) = a_job(&server).await;
    let path = format!("/jobs/{job}/uploads");
    let new = |name: &str, sha256: &str| json!({ "kind": "deliverable", "name": name, "size": 3, "sha256": sha256 });
    let good = text(&ada.post(201, &path, new("good", &hash(b"abc"))).await, "id");
    let bad = text(&ada.post(201, &path, new("bad", &hash(b"abd"))).await, "id");
    assert_eq!(put(&ada, &good, 0, b"abc", 200).await["file"]["kind"], "deliverable");
    assert!(put(&ada, &bad, 0, b"abc", 422).await["errors"]["sha256"].is_string());
    ada.expect(404, Method::GET, &format!("/uploads/{bad}"), None).await;
    assert_eq!(left_over(&server.data), 0);
    assert_eq!(server.rows("SELECT id FROM uploads").await.len(), 0);
    ada.post(422, &path, new("x", "abc")).await;
    // A file of that name came first: this upload is none.
    let late = text(&ada.post(201, &path, new("late", &hash(b"abc"))).await, "id");
    let path = format!("/jobs/{job}/deliverables?name=late");
    let answer = ada.call(Method::POST, &path).body("first").send().await.unwrap();
    checked(answer, 201, "first").await;
    assert_eq!(put(&ada, &late, 0, b"abc", 409).await["rule"], "FILE-3");
    assert_eq!(left_over(&server.data), 0);
    assert_eq!(
        ada.get(&format!("/jobs/{job}/deliverables")).await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[actix_web::test]
async fn file_4_unfinished_uploads_count_and_hold_the_job_until_they_end() {
    let server = server_with(|config| config.max_upload = 1000);
    let (ada, ws, _) = a_job(&server).await;
    let job = text(&ready(&ada, &ws, json!({ "state": "backlog" })).await, "id");
    let path = format!("/jobs/{job}/uploads");
    let new = |name: &str, size: i64| json!({ "kind": "attachment", "name": name, "size": size });
    let refused = ada.post(413, &path, new("big", 1001)).await;
    assert_eq!(refused["rule"], "FILE-3");
    ada.post(422, &path, new("x", -1)).await;
    ada.post(422, &path, new("../x", 1)).await;
    let first = begin(&ada, &job, "A.txt", 1000).await;
    let same = ada.post(409, &path, new("a.TXT", 1)).await;
    assert_eq!(same["rule"], "FILE-4");
    let second = begin(&ada, &job, "b.txt", 2).await;
    ada.post(200, &format!("/jobs/{job}/ready"), json!({})).await;
    let hold = async || ada.get(&format!("/jobs/{job}")).await["hold"].clone();
    soon("two uploads hold it", async || {
        hold().await == json!({ "reason": "uploads_pending", "files": 2 })
    })
    .await;
    ada.delete(204, &format!("/uploads/{first}")).await;
    put(&ada, &second, 0, b"ok", 200).await;
    soon("nothing holds it but runners", async || hold().await["reason"] == "no_runner").await;
    // Going on without them gives up what is not finished.
    begin(&ada, &job, "c.txt", 5).await;
    soon("held again", async || hold().await["files"] == 1).await;
    ada.delete(204, &format!("/jobs/{job}/attachments/announced")).await;
    soon("not held", async || hold().await["reason"] == "no_runner").await;
    assert_eq!(left_over(&server.data), 0);
    // A hundred at once are enough for anybody.
    for n in 0..100 {
        begin(&ada, &job, &format!("{n}"), 1).await;
    }
    assert_eq!(ada.post(409, &path, new("one more", 1)).await["rule"], "FILE-4");
}

#[actix_web::test]
async fn file_4_an_upload_is_its_uploaders_alone_and_ends_with_the_right_to_it() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let job = text(
        &ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "x" })).await,
        "id",
    );
    let path = format!("/jobs/{job}/uploads");
    let new = json!({ "kind": "attachment", "name": "x", "size": 4 });
    vic.post(403, &path, new.clone()).await;
    eve.post(404, &path, new.clone()).await;
    let upload = text(&bob.post(201, &path, new).await, "id");
    put(&bob, &upload, 0, b"ab", 200).await;
    for other in [&ada, &vic, &eve] {
        other.expect(404, Method::GET, &format!("/uploads/{upload}"), None).await;
        put(other, &upload, 2, b"cd", 404).await;
        other.delete(404, &format!("/uploads/{upload}")).await;
    }
    assert_eq!(ada.get(&path).await, json!([]));
    ada.patch(200, &format!("/jobs/{job}"), json!({ "private": true })).await;
    put(&bob, &upload, 2, b"cd", 404).await;
    bob.expect(404, Method::GET, &format!("/uploads/{upload}"), None).await;
    ada.delete(204, &format!("/jobs/{job}")).await;
    assert_eq!(server.rows("SELECT id FROM uploads").await.len(), 0);
}

#[actix_web::test]
async fn file_4_an_upload_that_nobody_goes_on_with_is_given_up_after_a_day() {
    let mut server = server();
    let (ada, _, job) = a_job(&server).await;
    let upload = begin(&ada, &job, "slow", 6).await;
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    put(&ada, &upload, 0, b"ab", 200).await;
    server.control.advance(hours(23));
    put(&ada, &upload, 2, b"cd", 200).await;
    server.control.advance(hours(23));
    assert_eq!(
        ada.get(&format!("/uploads/{upload}")).await["offset"],
        4,
        "each piece gives it another day"
    );
    server.control.advance(hours(2));
    put(&ada, &upload, 4, b"ef", 404).await;
    ada.expect(404, Method::GET, &format!("/uploads/{upload}"), None).await;
    assert_eq!(ada.get(&format!("/jobs/{job}/uploads")).await, json!([]));
    // What is left of one whose job went, or that ended, goes at the next start at the latest.
    let gone = begin(&ada, &job, "gone", 2).await;
    put(&ada, &gone, 0, b"x", 200).await;
    ada.delete(204, &format!("/jobs/{job}")).await;
    server.stop().await;
    assert_eq!(left_over(&server.data), 2);
    let again = server_with(server.same_data());
    soon("nothing is left", async || left_over(&again.data) == 0).await;
}

#[actix_web::test]
async fn file_4_a_new_connection_takes_over_from_one_that_hangs() {
    let server = server();
    let (ada, _, job) = a_job(&server).await;
    let whole = content(500_000);
    let upload = begin(&ada, &job, "x", whole.len()).await;
    let mut hanging = hanging_put(&server.url, &ada, &upload, whole.len());
    hanging.write_all(&whole[..200_000]).unwrap();
    let path = format!("/uploads/{upload}");
    soon("its bytes", async || ada.get(&path).await["offset"] == 200_000).await;
    assert_eq!(put(&ada, &upload, 200_000, &whole[200_000..300_000], 200).await["offset"], 300_000);
    // What the old one still says counts for nothing.
    let _broken = hanging.write_all(&whole[200_000..400_000]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ada.get(&path).await["offset"], 300_000);
    put(&ada, &upload, 300_000, &whole[300_000..], 200).await;
    assert_eq!(download(&ada, &upload).await, whole);
}

/// A connection that promises the whole and sends none of it yet.
fn hanging_put(url: &str, by: &Person, upload: &str, length: usize) -> TcpStream {
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let (name, value) = by.header.clone().unwrap();
    let head = format!(
        "PUT /api/v1/uploads/{upload}?offset=0 HTTP/1.1\r\nhost: x\r\n{name}: {value}\r\nsec-fetch-site: same-origin\r\ncontent-length: {length}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

fn program(data: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_coord-server"))
        .env_clear()
        .args(["--listen", "127.0.0.1:0", "--workers", "1", "--registration", "open", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("coord-server ready at ").unwrap().to_owned();
    (child, url)
}

#[actix_web::test]
async fn file_4_a_killed_server_says_what_is_on_its_disk_and_goes_on_from_there() {
    let helper = server();
    let folder = tempfile::tempdir().unwrap();
    let (mut child, url) = program(folder.path());
    let mut ada = helper.nobody();
    ada.base.clone_from(&url);
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": common::PASSWORD });
    let answer = ada.call(Method::POST, "/auth/register").json(&body).send().await.unwrap();
    ada.header = Some(("cookie", common::cookie_of(&answer)));
    checked(answer, 201, "register").await;
    let ws = ada.workspace("Team").await;
    let job = text(
        &ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "x" })).await,
        "id",
    );
    let whole = content(900_000);
    let upload = begin(&ada, &job, "x", whole.len()).await;
    let mut sending = hanging_put(&url, &ada, &upload, whole.len());
    sending.write_all(&whole[..400_000]).unwrap();
    let partial = folder.path().join("uploads").join(&upload);
    soon("its bytes", async || {
        std::fs::metadata(&partial).is_ok_and(|found| found.len() == 400_000)
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut child, url) = program(folder.path());
    ada.base = url;
    // The sweep of a start leaves alone what can be taken up again.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(ada.get(&format!("/uploads/{upload}")).await["offset"], 400_000);
    assert_eq!(ada.get(&format!("/jobs/{job}")).await["state"], "backlog");
    put(&ada, &upload, 400_000, &whole[400_000..], 200).await;
    assert_eq!(download(&ada, &upload).await, whole);
    child.kill().unwrap();
    child.wait().unwrap();
}
