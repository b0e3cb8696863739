//! What needs whom, over HTTP and live (INB-1), and mentions (NOTE-2).

mod common;

use common::{
    Person,
    live::{FakeRunner, Socket, ready, team},
    server, text,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Kinds and jobs' titles of what waits, newest first.
async fn waiting(person: &Person, query: &str) -> Vec<(String, String)> {
    let page = person.get(&format!("/inbox{query}")).await;
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| (text(item, "kind"), text(&item["job"], "title"))).collect()
}

fn pair(kind: &str, title: &str) -> (String, String) {
    (kind.to_owned(), title.to_owned())
}

async fn job(by: &Person, ws: &str, more: Value) -> String {
    let mut new = json!({ "title": "A job" });
    new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    text(&by.post(201, &format!("/workspaces/{ws}/jobs"), new).await, "id")
}

async fn note(by: &Person, job: &str, body: &str) -> Value {
    by.post(201, &format!("/jobs/{job}/notes"), json!({ "body": body })).await
}

/// An agent of `owner` asks on a new job of theirs.
async fn asking(owner: &Person, ws: &str, title: &str) -> (FakeRunner, Value, String) {
    let mut runner = FakeRunner::connect(owner, false).await;
    let job = text(&ready(owner, ws, json!({ "title": title })).await, "id");
    let work = runner.hears("assign").await;
    let request = "01900000-0000-7000-8000-00000000a5c0";
    let choices = json!([{ "id": "yes", "label": "Yes", "kind": "allow_once" }]);
    let ask = json!({ "kind": "permission", "title": "May I?", "body": "", "choices": choices, "free_text": false });
    runner
        .logs(&work, 1, &[json!({ "kind": "request", "request": request, "ask": ask })])
        .await;
    (runner, json!({ "work": work, "request": request }), job)
}

/// The next count told on a socket with `inbox=1`.
async fn told(events: &mut Socket) -> Value {
    loop {
        let message = events.json().await;
        if message["type"] == "inbox" {
            return message["count"].clone();
        }
    }
}

#[actix_web::test]
async fn inb_1_requests_reviews_and_failures_are_in_the_inbox_of_whom_they_need_until_they_are_done() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    assert_eq!(bob.get("/inbox").await, json!({ "items": [], "next": null }));

    // An agent of Bob's asks: Bob and the workspace's owner may answer, nobody else is told.
    let (mut runner, asked, agentic) = asking(&bob, &ws, "Ask me").await;
    assert_eq!(waiting(&bob, "").await, [pair("request", "Ask me")]);
    assert_eq!(waiting(&ada, "").await, [pair("request", "Ask me")]);
    for other in [&vic, &eve] {
        assert_eq!(waiting(other, "").await, []);
    }
    let item = bob.get("/inbox").await["items"][0].clone();
    assert_eq!(item["request"]["ask"]["title"], "May I?");
    assert_eq!(item["workspace"]["slug"], "team");
    assert_eq!((&item["job"]["id"], &item["job"]["number"]), (&json!(agentic), &json!(1)));
    ada.post(
        200,
        &format!("/requests/{}/answer", text(&asked, "request")),
        json!({ "choice": "yes" }),
    )
    .await;
    assert_eq!(waiting(&bob, "").await, [], "answered by another");

    // It fails: that needs its owner.
    let failed = json!({ "type": "finished", "attempt": asked["work"]["attempt"], "fence": asked["work"]["fence"], "last_seq": 1,
        "result": "failed", "reason": "agent_crashed", "detail": "it fell over", "summary": null, "usage": {}, "session": null,
        "agent": null, "model": null, "branch": null });
    runner.socket.say(&failed).await.unwrap();
    runner.hears("finish_confirmed").await;
    assert_eq!(waiting(&bob, "").await, [pair("failed", "Ask me")]);
    assert_eq!(waiting(&ada, "").await, []);
    let item = bob.get("/inbox").await["items"][0].clone();
    assert_eq!((&item["failure"], &item["attempt"]), (&json!("agent_crashed"), &json!(1)));

    // A user job handed in by an editor needs its owner, not who did it.
    let by_hand = job(
        &bob,
        &ws,
        json!({ "title": "By hand", "team": [{ "user": ada.id, "role": "editor" }], "state": "ready" }),
    )
    .await;
    ada.post(200, &format!("/jobs/{by_hand}/start"), json!({})).await;
    ada.post(200, &format!("/jobs/{by_hand}/submit"), json!({ "body": "There it is" }))
        .await;
    assert_eq!(waiting(&bob, "").await, [pair("review", "By hand"), pair("failed", "Ask me")]);
    assert_eq!(waiting(&ada, "").await, []);
    assert_eq!(bob.get("/inbox?kind=review").await["items"][0]["summary"], "There it is");
    let count = json!({ "total": 2, "requests": 0, "reviews": 1, "mentions": 0, "failed": 1 });
    assert_eq!(bob.get("/inbox/count").await, count);
    assert_eq!(bob.get(&format!("/inbox/count?workspace={ws}")).await, count);
    bob.post(200, &format!("/jobs/{by_hand}/approve"), json!({})).await;
    bob.post(200, &format!("/jobs/{agentic}/cancel"), json!({})).await;
    assert_eq!(waiting(&bob, "").await, []);
}

