//! Open connections: rights that end while they are open (ACC-5), and hostile ones (INV-5, INV-8).

mod common;

use common::{
    Person,
    live::{End, FakeRunner, PATIENCE, Socket, hello, ready, team},
    server, server_with, text,
};
use futures_util::SinkExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{io::AsyncWriteExt as _, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, tungstenite::Message};

const REVOKED: End = End::Closed(4403);
const PROTOCOL: End = End::Closed(4400);

/// A rule's bound for rights on open connections.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A job of Ada's that a runner of hers works on.
async fn work(ada: &Person, ws: &str) -> (FakeRunner, Value) {
    let mut runner = FakeRunner::connect(ada, false).await;
    ready(ada, ws, json!({})).await;
    let work = runner.hears("assign").await;
    (runner, work)
}

async fn ends_at_once(mut socket: Socket, what: &str) {
    let (end, _) = timeout(AT_ONCE, socket.end())
        .await
        .unwrap_or_else(|_| panic!("{what}: it is still open"));
    assert_eq!(end, REVOKED, "{what}");
}

/// Both kinds of sockets, open and quiet.
async fn sockets(of: &Person, ws: &str, work: &Value) -> [Socket; 2] {
    let events = of.socket(&format!("/workspaces/{ws}/events")).await.unwrap();
    let log = of.socket(&format!("/attempts/{}/log/live", text(work, "attempt"))).await.unwrap();
    let mut both = [events, log];
    assert!(both[0].json().await["seq"].is_i64());
    both
}

#[actix_web::test]
async fn acc_5_sockets_end_with_the_membership_the_session_or_the_token_they_rest_on() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let (_runner, work) = work(&ada, &ws).await;

    for socket in {
        let both = sockets(&bob, &ws, &work).await;
        ada.delete(204, &format!("/workspaces/{ws}/members/{}", bob.id)).await;
        both
    } {
        ends_at_once(socket, "a removed member").await;
    }
    let token = vic.post(201, "/tokens", json!({ "name": "ci", "scopes": ["read"] })).await;
    for socket in {
        let both = sockets(&vic.with_token(&text(&token, "token")), &ws, &work).await;
        vic.delete(204, &format!("/tokens/{}", text(&token, "id"))).await;
        both
    } {
        ends_at_once(socket, "a revoked token").await;
    }
    for socket in {
        let both = sockets(&vic, &ws, &work).await;
        vic.post(204, "/auth/logout", json!({})).await;
        both
    } {
        ends_at_once(socket, "a session that was ended").await;
    }
    assert_eq!(bob.socket(&format!("/workspaces/{ws}/events")).await.err(), Some(404));
    assert_eq!(vic.socket(&format!("/workspaces/{ws}/events")).await.err(), Some(401));
}

#[actix_web::test]
async fn acc_3_each_is_told_with_a_job_what_they_may_do_with_it() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let job = text(
        &ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Mine" })).await,
        "id",
    );
    let path = format!("/jobs/{job}");
    let may = async |who: &Person| who.get(&path).await["may"].clone();
    assert_eq!(
        may(&ada).await,
        json!(["contribute", "operate", "manage", "manage_team", "administer"])
    );
    assert_eq!(may(&bob).await, json!(["contribute"]));
    assert_eq!(may(&vic).await, json!([]));
    let mut socket = bob.socket(&format!("/workspaces/{ws}/events")).await.unwrap();
    assert_eq!(socket.json().await["type"], "caught");
    let team = json!([{ "user": bob.id, "role": "editor" }]);
    let put = ada.call(Method::PUT, &format!("{path}/team")).json(&team).send().await.unwrap();
    assert_eq!(put.status(), 200);
    let told = loop {
        let event = socket.json().await;
        if event["type"] == "job.changed" {
            break event;
        }
    };
    assert_eq!(told["job"]["may"], json!(["contribute", "operate"]), "the feed speaks to Bob");
    // A command answers with the right of whoever gave it.
    let ready = bob.post(200, &format!("{path}/move"), json!({ "state": "ready" })).await;
    assert_eq!(ready["may"], json!(["contribute", "operate"]));
}

