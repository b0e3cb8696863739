//! The figures of a workspace (ANA-1).

mod common;

use common::{
    Person,
    live::{FakeRunner, ready, team},
    server, text,
};
use coord_protocol::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn figures(who: &Person, ws: &str, query: &str) -> Value {
    who.get(&format!("/workspaces/{ws}/analytics{query}")).await
}

const HOUR: Duration = Duration::from_secs(3600);
const HOUR_MS: i64 = 3_600_000;

/// Whether a time is this many hours, but for what the test itself took.
fn is_hours(value: &Value, hours: i64) -> bool {
    let ms = value.as_i64().unwrap_or(-1);
    (hours * HOUR_MS..hours * HOUR_MS + HOUR_MS / 2).contains(&ms)
}

async fn finish(runner: &mut FakeRunner, work: &Value) {
    let usage = json!({ "input_tokens": 1000, "output_tokens": 50, "cost_usd": 0.25, "wall_ms": 5 });
    let message = json!({ "type": "finished", "attempt": work["attempt"], "fence": work["fence"], "last_seq": 0, "result": "completed",
        "summary": "Done", "usage": usage, "branch": null, "session": null, "agent": null, "model": null });
    runner.socket.say(&message).await.unwrap();
    runner.hears("finish_confirmed").await;
}

#[actix_web::test]
async fn ana_1_the_figures_are_those_of_what_happened() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    // A user job: ready one hour, worked on two, reviewed three.
    let job = ada
        .post(
            201,
            &format!("/workspaces/{ws}/jobs"),
            json!({ "title": "By hand", "domains": ["docs"] }),
        )
        .await;
    let at = format!("/jobs/{}", text(&job, "id"));
    ada.post(200, &format!("{at}/ready"), json!({})).await;
    server.control.advance(HOUR);
    ada.post(200, &format!("{at}/start"), json!({})).await;
    server.control.advance(2 * HOUR);
    ada.post(200, &format!("{at}/submit"), json!({})).await;
    let now = figures(&bob, &ws, "").await["now"].clone();
    assert_eq!((now["waiting"].as_i64(), now["active"].as_i64()), (Some(1), Some(0)), "{now}");
    server.control.advance(3 * HOUR);
    ada.post(200, &format!("{at}/approve"), json!({})).await;
    // An agentic one, which waits four hours for a runner.
    let run = ready(&ada, &ws, json!({ "review": true, "domains": ["api"] })).await;
    server.control.advance(4 * HOUR);
    let mut runner = FakeRunner::connect(&ada, true).await;
    let work = runner.hears("assign").await;
    finish(&mut runner, &work).await;
    ada.post(
        200,
        &format!("/jobs/{}/request_changes", text(&run, "id")),
        json!({ "body": "again" }),
    )
    .await;
    let work = runner.hears("assign").await;

    let all = figures(&bob, &ws, "").await;
    let period = &all["period"];
    assert_eq!(
        (&period["created"], &period["completed"], &period["failed"]),
        (&json!(2), &json!(1), &json!(0)),
        "{period}"
    );
    assert_eq!(period["success_rate"], 1.0);
    for (name, hours) in [("queue_ms", 1), ("work_ms", 2), ("review_ms", 3), ("time_to_done_ms", 6)] {
        assert!(is_hours(&period[name], hours), "{name}: {period}");
    }
    assert!(is_hours(&period["wait_p90_ms"], 4), "{period}");
    assert_eq!(
        (&period["attempts"], &period["retries"], &period["revisions"]),
        (&json!(3), &json!(0), &json!(1)),
        "{period}"
    );
    assert_eq!(
        (&period["input_tokens"], &period["output_tokens"], &period["cost_usd"]),
        (&json!(1000), &json!(50), &json!(0.25))
    );
    assert_eq!(all["before"]["created"], 0);
    assert_eq!(all["now"]["active"], 1);
    let completed: i64 = all["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["completed"].as_i64().unwrap())
        .sum();
    assert_eq!(completed, 1);
    assert_eq!(
        (&all["by_agent"][0]["name"], &all["by_agent"][0]["tokens"]),
        (&json!("scripted"), &json!(1050))
    );
    assert_eq!(
        (&all["by_runner"][0]["name"], &all["by_runner"][0]["attempts"]),
        (&json!("box"), &json!(2))
    );
    assert_eq!(
        (&all["by_domain"][0]["name"], &all["by_domain"][0]["completed"]),
        (&json!("docs"), &json!(1))
    );
    assert_eq!(
        (&all["by_person"][0]["name"], &all["by_person"][0]["attempts"]),
        (&json!("ada"), &json!(3))
    );

    // Another period, the same things: then it is all in the one before.
    finish(&mut runner, &work).await;
    let to: Timestamp = serde_json::from_value(all["to"].clone()).unwrap();
    let [from, to] = [to.plus_ms(HOUR_MS), to.plus_ms(10 * 24 * HOUR_MS)].map(|at| text(&json!({ "at": at }), "at"));
    let later = figures(&bob, &ws, &format!("?from={from}&to={to}")).await;
    assert_eq!((&later["period"]["created"], &later["period"]["completed"]), (&json!(0), &json!(0)));
    assert_eq!(
        (&later["before"]["completed"], &later["before"]["attempts"]),
        (&json!(1), &json!(3))
    );
}

#[actix_web::test]
async fn ana_1_a_period_is_checked() {
    let server = server();
    let ([ada, _, _, eve], ws) = team(&server).await;
    for (query, field) in [
        ("?from=yesterday", "from"),
        ("?to=2026-13-01T00:00:00Z", "to"),
        ("?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("?offset=1081", "offset"),
        ("?offset=x", "offset"),
    ] {
        let refused = ada
            .expect(422, Method::GET, &format!("/workspaces/{ws}/analytics{query}"), None)
            .await;
        assert!(refused["errors"][field].is_string(), "{query}: {refused}");
    }
    let zone = figures(
        &ada,
        &ws,
        "?from=2026-01-01T00:00:00%2B02:00&to=2026-01-03T00:00:00%2B02:00&offset=120",
    )
    .await;
    let days: Vec<&str> = zone["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["from"].as_str().unwrap())
        .collect();
    assert_eq!(days, ["2025-12-31T22:00:00Z", "2026-01-01T22:00:00Z"]);
    eve.expect(404, Method::GET, &format!("/workspaces/{ws}/analytics"), None).await;
}

#[actix_web::test]
async fn acc_4_figures_count_what_may_be_seen() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let empty = figures(&bob, &ws, "?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z").await;
    let mut runner = FakeRunner::connect(&ada, true).await;
    let job = ready(
        &ada,
        &ws,
        json!({ "private": true, "domains": ["secret"], "team": [{ "user": vic.id, "role": "viewer" }] }),
    )
    .await;
    let work = runner.hears("assign").await;
    finish(&mut runner, &work).await;
    let query = "?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z";
    assert_eq!(figures(&bob, &ws, query).await, empty);
    for who in [&ada, &vic] {
        let seen = figures(who, &ws, query).await;
        assert_eq!(
            (&seen["by_domain"][0]["name"], &seen["period"]["completed"]),
            (&json!("secret"), &json!(1)),
            "{seen}"
        );
    }
    let path = format!("/jobs/{}/team", text(&job, "id"));
    ada.expect(200, Method::PUT, &path, Some(json!([]))).await;
    assert_eq!(figures(&vic, &ws, query).await, empty);
}
