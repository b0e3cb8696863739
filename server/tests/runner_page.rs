//! A runner's own page (RUN-3, RUN-4, RUN-9).

mod common;

use common::{
    live::{FakeRunner, ready, team},
    server_with, text,
};
use serde_json::{Value, json};

#[actix_web::test]
async fn run_4_a_runners_page_tells_where_it_serves_and_what_it_did() {
    let server = server_with(|config| config.heartbeat_ms = 60_000);
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let elsewhere = ada.workspace("Elsewhere").await;
    let mut runner = FakeRunner::connect(&ada, true).await;
    let page = format!("/workspaces/{ws}/runners/{}", runner.id);
    let job = ready(&ada, &ws, json!({})).await;
    let work = runner.hears("assign").await;

    let mine = ada.get(&page).await;
    let names = |page: &Value| -> Vec<String> { page["workspaces"].as_array().unwrap().iter().map(|ws| text(ws, "name")).collect() };
    assert_eq!(names(&mine).len(), 2, "{mine}");
    assert_eq!(names(&bob.get(&page).await), ["Team"], "of the others nobody else is told");
    assert_eq!(
        (&mine["runner"]["status"], &mine["runner"]["running"]),
        (&json!("active"), &json!(1))
    );
    assert!(mine["runner"]["last_seen_at"].is_string());
    assert_eq!(
        (
            &mine["recent"][0]["job"],
            &mine["recent"][0]["number"],
            &mine["recent"][0]["outcome"]
        ),
        (&job["id"], &job["number"], &Value::Null)
    );
    let finished = json!({ "type": "finished", "attempt": work["attempt"], "fence": work["fence"], "last_seq": 0, "result": "completed",
        "summary": null, "usage": {}, "branch": null, "session": null, "agent": null, "model": null });
    runner.socket.say(&finished).await.unwrap();
    runner.hears("finish_confirmed").await;
    let after = bob.get(&page).await;
    assert_eq!(
        (&after["recent"][0]["outcome"], after["recent"].as_array().unwrap().len()),
        (&json!("completed"), 1)
    );
    assert_eq!(
        (&after["runner"]["lifetime_jobs"], &after["runner"]["running"]),
        (&json!(1), &json!(0))
    );

    // ACC-4: what a private job's runner does is not everybody's to read.
    ready(&ada, &ws, json!({ "title": "Hush", "private": true })).await;
    runner.hears("assign").await;
    assert_eq!(ada.get(&page).await["recent"].as_array().unwrap().len(), 2);
    for other in [&vic, &bob] {
        let seen = other.get(&page).await;
        assert!(!seen.to_string().contains("Hush"), "{seen}");
    }
    eve.expect(404, reqwest::Method::GET, &page, None).await;
    ada.expect(404, reqwest::Method::GET, &page.replace(&runner.id, &ws), None).await;

    // Off in one workspace, on in the other.
    ada.expect(204, reqwest::Method::PUT, &format!("{page}/disabled"), None).await;
    let off = ada.get(&page).await;
    assert_eq!(off["runner"]["status"], "disabled");
    for served in off["workspaces"].as_array().unwrap() {
        assert_eq!(served["disabled"], json!(served["id"] != json!(elsewhere)), "{served}");
    }
}

#[actix_web::test]
async fn run_9_what_a_machine_keeps_out_is_told_to_its_owner_alone() {
    let server = server_with(|config| config.heartbeat_ms = 60_000);
    let ([ada, bob, ..], ws) = team(&server).await;
    let made = ada.post(201, "/runners", json!({ "name": "box", "shared": true })).await;
    let mut socket = ada.with_token(&text(&made, "token")).socket("/runner").await.unwrap();
    let serves = json!({ "people": ["ada@example.org"], "repositories": ["https://host/"], "local_repositories": false });
    let hello = json!({ "type": "hello", "protocol": 1, "version": "0", "platform": "test", "agents": [{ "name": "scripted" }],
        "concurrency": 1, "held": [], "serves": serves });
    socket.say(&hello).await.unwrap();
    while socket.json().await["type"] != "welcome" {}
    let page = format!("/workspaces/{ws}/runners/{}", text(&made, "id"));
    assert_eq!(ada.get(&page).await["serves"]["people"], json!(["ada@example.org"]));
    assert_eq!(bob.get(&page).await["serves"], Value::Null);
    let job = text(&ready(&bob, &ws, json!({ "routing": "any" })).await, "id");
    for _ in 0..500 {
        let hold = bob.get(&format!("/jobs/{job}")).await["hold"].clone();
        if hold["reason"] == "no_runner" && hold["runners"] != json!([]) {
            assert_eq!(hold["runners"][0]["why"], "policy");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the job does not say why");
}
