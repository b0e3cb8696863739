//! Files over HTTP: people's uploads and downloads, and those of runners.

mod common;

use common::{Person, TestServer, checked, server, server_with, text};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

async fn upload(by: &Person, job: &str, kind: &str, name: &str, content: &[u8]) -> Response {
    let path = format!("/jobs/{job}/{kind}s?name={name}");
    by.call(Method::POST, &path).body(content.to_vec()).send().await.unwrap()
}

async fn download(by: &Person, file: &Value) -> Response {
    by.call(Method::GET, &format!("/files/{}/content", text(file, "id")))
        .send()
        .await
        .unwrap()
}

/// Everything in the folder of contents, half-written things included.
fn on_disk(server: &TestServer) -> usize {
    let jobs = std::fs::read_dir(server.data.join("files")).unwrap();
    jobs.map(|job| std::fs::read_dir(job.unwrap().path()).map_or(0, Iterator::count))
        .sum()
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

async fn a_job(server: &TestServer) -> (Person, String, String) {
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let job = ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Files" })).await;
    let job = text(&job, "id");
    (ada, ws, job)
}

fn multipart(parts: &[(&str, &str, &str)]) -> (String, String) {
    let mut body = String::new();
    for (field, name, content) in parts {
        body += &format!(
            "--limit\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n{content}\r\n"
        );
    }
    ("multipart/form-data; boundary=limit".to_owned(), body + "--limit--\r\n")
}

#[actix_web::test]
async fn file_1_an_upload_comes_back_byte_for_byte_and_is_never_active() {
    let server = server();
    let (ada, _, job) = a_job(&server).await;
    let content: Vec<u8> = (0..700_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    let file = checked(upload(&ada, &job, "attachment", "p%C3%A4ge.html", &content).await, 201, "upload").await;
    assert_eq!(
        (file["name"].as_str(), file["size"].as_i64(), file["kind"].as_str()),
        (Some("päge.html"), Some(700_000), Some("attachment"))
    );
    assert_eq!(ada.get(&format!("/jobs/{job}/attachments")).await["items"], json!([file]));
    assert_eq!(ada.get(&format!("/files/{}", text(&file, "id"))).await, file);
    let answer = download(&ada, &file).await;
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert!(
        header("content-disposition").starts_with("attachment; "),
        "{}",
        header("content-disposition")
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert_eq!(header("content-length"), "700000");
    assert_eq!(answer.bytes().await.unwrap(), content);

    let path = format!("/files/{}/content", text(&file, "id"));
    let part = ada.call(Method::GET, &path).header("range", "bytes=100-199").send().await.unwrap();
    assert_eq!(
        (part.status().as_u16(), part.headers()["content-range"].to_str().unwrap()),
        (206, "bytes 100-199/700000")
    );
    assert_eq!(part.bytes().await.unwrap(), content[100..200]);
    let beyond = ada.call(Method::GET, &path).header("range", "bytes=700000-").send().await.unwrap();
    assert_eq!(beyond.status(), 416);

    let eve = server.person("eve").await;
    assert_eq!(download(&eve, &file).await.status(), 404);
    eve.delete(404, &format!("/files/{}", text(&file, "id"))).await;
    ada.delete(204, &format!("/files/{}", text(&file, "id"))).await;
    assert_eq!(download(&ada, &file).await.status(), 404);
    assert_eq!(on_disk(&server), 0);
}

#[actix_web::test]
async fn file_2_people_upload_deliverables_singly_and_several_at_once() {
    let server = server();
    let (ada, _, job) = a_job(&server).await;
    ada.post(200, &format!("/jobs/{job}/start"), json!({})).await;
    let send = async |parts: &[(&str, &str, &str)]| {
        let (media_type, body) = multipart(parts);
        let call = ada.call(Method::POST, &format!("/jobs/{job}/deliverables"));
        call.header("content-type", media_type).body(body).send().await.unwrap()
    };
    let one = checked(send(&[("file", "one.txt", "1")]).await, 201, "one").await;
    assert_eq!((one["name"].as_str(), one["attempt"].is_string()), (Some("one.txt"), true));
    let two = checked(send(&[("file", "two.txt", "22"), ("file", "three.txt", "333")]).await, 201, "two").await;
    assert_eq!(two["items"].as_array().unwrap().len(), 2);
    assert_eq!(download(&ada, &two["items"][1]).await.bytes().await.unwrap(), "333");
    // One bad part, and none of them stays.
    for bad in [("file", "../x", "x"), ("other", "x.txt", "x"), ("file", "one.txt", "again")] {
        let refused = send(&[("file", "good.txt", "good"), bad]).await;
        assert!(matches!(refused.status().as_u16(), 409 | 422), "{bad:?}: {}", refused.status());
    }
    checked(send(&[]).await, 400, "no part").await;
    let names = ada.get(&format!("/jobs/{job}/deliverables")).await;
    let names: Vec<_> = names["items"].as_array().unwrap().iter().map(|file| text(file, "name")).collect();
    assert_eq!(names, ["one.txt", "two.txt", "three.txt"]);
    soon("nothing else on the disk", async || on_disk(&server) == 3).await;
}

#[actix_web::test]
async fn file_3_names_are_never_paths_and_too_large_is_refused_with_the_limit() {
    let server = server_with(|config| config.max_upload = 100_000);
    let (ada, _, job) = a_job(&server).await;
    for name in [
        "..",
        "%2E%2E%2Fx",
        "%2Fetc%2Fpasswd",
        "a%5Cb",
        "C%3Ax",
        "nul",
        "",
        "x%00",
        "x%0Ay",
        ".git",
    ] {
        let refused = checked(upload(&ada, &job, "attachment", name, b"x").await, 422, name).await;
        assert_eq!(refused["rule"], "FILE-3", "{name}");
    }
    checked(
        ada.call(Method::POST, &format!("/jobs/{job}/attachments"))
            .body("x")
            .send()
            .await
            .unwrap(),
        422,
        "no name",
    )
    .await;
    let refused = checked(upload(&ada, &job, "attachment", "big", &vec![0; 100_001]).await, 413, "promised").await;
    assert!(
        refused["rule"] == "FILE-3" && text(&refused, "detail").contains("100000 bytes"),
        "{refused}"
    );
    // Without a length it is counted as it comes.
    let chunks = futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 10_000])));
    let call = ada.call(Method::POST, &format!("/jobs/{job}/attachments?name=big"));
    if let Ok(answer) = call.body(reqwest::Body::wrap_stream(chunks)).send().await {
        checked(answer, 413, "counted").await;
    }
    checked(upload(&ada, &job, "attachment", "fits", &vec![0; 100_000]).await, 201, "fits").await;
    let twice = checked(upload(&ada, &job, "attachment", "fits", b"x").await, 409, "twice").await;
    assert_eq!(twice["rule"], "FILE-3");
    soon("nothing else on the disk", async || on_disk(&server) == 1).await;
    assert_eq!(
        ada.get(&format!("/jobs/{job}/attachments")).await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[actix_web::test]
async fn file_3_viewers_do_not_upload_and_others_files_are_deleted_by_who_may_change_the_job() {
    let server = server();
    let (ada, ws, job) = a_job(&server).await;
    let [bob, vic] = [server.person("bob").await, server.person("vic").await];
    ada.let_in(&ws, &bob, "member").await;
    ada.let_in(&ws, &vic, "viewer").await;
    checked(upload(&vic, &job, "attachment", "x", b"x").await, 403, "viewer").await;
    let hers = checked(upload(&ada, &job, "attachment", "hers", b"x").await, 201, "hers").await;
    let his = checked(upload(&bob, &job, "attachment", "his", b"x").await, 201, "his").await;
    assert_eq!(download(&vic, &hers).await.status(), 200);
    bob.delete(403, &format!("/files/{}", text(&hers, "id"))).await;
    bob.delete(204, &format!("/files/{}", text(&his, "id"))).await;
    ada.delete(204, &format!("/files/{}", text(&hers, "id"))).await;
}

#[actix_web::test]
async fn file_4_an_upload_that_breaks_off_leaves_nothing_and_holds_nothing() {
    let server = server();
    let (ada, ws, _) = a_job(&server).await;
    let job = ada
        .post(
            201,
            &format!("/workspaces/{ws}/jobs"),
            json!({ "title": "Run", "agent": "any", "state": "ready" }),
        )
        .await;
    let id = text(&job, "id");
    let reason = async || text(&ada.get(&format!("/jobs/{id}")).await["hold"], "reason");
    assert_eq!(reason().await, "no_runner");
    let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    let (name, cookie) = ada.header.clone().unwrap();
    write!(
        socket,
        "POST /api/v1/jobs/{id}/attachments?name=half HTTP/1.1\r\nhost: x\r\n{name}: {cookie}\r\ncontent-length: 1000000\r\n\r\n"
    )
    .unwrap();
    socket.write_all(&vec![b'x'; 400_000]).unwrap();
    soon("held while it comes", async || reason().await == "uploads_pending").await;
    soon("half of it on the disk", async || on_disk(&server) == 1).await;
    drop(socket);
    soon("free again", async || reason().await == "no_runner").await;
    soon("nothing on the disk", async || on_disk(&server) == 0).await;
    assert_eq!(ada.get(&format!("/jobs/{id}/attachments")).await["items"], json!([]));
}

#[actix_web::test]
async fn file_1_a_job_is_held_until_what_was_announced_is_there_or_given_up() {
    let server = server();
    let (ada, ws, _) = a_job(&server).await;
    let new = json!({ "title": "Run", "agent": "any", "state": "ready", "expected_uploads": 2 });
    let job = ada.post(201, &format!("/workspaces/{ws}/jobs"), new).await;
    let id = text(&job, "id");
    let hold = async || ada.get(&format!("/jobs/{id}")).await["hold"].clone();
    assert_eq!(hold().await, json!({ "reason": "uploads_pending", "files": 2 }));
    checked(upload(&ada, &id, "attachment", "one", b"1").await, 201, "one").await;
    soon("one is there", async || {
        hold().await == json!({ "reason": "uploads_pending", "files": 1 })
    })
    .await;
    ada.delete(204, &format!("/jobs/{id}/attachments/announced")).await;
    soon("the other given up", async || hold().await["reason"] == "no_runner").await;
}

#[actix_web::test]
async fn file_4_what_a_killed_server_left_half_done_is_gone_after_the_next_start() {
    let mut server = server();
    let (ada, _, job) = a_job(&server).await;
    let kept = checked(upload(&ada, &job, "attachment", "kept", b"kept").await, 201, "kept").await;
    server.stop().await;
    let folder = server.data.join("files").join(&job);
    std::fs::write(folder.join("0190a5a0-0000-7000-8000-000000000001"), "an orphan").unwrap();
    std::fs::write(folder.join("0190a5a0-0000-7000-8000-000000000002#1"), "half").unwrap();
    let second = server_with(server.same_data());
    let gone = |name: &str| !folder.join(name).exists();
    soon("swept", async || {
        gone("0190a5a0-0000-7000-8000-000000000001") && gone("0190a5a0-0000-7000-8000-000000000002#1")
    })
    .await;
    let ada = Person {
        base: second.url.clone(),
        ..ada
    };
    assert_eq!(download(&ada, &kept).await.bytes().await.unwrap(), "kept");
}

/// As much of a runner as the claim of a job takes: a socket that says hello and keeps still.
struct Runner {
    token: String,
    socket: TcpStream,
    read: Vec<u8>,
}

impl Runner {
    async fn connect(server: &TestServer, owner: &Person) -> Self {
        let made = owner.post(201, "/runners", json!({ "name": "box" })).await;
        let token = text(&made, "token");
        let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(
            socket,
            "GET /api/v1/runner HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        let mut runner = Self {
            token,
            socket,
            read: vec![],
        };
        runner.send(&json!({
            "type": "hello", "protocol": 1, "version": "test", "platform": "test", "agents": [{ "name": "scripted" }], "concurrency": 1, "held": []
        }));
        runner.wait("welcome");
        runner
    }

    /// One masked text frame.
    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let mut frame = vec![0x81];
        match u8::try_from(text.len()).ok().filter(|short| *short < 126) {
            Some(short) => frame.push(0x80 | short),
            None => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            }
        }
        // A mask of zeros leaves the text as it is.
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.socket.write_all(&frame).unwrap();
    }

    fn fill(&mut self, length: usize) {
        while self.read.len() < length {
            let mut buffer = [0; 4096];
            let count = self.socket.read(&mut buffer).expect("the server speaks in time");
            assert!(count > 0, "the server hung up");
            self.read.extend(&buffer[..count]);
        }
    }

    /// The next message of this type.
    fn wait(&mut self, kind: &str) -> Value {
        loop {
            self.fill(2);
            let (opcode, short) = (self.read[0] & 0x0f, usize::from(self.read[1]));
            let (start, length) = match short {
                126 => {
                    self.fill(4);
                    (4, usize::from(u16::from_be_bytes([self.read[2], self.read[3]])))
                }
                127 => panic!("longer than anything expected here"),
                short => (2, short),
            };
            self.fill(start + length);
            let payload: Vec<u8> = self.read.drain(..start + length).skip(start).collect();
            if opcode == 1 {
                let message: Value = serde_json::from_slice(&payload).unwrap();
                if message["type"] == kind {
                    return message;
                }
            }
        }
    }

    async fn call(&self, server: &TestServer, method: Method, path: &str, fence: i64, body: Vec<u8>) -> Response {
        let request = reqwest::Client::new().request(method, format!("{}/api/v1/runner/attempts/{path}", server.url));
        let request = request
            .header("authorization", format!("Bearer {}", self.token))
            .header("x-coord-fence", fence);
        request.body(body).send().await.unwrap()
    }
}