#[actix_web::test]
async fn inb_1_what_is_put_aside_stays_away_until_it_happens_again() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = job(
        &bob,
        &ws,
        json!({ "title": "Twice", "team": [{ "user": ada.id, "role": "editor" }], "state": "ready" }),
    )
    .await;
    let round = async || {
        ada.post(200, &format!("/jobs/{id}/start"), json!({})).await;
        ada.post(200, &format!("/jobs/{id}/submit"), json!({})).await;
    };
    round().await;
    let item = text(&bob.get("/inbox").await["items"][0], "id");
    bob.expect(204, Method::PUT, &format!("/inbox/{item}/done"), None).await;
    assert_eq!(waiting(&bob, "").await, []);
    assert_eq!(waiting(&bob, "?done=true").await, [pair("review", "Twice")]);
    assert_eq!(bob.get("/inbox/count").await["total"], 0);
    bob.delete(204, &format!("/inbox/{item}/done")).await;
    assert_eq!(waiting(&bob, "").await, [pair("review", "Twice")]);
    bob.expect(204, Method::PUT, &format!("/inbox/{item}/done"), None).await;
    bob.post(200, &format!("/jobs/{id}/request_changes"), json!({ "body": "Once more" }))
        .await;
    bob.expect(404, Method::PUT, "/inbox/nothing/done", None).await;
    if bob.get(&format!("/jobs/{id}")).await["state"] == "backlog" {
        bob.post(200, &format!("/jobs/{id}/ready"), json!({})).await;
    }
    round().await;
    assert_eq!(waiting(&bob, "").await, [pair("review", "Twice")], "another attempt");
    bob.expect(404, Method::PUT, &format!("/inbox/{item}/done"), None).await;
}

#[actix_web::test]
async fn inb_1_the_inbox_is_paged_across_workspaces() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let second = ada.workspace("Second").await;
    ada.let_in(&second, &bob, "member").await;
    for n in 0..7 {
        let id = job(&ada, if n % 2 == 0 { &ws } else { &second }, json!({ "title": format!("Job {n}") })).await;
        note(&ada, &id, "@bob look").await;
    }
    let (mut titles, mut cursor) = (vec![], String::new());
    loop {
        let page = bob.get(&format!("/inbox?limit=3{cursor}")).await;
        titles.extend(page["items"].as_array().unwrap().iter().map(|item| text(&item["job"], "title")));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(titles, (0..7).rev().map(|n| format!("Job {n}")).collect::<Vec<_>>());
    assert_eq!(waiting(&bob, &format!("?workspace={second}")).await.len(), 3);
    let problem = bob.expect(422, Method::GET, "/inbox?cursor=x", None).await;
    assert_eq!(problem["status"], 422);
    // One's own workspaces only.
    let foreign = server.person("zoe").await.workspace("Foreign").await;
    assert_eq!(waiting(&bob, &format!("?workspace={foreign}")).await, []);
}

#[actix_web::test]
async fn inb_1_a_page_is_told_when_what_waits_is_another_whichever_workspace_it_is_in() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let second = ada.workspace("Second").await;
    let mut events = bob.socket(&format!("/workspaces/{ws}/events?inbox=1")).await.unwrap();
    assert_eq!(told(&mut events).await["total"], 0, "at once");
    let id = job(&ada, &ws, json!({ "title": "Here" })).await;
    note(&ada, &id, "@bob").await;
    assert_eq!(told(&mut events).await["mentions"], 1);
    // In a workspace that Bob came into after the page was opened.
    ada.let_in(&second, &bob, "member").await;
    let there = job(&ada, &second, json!({ "title": "There" })).await;
    note(&ada, &there, "@bob").await;
    assert_eq!(told(&mut events).await["mentions"], 2);
    // Read elsewhere.
    let item = text(&bob.get("/inbox").await["items"][0], "id");
    bob.expect(204, Method::PUT, &format!("/inbox/{item}/done"), None).await;
    assert_eq!(told(&mut events).await["mentions"], 1);
    // ACC-5: the right goes, and the item with it.
    ada.patch(200, &format!("/jobs/{id}"), json!({ "private": true })).await;
    assert_eq!(told(&mut events).await["total"], 0);
    // Plain clients are sent nothing they do not know.
    let mut plain = bob.socket(&format!("/workspaces/{ws}/events")).await.unwrap();
    assert_eq!(plain.json().await["type"], "caught");
    note(&ada, &there, "@bob").await;
    assert_eq!(told(&mut events).await["total"], 1);
    let last = job(&ada, &ws, json!({ "title": "The last one" })).await;
    loop {
        let message = plain.json().await;
        assert_ne!(message["type"], "inbox");
        if message["job"]["id"] == json!(last) {
            break;
        }
    }
}