#[actix_web::test]
async fn acc_5_a_job_made_private_vanishes_from_open_connections() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (mut runner, work) = work(&ada, &ws).await;
    let [mut events, log] = sockets(&bob, &ws, &work).await;
    ada.patch(200, &format!("/jobs/{}", text(&work, "job")), json!({ "private": true }))
        .await;
    ends_at_once(log, "the log of a job made private").await;
    runner.logs(&work, 1, &[json!({ "kind": "text", "text": "afterwards" })]).await;
    ada.patch(200, &format!("/jobs/{}", text(&work, "job")), json!({ "title": "Renamed" }))
        .await;
    ready(&ada, &ws, json!({ "title": "Public" })).await;
    let mut heard = String::new();
    while !heard.contains("Public") {
        heard += &events.text().await.unwrap();
    }
    assert!(heard.contains("job.deleted"), "{heard}");
    assert!(!heard.contains("Renamed") && !heard.contains("afterwards"), "{heard}");
}

/// Far behind and not reading, the sender waits for the socket and not for news of rights.
/// The next message about a tool.
async fn tool(events: &mut Socket) -> Value {
    loop {
        let message = events.json().await;
        if message["type"] == "job.tool" {
            return message;
        }
    }
}

#[actix_web::test]
async fn can_5_the_tool_an_agent_used_last_is_told_live_and_shown_while_the_attempt_runs() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (mut runner, work) = work(&ada, &ws).await;
    let mut events = bob.socket(&format!("/workspaces/{ws}/events")).await.unwrap();
    assert_eq!(events.json().await["type"], "caught");
    let call =
        |id: &str, title: &str| json!({ "kind": "tool_call", "tool_call": id, "title": title, "tool": "execute", "status": "in_progress" });
    let long = format!("Run \u{202e}cod.exe\u{1b}[31m\n{}", "x".repeat(500));
    runner.logs(&work, 1, &[call("a", "Read a file"), call("b", &long)]).await;
    let told = tool(&mut events).await;
    let title = text(&told["tool"], "title");
    assert_eq!(title.chars().count(), 120, "{title}");
    assert!(title.starts_with("Run cod.exe [31m xxx"), "{title}");
    assert_eq!(told["job"], work["job"]);
    assert_eq!(told["attempt"], work["attempt"]);
    assert_eq!(told["tool"]["status"], "in_progress");

    // The end of the last one is told, the end of one before it is not; and it is told once a second at most.
    let began = Instant::now();
    let update = |id: &str, status: &str| json!({ "kind": "tool_update", "tool_call": id, "status": status });
    runner.logs(&work, 3, &[update("a", "failed"), update("b", "in_progress")]).await;
    runner.logs(&work, 5, &[update("b", "completed")]).await;
    let told = tool(&mut events).await;
    assert_eq!(told["tool"]["status"], "completed");
    assert_eq!(text(&told["tool"], "title"), title);
    assert!(began.elapsed() > Duration::from_millis(500), "it is told too often");

    let job = format!("/jobs/{}", text(&work, "job"));
    assert_eq!(bob.get(&job).await["attempt"]["last_tool"]["title"], title);
    // Who comes later is told too.
    let mut late = bob.socket(&format!("/workspaces/{ws}/events?after=0")).await.unwrap();
    assert_eq!(text(&tool(&mut late).await["tool"], "title"), title);
    let finished = json!({ "type": "finished", "attempt": work["attempt"], "fence": work["fence"], "last_seq": 5, "result": "completed", "summary": "Done", "usage": {} });
    runner.socket.say(&finished).await.unwrap();
    runner.hears("finish_confirmed").await;
    assert_eq!(bob.get(&job).await["attempt"]["last_tool"], Value::Null);
}