#[actix_web::test]
async fn run_5_files_go_to_and_from_the_runner_that_holds_the_claim_and_no_other() {
    let server = server();
    let (ada, ws, _) = a_job(&server).await;
    let new = json!({ "title": "Run", "agent": "any", "state": "ready", "expected_uploads": 1 });
    let job = ada.post(201, &format!("/workspaces/{ws}/jobs"), new).await;
    let id = text(&job, "id");
    let input = checked(upload(&ada, &id, "attachment", "in.txt", b"input").await, 201, "input").await;
    let other_job = ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Other" })).await;
    let foreign = checked(
        upload(&ada, &text(&other_job, "id"), "attachment", "foreign", b"foreign").await,
        201,
        "foreign",
    )
    .await;

    let mut runner = Runner::connect(&server, &ada).await;
    let assignment = runner.wait("assign");
    let (attempt, fence) = (text(&assignment, "attempt"), assignment["fence"].as_i64().unwrap());
    assert_eq!(assignment["attachments"][0]["id"], input["id"], "{assignment}");

    let file = format!("{attempt}/files/{}", text(&input, "id"));
    let answer = runner.call(&server, Method::GET, &file, fence, vec![]).await;
    assert_eq!(
        (answer.status().as_u16(), answer.bytes().await.unwrap().as_ref()),
        (200, b"input".as_ref())
    );
    let foreign = format!("{attempt}/files/{}", text(&foreign, "id"));
    checked(
        runner.call(&server, Method::GET, &foreign, fence, vec![]).await,
        404,
        "another job's file",
    )
    .await;

    let out = format!("{attempt}/deliverables/out%20%C3%BC.txt");
    for content in ["first", "second"] {
        let put = runner.call(&server, Method::PUT, &out, fence, content.into()).await;
        assert_eq!(put.status(), 204);
    }
    let listed = ada.get(&format!("/jobs/{id}/deliverables")).await;
    assert_eq!(
        (listed["items"].as_array().unwrap().len(), listed["items"][0]["name"].as_str()),
        (1, Some("out ü.txt"))
    );
    assert_eq!(download(&ada, &listed["items"][0]).await.bytes().await.unwrap(), "second");
    let bad = format!("{attempt}/deliverables/%2E%2E%2Fx");
    assert_eq!(
        checked(runner.call(&server, Method::PUT, &bad, fence, vec![]).await, 422, "a path").await["rule"],
        "FILE-3"
    );

    let whole = format!("{attempt}/diff?which=whole");
    assert_eq!(
        runner.call(&server, Method::PUT, &whole, fence, "+whole\n".into()).await.status(),
        204
    );
    let diff = async |query: &str| {
        let answer = ada
            .call(Method::GET, &format!("/attempts/{attempt}/diff{query}"))
            .send()
            .await
            .unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        answer.text().await.unwrap()
    };
    assert_eq!(
        (diff("").await, diff("?since=review").await),
        ("+whole\n".to_owned(), "+whole\n".to_owned())
    );
    let since = format!("{attempt}/diff?which=since_review");
    assert_eq!(
        runner.call(&server, Method::PUT, &since, fence, "+since\n".into()).await.status(),
        204
    );
    assert_eq!(
        (diff("").await, diff("?since=review").await),
        ("+whole\n".to_owned(), "+since\n".to_owned())
    );
    assert_eq!(ada.get(&format!("/attempts/{attempt}")).await["has_diff"], true);
    let huge = runner
        .call(&server, Method::PUT, &whole, fence, vec![b'x'; 16 * 1024 * 1024 + 1])
        .await;
    checked(huge, 413, "a huge diff").await;

    // A message sent twice with one key arrives once.
    let mut sent = vec![];
    for _ in 0..2 {
        let call = ada
            .call(Method::POST, &format!("/attempts/{attempt}/messages"))
            .header("idempotency-key", "m1");
        sent.push(checked(call.json(&json!({ "body": "Mind the gap." })).send().await.unwrap(), 201, "message").await);
    }
    assert_eq!(sent[0], sent[1]);
    assert_eq!(runner.wait("message")["message"], sent[0]["id"]);

    // Another fence, another runner, a person, nobody.
    let stale = checked(
        runner.call(&server, Method::GET, &file, fence + 1, vec![]).await,
        409,
        "another fence",
    )
    .await;
    assert_eq!(stale["rule"], "RUN-5");
    let bob = server.person("bob").await;
    ada.let_in(&ws, &bob, "member").await;
    let other = Runner::connect(&server, &bob).await;
    let refused = checked(
        other.call(&server, Method::PUT, &out, fence, b"third".to_vec()).await,
        409,
        "another runner",
    )
    .await;
    assert_eq!(refused["rule"], "RUN-5");
    checked(
        ada.call(Method::GET, &format!("/runner/attempts/{file}")).send().await.unwrap(),
        401,
        "a person",
    )
    .await;

    ada.post(200, &format!("/jobs/{id}/cancel"), json!({})).await;
    let late = checked(
        runner.call(&server, Method::PUT, &out, fence, b"late".to_vec()).await,
        409,
        "after the end",
    )
    .await;
    assert_eq!(late["rule"], "RUN-5");
    let listed = ada.get(&format!("/jobs/{id}/deliverables")).await;
    assert_eq!(download(&ada, &listed["items"][0]).await.bytes().await.unwrap(), "second");
    ada.delete(204, &format!("/workspaces/{ws}")).await;
    soon("a deleted workspace frees its files", async || on_disk(&server) == 0).await;
}