#[actix_web::test]
async fn note_2_a_name_in_a_note_reaches_the_inbox_of_who_sees_the_job() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let id = job(&ada, &ws, json!({ "title": "Public" })).await;
    let added = note(&ada, &id, "@Bob, and @VIC: please look. `@bob` is code.").await;
    assert_eq!(
        added["mentions"],
        json!([{ "user": bob.id, "name": "Bob" }, { "user": vic.id, "name": "VIC" }])
    );
    assert_eq!(added["not_mentioned"], json!([]));
    assert_eq!(
        ada.get(&format!("/jobs/{id}/notes")).await["items"][0]["mentions"],
        added["mentions"]
    );
    for person in [&bob, &vic] {
        let item = person.get("/inbox").await["items"][0].clone();
        assert_eq!(
            (text(&item, "kind"), text(&item, "note")),
            ("mention".to_owned(), text(&added, "id"))
        );
        assert_eq!(item["by"]["name"], "ada");
        assert!(text(&item, "text").starts_with("@Bob, and"), "{item}");
    }
    assert_eq!(waiting(&ada, "").await, []);

    // A retracted note leaves nothing to be read.
    ada.post(200, &format!("/notes/{}/retract", text(&added, "id")), json!({})).await;
    assert_eq!(waiting(&bob, "").await, []);
    assert_eq!(ada.get(&format!("/jobs/{id}/notes")).await["items"][0]["mentions"], json!([]));
}

#[actix_web::test]
async fn note_2_a_name_in_a_request_for_changes_mentions_too() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let id = job(&ada, &ws, json!({ "title": "Reviewed", "state": "ready" })).await;
    ada.post(200, &format!("/jobs/{id}/start"), json!({})).await;
    ada.post(200, &format!("/jobs/{id}/submit"), json!({})).await;
    let comments = json!([{ "path": "a.rs", "line": 1, "body": "@vic what is this?" }]);
    let body = json!({ "body": "@bob knows how", "comments": comments });
    ada.post(200, &format!("/jobs/{id}/request_changes"), body).await;
    let item = bob.get("/inbox").await["items"][0].clone();
    assert_eq!(
        (text(&item, "kind"), text(&item, "text")),
        ("mention".to_owned(), "@bob knows how".to_owned())
    );
    assert_eq!((&item["attempt"], &item["note"]), (&json!(1), &Value::Null));
    assert_eq!(waiting(&vic, "").await, [pair("mention", "Reviewed")]);
}

#[actix_web::test]
async fn note_2_on_a_private_job_only_who_sees_it_is_offered_and_mentioned_and_the_writer_is_told() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let team = json!([{ "user": vic.id, "role": "viewer" }]);
    let id = job(&ada, &ws, json!({ "title": "Secret", "private": true, "team": team })).await;
    let offered = async |who: &Person, q: &str| {
        let page = who.get(&format!("/jobs/{id}/mentionable?q={q}")).await;
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|person| text(person, "name"))
            .collect::<Vec<_>>()
    };
    assert_eq!(offered(&ada, "").await, ["vic"], "not Bob, and not oneself");
    assert_eq!(offered(&ada, "VI").await, ["vic"]);
    assert_eq!(offered(&ada, "x").await, [""; 0]);
    assert_eq!(offered(&vic, "").await, ["ada"]);
    for outsider in [&bob, &eve] {
        outsider.expect(404, Method::GET, &format!("/jobs/{id}/mentionable"), None).await;
    }
    let added = note(&ada, &id, "@bob @vic").await;
    assert_eq!(added["mentions"], json!([{ "user": vic.id, "name": "vic" }]));
    assert_eq!(added["not_mentioned"], json!([{ "name": "bob", "why": "may_not_see" }]));
    assert_eq!(waiting(&bob, "").await, []);
    assert_eq!(waiting(&vic, "").await, [pair("mention", "Secret")]);

    // ACC-5: who is taken off the team has nothing to read any more, nor can they touch the item.
    let item = text(&vic.get("/inbox").await["items"][0], "id");
    ada.expect(200, Method::PUT, &format!("/jobs/{id}/team"), Some(json!([]))).await;
    assert_eq!(waiting(&vic, "").await, []);
    assert_eq!(vic.get("/inbox/count").await["total"], 0);
    vic.expect(404, Method::PUT, &format!("/inbox/{item}/done"), None).await;
    bob.expect(404, Method::PUT, &format!("/inbox/{item}/done"), None).await;
    bob.expect(404, Method::PUT, &format!("/inbox/failed-{id}-0/done"), None).await;
}