#[actix_web::test]
async fn acc_4_what_the_agent_of_a_private_job_uses_is_told_to_nobody_else() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let (mut runner, work) = work(&ada, &ws).await;
    ada.patch(200, &format!("/jobs/{}", text(&work, "job")), json!({ "private": true }))
        .await;
    let mut sockets = vec![];
    for who in [&ada, &bob, &vic] {
        let mut socket = who.socket(&format!("/workspaces/{ws}/events")).await.unwrap();
        assert_eq!(socket.json().await["type"], "caught");
        sockets.push(socket);
    }
    let call = json!({ "kind": "tool_call", "tool_call": "a", "title": "canary-tool", "tool": "read" });
    runner.logs(&work, 1, &[call]).await;
    let [own, others @ ..] = &mut sockets[..] else { unreachable!() };
    assert_eq!(tool(own).await["tool"]["title"], "canary-tool");
    ready(&ada, &ws, json!({ "title": "Public", "agent": "nobody" })).await;
    for socket in others {
        let mut heard = String::new();
        while !heard.contains("Public") {
            heard += &socket.text().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(1200)).await;
        ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Later" })).await;
        while !heard.contains("Later") {
            heard += &socket.text().await.unwrap();
        }
        assert!(!heard.contains("canary") && !heard.contains("job.tool"), "{heard}");
    }
}

#[actix_web::test]
async fn acc_5_a_reader_far_behind_gets_no_more_of_the_log_once_removed() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (mut runner, work) = work(&ada, &ws).await;
    let entry = json!({ "kind": "text", "text": "x".repeat(30_000) });
    let (batches, batch) = (32_i64, 32_i64);
    for n in 0..batches {
        runner
            .logs(&work, 1 + n * batch, &vec![entry.clone(); usize::try_from(batch).unwrap()])
            .await;
    }
    let whole = usize::try_from(batches * batch).unwrap() * 30_000;
    let mut slow = bob
        .socket(&format!("/attempts/{}/log/live?from=1", text(&work, "attempt")))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    ada.delete(204, &format!("/workspaces/{ws}/members/{}", bob.id)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (end, bytes) = slow.end().await;
    assert!(bytes < whole * 3 / 4, "{bytes} of {whole} bytes came, and then {end:?}");
    assert_eq!(end, REVOKED);
}

#[actix_web::test]
async fn acc_1_a_socket_of_another_site_is_refused() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    for path in [format!("/workspaces/{ws}/events"), format!("/attempts/{ws}/log/live")] {
        let host = server.url.trim_start_matches("http://");
        for origin in [
            "https://evil.example",
            "null",
            "",
            &format!("http://{host}.evil.example"),
            &format!("http://evil.example/{host}"),
        ] {
            let upgrade = ada
                .call(Method::GET, &path)
                .header("origin", origin)
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            assert_eq!(upgrade.send().await.unwrap().status(), 403, "{path} from {origin:?}");
        }
    }
}

