//! The canary sweep (ACC-4): a private job whose every word has a mark in it. Whoever may not see the job calls every route that the
//! OpenAPI document has, with the job's ids, and neither mark nor id may be in anything they receive.

mod common;

use common::{
    Person, TestServer,
    canvas::Client,
    live::{FakeRunner, Socket, hello, ready, team},
    server_with, text,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// In every word of the private job.
const MARK: &str = "kanarie";

/// A private job of Ada's in every detail, and one that everybody sees beside it.
struct Stage {
    server: TestServer,
    ws: String,
    ada: Person,
    bob: Person,
    vic: Person,
    eve: Person,
    rex: Person,
    /// Everything that names the private job, by the name it has in addresses.
    ids: BTreeMap<&'static str, String>,
    /// More ids of it, in no address.
    more_ids: Vec<String>,
    /// A canvas with the private job's card on it.
    canvas: String,
    runner: FakeRunner,
    work: Value,
    /// Sockets that were open while all of it happened.
    watching: Vec<(&'static str, Socket)>,
}

async fn upload(by: &Person, job: &str, content: &str) -> String {
    let path = format!("/jobs/{job}/attachments?name={MARK}.txt");
    let answer = by.call(Method::POST, &path).body(content.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let file: Value = answer.json().await.unwrap();
    text(&file, "id")
}

async fn stage() -> Stage {
    // The runner says nothing while others look around.
    let server = server_with(|config| config.heartbeat_ms = 60_000);
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let rex = server.person("rex").await;
    ada.let_in(&ws, &rex, "member").await;
    let mut watching = vec![];
    for (who, person) in [("bob", &bob), ("vic", &vic), ("rex", &rex)] {
        watching.push((who, person.socket(&format!("/workspaces/{ws}/events")).await.unwrap()));
    }
    let mut runner = FakeRunner::connect(&ada, true).await;
    let new = json!({
        "title": format!("{MARK} title"), "description": format!("{MARK} description"), "domains": [MARK], "folder": MARK,
        "model": MARK, "agent": "scripted", "private": true, "review": true, "routing": "mine",
        "context": { "type": "repository", "url": format!("https://host/{MARK}.git"), "base_branch": MARK },
    });
    let job = text(&ada.post(201, &format!("/workspaces/{ws}/jobs"), new).await, "id");
    // Its neighbours tell of it too: one waits for it, and it waits for none but is waited for.
    let public = ready(&bob, &ws, json!({ "title": "Public", "state": "backlog", "auto_ready": true })).await;
    let public = text(&public, "id");
    let path = format!("/jobs/{public}/dependencies/{job}");
    ada.call(Method::PUT, &path).send().await.unwrap().error_for_status().unwrap();
    let refused = bob.post(409, &format!("/jobs/{public}/ready"), json!({})).await;
    assert!(
        !refused.to_string().contains('#'),
        "{refused} names a job that does not exist for Bob"
    );
    let attachment = upload(&ada, &job, &format!("{MARK} attached")).await;
    let note = ada
        .post(
            201,
            &format!("/jobs/{job}/notes"),
            json!({ "body": format!("{MARK} note @bob @vic @rex") }),
        )
        .await;
    ada.post(200, &format!("/jobs/{job}/ready"), json!({})).await;
    let work = loop {
        let work = runner.hears("assign").await;
        if work["job"] == *job {
            break work;
        }
    };
    let request = "01900000-0000-7000-8000-00000000cafe";
    let ask = json!({ "kind": "question", "title": format!("{MARK} ask"), "body": MARK, "choices": [], "free_text": true });
    let bodies = [
        json!({ "kind": "text", "text": format!("{MARK} log") }),
        json!({ "kind": "output", "text": MARK }),
        json!({ "kind": "request", "request": request, "ask": ask }),
    ];
    runner.logs(&work, 1, &bodies).await;
    assert_eq!(
        runner
            .put(&work, &format!("deliverables/{MARK}.txt"), format!("{MARK} delivered"))
            .await,
        204
    );
    assert_eq!(runner.put(&work, "diff?which=whole", format!("+{MARK}")).await, 204);
    let new = json!({ "kind": "deliverable", "name": format!("{MARK}-later.txt"), "size": 3 });
    let upload = text(&ada.post(201, &format!("/jobs/{job}/uploads"), new).await, "id");
    ada.delete(204, &format!("/workspaces/{ws}/members/{}", rex.id)).await;
    let delivered = ada.get(&format!("/jobs/{job}/deliverables")).await;
    let canvas = text(
        &ada.post(201, &format!("/workspaces/{ws}/canvases"), json!({ "name": "Plan" }))
            .await,
        "id",
    );
    let mut drawing = Client::join(&ada, &canvas, 1).await;
    drawing.card("card", &job).await;
    // An idea that becomes a private job takes its words along.
    drawing.add("idea", "idea", &format!("{MARK} idea")).await;
    drawing.saved().await;
    let path = format!("/canvases/{canvas}/ideas/idea/promote");
    let promoted = ada.post(201, &path, json!({ "private": true })).await;
    // Soon its words are in nothing that is sent to who joins.
    for client in 20.. {
        let first = Client::join(&ada, &canvas, client).await.first;
        if !String::from_utf8_lossy(&first).contains(MARK) {
            break;
        }
        assert!(client < 420, "the idea's words stay");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ids = BTreeMap::from([
        ("ws", ws.clone()),
        ("job", job.clone()),
        ("other", job.clone()),
        ("attempt", text(&work, "attempt")),
        ("request", request.to_owned()),
        ("note", text(&note, "id")),
        ("file", attachment),
        ("upload", upload),
        ("item", format!("failed-{job}-1")),
    ]);
    let more_ids = vec![text(&delivered["items"][0], "id"), text(&promoted, "id")];
    Stage {
        server,
        ws,
        ada,
        bob,
        vic,
        eve,
        rex,
        ids,
        more_ids,
        canvas,
        runner,
        work,
        watching,
    }
}

impl Stage {
    /// Ids and the mark.
    fn secrets(&self) -> Vec<&str> {
        let ids = self.ids.iter().filter(|(name, _)| **name != "ws").map(|(_, id)| id.as_str());
        ids.chain(self.more_ids.iter().map(String::as_str)).chain([MARK]).collect()
    }

    async fn document(&self) -> Value {
        let address = format!("{}/api/v1/openapi.json", self.server.url);
        self.ada.client.get(address).send().await.unwrap().json().await.unwrap()
    }

    /// The address with the private job's ids filled in.
    fn filled(&self, path: &str) -> String {
        let mut address = path
            .strip_prefix("/api/v1")
            .unwrap_or_else(|| panic!("{path} is elsewhere"))
            .to_owned();
        for (name, id) in &self.ids {
            address = address.replace(&format!("{{{name}}}"), id);
        }
        // The one that works on it.
        address = address.replace("{runner}", &self.runner.id);
        // What no private job has.
        for name in ["user", "token", "code", "invitation", "folder"] {
            address = address.replace(&format!("{{{name}}}"), "01900000-0000-7000-8000-000000000000");
        }
        let address = address.replace("{command}", "duplicate").replace("{name}", "x.txt");
        let address = address.replace("{canvas}", &self.canvas).replace("{object}", "card");
        assert!(!address.contains('{'), "say here what to fill into {address}");
        address
    }

    /// Every address with a GET in the served document.
    async fn addresses(&self) -> Vec<String> {
        let mut addresses = vec![];
        for (path, methods) in self.document().await["paths"].as_object().unwrap() {
            let Some(get) = methods.get("get") else { continue };
            let address = self.filled(path);
            let queries: Vec<String> = get["parameters"].as_array().map_or(vec![], |parameters| {
                let of = parameters.iter().filter(|parameter| parameter["in"] == "query");
                of.map(|parameter| text(parameter, "name")).collect()
            });
            addresses.push(address.clone());
            for name in queries {
                let values: Vec<&str> = match name.as_str() {
                    "limit" => vec!["200"],
                    "cursor" => vec![&self.ids["job"], "1"],
                    "state" => vec!["ready", "in_progress", "awaiting_review", "backlog"],
                    "from" | "after" => vec!["0", "1", "2"],
                    "open" | "since" | "done" => vec!["true", "false", "review"],
                    "kind" => vec![
                        "jobs",
                        "moves",
                        "requests",
                        "notes",
                        "files",
                        "dependencies",
                        "request",
                        "review",
                        "mention",
                        "failed",
                    ],
                    "by" => vec![&self.ada.id],
                    "job" => vec![&self.ids["job"]],
                    "workspace" => vec![&self.ws],
                    // Whatever is searched for: the mark, a part of it, and a word that is elsewhere too.
                    _ => vec![MARK, "kanar", "title", "scripted"],
                };
                addresses.extend(values.iter().map(|value| format!("{address}?{name}={value}")));
            }
        }
        assert!(addresses.len() > 40, "{addresses:?}");
        addresses
    }

    /// Tries to change the private job by every other method that the document has for it.
    async fn meddle(&self, who: &str, caller: &Person) {
        let mut tried = 0;
        for (path, methods) in self.document().await["paths"].as_object().unwrap() {
            let of_the_job = ["{job}", "{attempt}", "{request}", "{file}", "{upload}", "{note}", "{item}"]
                .iter()
                .any(|name| path.contains(name));
            for method in methods.as_object().unwrap().keys().filter(|name| of_the_job && *name != "get") {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let request = caller
                    .call(method.clone(), &self.filled(path))
                    .json(&json!({ "title": "x", "body": "x" }));
                let answer = request.send().await.unwrap();
                let status = answer.status();
                let body = answer.text().await.unwrap();
                assert!(status.is_client_error(), "{who} {method} {path}: {status}");
                for secret in self.secrets() {
                    assert!(!body.contains(secret), "{who} reads {secret} at {method} {path}: {status} {body}");
                }
                tried += 1;
            }
        }
        assert!(tried > 8, "only {tried} addresses");
    }

    async fn sweep(&self, who: &str, caller: &Person) {
        for address in self.addresses().await {
            let answer = caller.call(Method::GET, &address).send().await.unwrap();
            let status = answer.status();
            let headers = format!("{:?}", answer.headers());
            let body = answer.bytes().await.unwrap();
            let body = String::from_utf8_lossy(&body);
            for secret in self.secrets() {
                // A canvas says that there is a job, by its id, and nothing more (CAN-5).
                if address.contains("/canvases/") && secret != MARK {
                    continue;
                }
                assert!(
                    !body.contains(secret) && !headers.contains(secret),
                    "{who} reads {secret} at {address}: {status} {headers} {body}"
                );
            }
        }
        for path in ["events?inbox=1", "events?after=0&inbox=1"] {
            // Only members of the workspace get in; what they are told is looked at below.
            let opened = caller.socket(&format!("/workspaces/{}/{path}", self.ws)).await;
            assert_eq!(opened.is_ok(), ["bob", "vic"].contains(&who), "{who} {path}");
            if let Ok(mut events) = opened {
                self.reads_to_the_end(who, &mut events).await;
            }
        }
        if ["bob", "vic"].contains(&who) {
            let drawing = Client::join(caller, &self.canvas, 9).await;
            let document = String::from_utf8_lossy(&drawing.state()).into_owned();
            assert!(
                document.contains("card") && !document.contains(MARK),
                "{who} reads it on the canvas (CAN-5)"
            );
        } else {
            let refused = caller.socket(&format!("/canvases/{}/sync", self.canvas)).await;
            assert!(refused.is_err(), "{who} joins the canvas");
        }
        let log = caller.socket(&format!("/attempts/{}/log/live", self.ids["attempt"])).await;
        assert!(log.is_err(), "{who} watches the log");
    }

    /// Reads until the client has everything.
    async fn reads_to_the_end(&self, who: &str, events: &mut Socket) {
        loop {
            let Ok(message) = events.text().await else { return };
            for secret in self.secrets() {
                assert!(!message.contains(secret), "{who} hears {secret}: {message}");
            }
            if message.contains("caught") {
                return;
            }
        }
    }

    /// The agent and Ada go on saying what others must not hear, while the others look: for a minute where all checks run. Tells the
    /// number of the last line of the log.
    async fn works_on(&mut self) -> i64 {
        let span = Duration::from_secs(if std::env::var_os("CI").is_some() { 60 } else { 2 });
        let began = Instant::now();
        let mut last = 3;
        while began.elapsed() < span {
            let bodies = [
                json!({ "kind": "text", "text": format!("{MARK} goes on") }),
                json!({ "kind": "tool_call", "tool_call": format!("{MARK}-{last}"), "title": MARK, "tool": "execute" }),
            ];
            self.runner.logs(&self.work, last + 1, &bodies).await;
            last += 2;
            let path = format!("/jobs/{}/notes", self.ids["job"]);
            self.ada
                .post(201, &path, json!({ "body": format!("{MARK} again @bob @vic @rex") }))
                .await;
            self.everybody_sweeps().await;
            self.hear_so_far().await;
        }
        last
    }

    /// What the open sockets were told; whoever never reads is let go by the server.
    async fn hear_so_far(&mut self) {
        let secrets: Vec<String> = self.secrets().into_iter().map(str::to_owned).collect();
        for (who, events) in &mut self.watching {
            while let Ok(Ok(message)) = timeout(Duration::from_millis(20), events.text()).await {
                for secret in &secrets {
                    assert!(!message.contains(secret), "{who} hears {secret}: {message}");
                }
            }
        }
    }

    async fn everybody_sweeps(&self) {
        let foreign = self.bob.post(201, "/runners", json!({ "name": "foreign", "shared": true })).await;
        let foreign = self.bob.with_token(&text(&foreign, "token"));
        let callers = [
            ("nobody", &self.server.nobody()),
            ("eve", &self.eve),
            ("vic", &self.vic),
            ("bob", &self.bob),
            ("rex", &self.rex),
            ("foreign runner", &foreign),
        ];
        for (who, caller) in callers {
            self.sweep(who, caller).await;
            self.meddle(who, caller).await;
        }
    }
}

#[actix_web::test]
async fn acc_4_a_private_job_leaves_no_trace_for_those_who_may_not_see_it() {
    let mut stage = stage().await;
    // The sweep itself is worth something: Ada finds the mark at nearly every address that has an id of the job in it.
    let mut found = 0;
    for address in stage.addresses().await {
        let body = stage.ada.call(Method::GET, &address).send().await.unwrap().text().await.unwrap();
        found += usize::from(body.contains(MARK));
    }
    assert!(found >= 20, "only {found} addresses tell Ada of it");
    stage.everybody_sweeps().await;
    let last = stage.works_on().await;

    // Somebody else's runner is offered nothing, and gets nothing.
    let mut other = FakeRunner::connect(&stage.bob, true).await;
    let file = format!("/runner/attempts/{}/files/{}", stage.ids["attempt"], stage.ids["file"]);
    for fence in ["0", "1", &stage.work["fence"].to_string()] {
        let answer = other
            .caller
            .call(Method::GET, &file)
            .header("x-coord-fence", fence)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(
            status == 409 && stage.secrets().iter().all(|secret| !body.contains(secret)),
            "{status} {body}"
        );
    }
    other.socket.say(&json!({ "type": "heartbeat" })).await.unwrap();
    let again = stage.bob.post(201, "/runners", json!({ "name": "third", "shared": true })).await;
    let mut third = stage.bob.with_token(&text(&again, "token")).socket("/runner").await.unwrap();
    third.say(&hello(json!([{ "name": "scripted" }]))).await.unwrap();
    let welcome = third.text().await.unwrap();
    assert!(stage.secrets().iter().all(|secret| !welcome.contains(secret)), "{welcome}");

    // And once more when it is handed in, on its way through review, and gone.
    let commit = "a".repeat(40);
    let finished = json!({ "type": "finished", "attempt": stage.work["attempt"], "fence": stage.work["fence"], "last_seq": last,
        "result": "completed", "summary": MARK, "usage": {}, "session": MARK, "agent": null, "model": MARK,
        "branch": { "name": format!("coord/1-{MARK}"), "base_commit": commit, "head_commit": commit, "pushed": true,
            "commits": [{ "id": commit, "subject": MARK }], "files_changed": 1, "insertions": 1, "deletions": 0 } });
    stage.runner.socket.say(&finished).await.unwrap();
    stage.runner.hears("finish_confirmed").await;
    let job = stage.ids["job"].clone();
    assert_eq!(stage.ada.get(&format!("/jobs/{job}")).await["state"], "awaiting_review");
    stage.everybody_sweeps().await;
    stage
        .ada
        .post(200, &format!("/jobs/{job}/request_changes"), json!({ "body": MARK }))
        .await;
    stage.ada.post(200, &format!("/jobs/{job}/cancel"), json!({})).await;
    let copy = stage.ada.post(201, &format!("/jobs/{job}/duplicate"), json!({})).await;
    stage.more_ids.push(text(&copy, "id"));
    stage.ada.delete(204, &format!("/jobs/{job}")).await;
    stage.everybody_sweeps().await;

    // What was told to open sockets all the while.
    let last = stage
        .ada
        .post(201, &format!("/workspaces/{}/jobs", stage.ws), json!({ "title": "The last one" }))
        .await;
    let mut watching = std::mem::take(&mut stage.watching);
    for (who, events) in &mut watching {
        loop {
            let Ok(message) = events.text().await else {
                assert_eq!(*who, "rex", "only the removed member's socket ends");
                break;
            };
            for secret in stage.secrets() {
                assert!(!message.contains(secret), "{who} hears {secret}: {message}");
            }
            if message.contains(&text(&last, "id")) {
                break;
            }
        }
    }
}