#[actix_web::test]
async fn inv_5_one_account_has_a_bounded_number_of_sockets() {
    let server = server_with(|config| config.sockets_per_user = 3);
    let ([ada, bob, ..], ws) = team(&server).await;
    let path = format!("/workspaces/{ws}/events");
    let mut open = vec![];
    for _ in 0..3 {
        open.push(bob.socket(&path).await.unwrap());
    }
    assert_eq!(bob.socket(&path).await.err(), Some(429));
    ada.socket(&path).await.unwrap();
    drop(open.pop());
    let again = timeout(PATIENCE, async {
        while bob.socket(&path).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    again.await.expect("a socket that ended makes room");

    let token = text(&ada.post(201, "/runners", json!({ "name": "box" })).await, "token");
    let runner = ada.with_token(&token);
    let mut silent = vec![];
    let refused = loop {
        match runner.socket("/runner").await {
            Ok(socket) => silent.push(socket),
            Err(status) => break status,
        }
    };
    assert_eq!((refused, silent.len()), (429, 4));
}

/// Sends frames until the server ends the connection.
async fn flooded(mut socket: Socket, frame: impl Fn(u32) -> Message) -> End {
    for n in 0..20_000 {
        if socket.0.feed(frame(n)).await.is_err() {
            break;
        }
        if n % 100 == 0 && socket.0.flush().await.is_err() {
            break;
        }
    }
    socket.end().await.0
}

#[actix_web::test]
async fn inv_8_floods_of_frames_without_a_message_end_the_connection() {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let path = format!("/workspaces/{ws}/events");
    let ended = |end| matches!(end, PROTOCOL | End::Broken);
    let pings = flooded(ada.socket(&path).await.unwrap(), |_| Message::Ping(vec![7; 125].into())).await;
    assert!(ended(pings));
    let piece = |n| {
        let code = if n == 0 { Data::Text } else { Data::Continue };
        Message::Frame(Frame::message(vec![], OpCode::Data(code), false))
    };
    assert!(ended(flooded(ada.socket(&path).await.unwrap(), piece).await));

    let mut huge = ada.socket(&path).await.unwrap();
    let MaybeTlsStream::Plain(stream) = huge.0.get_mut() else {
        unreachable!("the address is plain http")
    };
    let mut header = vec![0x82, 0xff];
    header.extend((8_u64 << 30).to_be_bytes());
    header.extend([1, 2, 3, 4]);
    stream.write_all(&header).await.unwrap();
    assert!(ended(timeout(AT_ONCE, huge.end()).await.unwrap().0));
    ada.get("/me").await;
}

#[actix_web::test]
async fn inv_8_what_a_runner_sends_is_limited() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let made = ada.post(201, "/runners", json!({ "name": "box" })).await;
    let runner = ada.with_token(&text(&made, "token"));
    let long = "x".repeat(10_000);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for first in [
        hello(json!([{ "name": long }])).to_string(),
        hello(json!([{ "name": "a", "version": long }])).to_string(),
        hello(json!(vec![json!({ "name": "a" }); 100])).to_string(),
        hello(json!(deep)).to_string().replace('"', ""),
        format!("{{\"type\":\"hello\",\"agents\":{deep}}}"),
        "x".repeat(2_000_000),
    ] {
        let mut socket = runner.socket("/runner").await.unwrap();
        let _broken = socket.0.send(Message::text(first.clone())).await;
        let (end, _) = socket.end().await;
        assert!(matches!(end, PROTOCOL | End::Broken), "{}", &first[..60]);
    }
    assert_eq!(ada.get(&format!("/workspaces/{ws}/runners")).await["items"][0]["status"], "offline");
}

/// What a runner says of an attempt it does not hold.
#[actix_web::test]
async fn inv_6_a_runner_changes_nothing_of_what_another_holds() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (mut mine, work) = work(&ada, &ws).await;
    let ask = json!({ "kind": "question", "title": "Which?", "body": "", "choices": [], "free_text": true });
    let request = "01900000-0000-7000-8000-000000000001";
    mine.logs(&work, 1, &[json!({ "kind": "request", "request": request, "ask": ask })])
        .await;

    let mut other = FakeRunner::connect(&bob, true).await;
    let (attempt, fence) = (&work["attempt"], &work["fence"]);
    let entry = json!({ "seq": 2, "at": "2026-01-01T00:00:00Z", "kind": "text", "text": "forged" });
    for forged in [
        json!({ "type": "log", "attempt": attempt, "fence": fence, "entries": [entry] }),
        json!({ "type": "activity", "attempt": attempt, "fence": fence, "activity": "running" }),
        json!({ "type": "finished", "attempt": attempt, "fence": fence, "last_seq": 1, "result": "completed", "summary": null,
            "usage": {}, "branch": null, "session": null, "agent": null, "model": null }),
    ] {
        other.socket.say(&forged).await.unwrap();
        assert_eq!(other.hears("drop").await["attempt"], *attempt, "{forged}");
    }
    let merged = json!({ "type": "merged", "attempt": attempt, "fence": fence, "result": { "result": "done", "commit": null } });
    other.socket.say(&merged).await.unwrap();
    for rest in ["deliverables/x.txt", "diff?which=whole"] {
        assert_eq!(other.put(&work, rest, "forged".to_owned()).await, 409, "{rest}");
    }

    // A request's id used again, and an answer to somebody else's request.
    let job = ready(&bob, &ws, json!({ "title": "Bob's", "private": true })).await;
    let his = other.hears("assign").await;
    assert_eq!(his["job"], job["id"]);
    let again = json!({ "kind": "question", "title": "FORGED", "body": "", "choices": [], "free_text": true });
    let answer = json!({ "choice": null, "body": "FORGED" });
    other
        .logs(
            &his,
            1,
            &[
                json!({ "kind": "answer", "request": request, "answer": answer, "by": "x" }),
                json!({ "kind": "request", "request": request, "ask": again }),
            ],
        )
        .await;
    let asked = ada.get(&format!("/requests/{request}")).await;
    assert_eq!(
        (&asked["ask"]["title"], &asked["closed_at"], &asked["job"]),
        (&json!("Which?"), &Value::Null, &work["job"])
    );
    assert_eq!(ada.get(&format!("/jobs/{}", text(&work, "job"))).await["state"], "in_progress");
    let log = ada.get(&format!("/attempts/{}/log", text(&work, "attempt"))).await;
    assert_eq!(log["head"], 1);
}

#[actix_web::test]
async fn inv_8_odd_entries_and_reports_do_not_spoil_what_people_read() {
    // The runner is silent as long as the test looks at what it sent.
    let server = server_with(|config| config.heartbeat_ms = 60_000);
    let ([ada, ..], ws) = team(&server).await;
    let (mut runner, work) = work(&ada, &ws).await;
    let (attempt, fence) = (&work["attempt"], &work["fence"]);
    runner.logs(&work, 1, &[json!({ "kind": "text", "text": "first" })]).await;
    for seq in [i64::MAX, i64::MIN, -1, 0, 1] {
        let entry = json!({ "seq": seq, "at": "2026-01-01T00:00:00Z", "kind": "text", "text": "odd" });
        runner
            .socket
            .say(&json!({ "type": "log", "attempt": attempt, "fence": fence, "entries": [entry] }))
            .await
            .unwrap();
        assert_eq!(runner.hears("confirm").await["seq"], 1, "{seq}");
    }
    let usage = json!({ "input_tokens": i64::MAX, "output_tokens": -5, "cost_usd": 1e308, "wall_ms": i64::MIN });
    runner.logs(&work, 2, &[json!({ "kind": "usage", "usage": usage })]).await;
    let finished = json!({ "type": "finished", "attempt": attempt, "fence": fence, "last_seq": 2, "result": "failed", "reason": "other",
        "detail": "d".repeat(300_000), "summary": "s".repeat(300_000), "usage": usage, "session": "x".repeat(100_000), "agent": null,
        "model": "m".repeat(100_000), "branch": { "name": "main", "base_commit": "x", "head_commit": "y", "pushed": true, "commits": [],
        "files_changed": 0, "insertions": 0, "deletions": 0 } });
    runner.socket.say(&finished).await.unwrap();
    runner.hears("finish_confirmed").await;
    let job = ada
        .call(Method::GET, &format!("/jobs/{}", text(&work, "job")))
        .send()
        .await
        .unwrap();
    let job = job.text().await.unwrap();
    assert!(job.len() < 40_000, "{} bytes", job.len());
    let seen = ada.get(&format!("/attempts/{}", text(&work, "attempt"))).await;
    assert_eq!(
        (&seen["branch"], &seen["usage"]["wall_ms"], &seen["usage"]["cost_usd"]),
        (&Value::Null, &json!(0), &Value::Null)
    );
    assert_eq!(ada.get(&format!("/attempts/{}/log", text(&work, "attempt"))).await["head"], 2);

    let entry = json!({ "seq": 3, "at": "9999-12-31T23:59:59-23:59", "kind": "text", "text": "late" });
    let began = Instant::now();
    runner
        .socket
        .say(&json!({ "type": "log", "attempt": attempt, "fence": fence, "entries": [entry] }))
        .await
        .unwrap();
    assert_eq!(runner.socket.end().await.0, PROTOCOL);
    assert!(began.elapsed() < AT_ONCE);
}

/// Otherwise anybody who reviews a job could keep a shared runner from ever connecting again.
#[actix_web::test]
async fn inv_8_an_assignment_with_a_long_history_still_fits_into_a_message() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let mut runner = FakeRunner::connect(&ada, false).await;
    let job = text(&ready(&ada, &ws, json!({ "review": true })).await, "id");
    let comment = json!({ "path": "a.rs", "line": 1, "body": "long ".repeat(3000) });
    for round in 1..=3 {
        let work = runner.hears("assign").await;
        assert_eq!(work["attempt_number"], round);
        assert!(work.to_string().len() < coord_protocol::runner::MAX_MESSAGE);
        if round > 1 {
            assert_eq!(
                work["earlier"].as_array().unwrap().last().unwrap()["review"]["body"],
                format!("round {}", round - 1)
            );
        }
        let finished = json!({ "type": "finished", "attempt": work["attempt"], "fence": work["fence"], "last_seq": 0, "result": "completed",
            "summary": "s", "usage": {}, "branch": null, "session": null, "agent": null, "model": null });
        runner.socket.say(&finished).await.unwrap();
        runner.hears("finish_confirmed").await;
        let review = json!({ "body": format!("round {round}"), "comments": vec![comment.clone(); 60] });
        ada.post(200, &format!("/jobs/{job}/request_changes"), review).await;
    }
}

#[actix_web::test]
async fn acc_5_a_lowered_role_and_a_lost_place_in_a_team_count_on_open_connections() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let member = format!("/workspaces/{ws}/members/{}", bob.id);
    let mut runner = FakeRunner::connect(&ada, false).await;
    let job = text(&ready(&ada, &ws, json!({ "private": true })).await, "id");
    let work = runner.hears("assign").await;
    let log = format!("/attempts/{}/log/live", text(&work, "attempt"));
    assert_eq!(bob.socket(&log).await.err(), Some(404));

    // An admin sees it; a member no more.
    ada.patch(200, &member, json!({ "role": "admin" })).await;
    let (watching, mut events) = (
        bob.socket(&log).await.unwrap(),
        bob.socket(&format!("/workspaces/{ws}/events")).await.unwrap(),
    );
    assert!(events.json().await["seq"].is_i64());
    ada.patch(200, &member, json!({ "role": "member" })).await;
    ends_at_once(watching, "the log of a private job, for a lowered role").await;
    ada.patch(200, &format!("/jobs/{job}"), json!({ "title": "Hidden again" })).await;
    ready(&ada, &ws, json!({ "title": "Public" })).await;
    let mut heard = String::new();
    while !heard.contains("Public") {
        heard += &events.text().await.unwrap();
    }
    assert!(!heard.contains("Hidden again") && heard.contains("member.changed"), "{heard}");

    // In the job's team they see it; taken out of it no more.
    let team_of = async |team: Value| ada.expect(200, Method::PUT, &format!("/jobs/{job}/team"), Some(team)).await;
    team_of(json!([{ "user": bob.id, "role": "viewer" }])).await;
    let watching = bob.socket(&log).await.unwrap();
    while events.json().await["job"]["title"] != "Hidden again" {}
    team_of(json!([])).await;
    ends_at_once(watching, "the log of a private job, out of its team").await;
    loop {
        let event = events.json().await;
        assert_ne!(event["type"], "job.changed", "{event}");
        if event["type"] == "job.deleted" {
            assert_eq!(event["id"], json!(job));
            break;
        }
    }
}
