//! Search: what is found, in which order, by whom.

mod common;

use common::{
    Person,
    live::{FakeRunner, ready, team},
    server, text,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a search answers, as `kind #number`.
async fn found(who: &Person, ws: &str, query: &[(&str, &str)]) -> Vec<String> {
    let page = search(who, ws, query).await;
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|hit| format!("{} #{}", text(hit, "kind"), hit["job"]["number"]))
        .collect()
}

async fn ask(who: &Person, ws: &str, query: &[(&str, &str)]) -> reqwest::Response {
    let mut address = format!("/workspaces/{ws}/search?");
    for (name, value) in query {
        address += &format!("{name}=");
        for byte in value.bytes() {
            address += &format!("%{byte:02x}");
        }
        address.push('&');
    }
    who.call(Method::GET, &address).send().await.unwrap()
}

async fn search(who: &Person, ws: &str, query: &[(&str, &str)]) -> Value {
    let answer = ask(who, ws, query).await;
    assert_eq!(answer.status(), 200, "{query:?}");
    answer.json().await.unwrap()
}

/// The highlighted parts of a snippet.
fn marks(snippet: &Value) -> Vec<String> {
    let units: Vec<u16> = text(snippet, "text").encode_utf16().collect();
    let mark = |mark: &Value| {
        let [start, end] = ["start", "end"].map(|name| usize::try_from(mark[name].as_u64().unwrap()).unwrap());
        String::from_utf16(&units[start..end]).unwrap()
    };
    snippet["highlights"].as_array().unwrap().iter().map(mark).collect()
}

async fn until_found(who: &Person, ws: &str, query: &[(&str, &str)]) -> Value {
    let began = Instant::now();
    loop {
        let page = search(who, ws, query).await;
        if page["items"] != json!([]) {
            return page;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{query:?} is not found");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn web_1_a_search_goes_through_jobs_files_notes_and_logs_in_this_order() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let jobs = format!("/workspaces/{ws}/jobs");
    let mut runner = FakeRunner::connect(&ada, true).await;
    ready(&ada, &ws, json!({ "title": "Run the tests" })).await;
    let work = runner.hears("assign").await;
    let bodies = [
        json!({ "kind": "text", "text": "I look at the needle" }),
        json!({ "kind": "output", "text": "\u{1b}[31mneed" }),
        json!({ "kind": "output", "text": "le\u{1b}[0m in 12 haystacks" }),
    ];
    runner.logs(&work, 1, &bodies).await;
    let described = ada
        .post(
            201,
            &jobs,
            json!({ "title": "Hay", "description": "<b>Find</b> the *needle*\nin it" }),
        )
        .await;
    let noted = text(&ada.post(201, &jobs, json!({ "title": "Straw" })).await, "id");
    ada.post(201, &format!("/jobs/{noted}/notes"), json!({ "body": "no Needle here" }))
        .await;
    let path = format!("/jobs/{noted}/attachments?name=needle.txt");
    assert_eq!(ada.call(Method::POST, &path).body("x").send().await.unwrap().status(), 201);
    ada.post(201, &jobs, json!({ "title": "A needle first" })).await;
    ada.post(201, &jobs, json!({ "title": "The needleCase last" })).await;
    until_found(&bob, &ws, &[("q", "needle"), ("kind", "log")]).await;

    let all = found(&bob, &ws, &[("q", "needle")]).await;
    assert_eq!(all, ["job #5", "job #4", "job #2", "file #3", "note #3", "log #1"]);
    for (kind, expected) in [("job", 3), ("file", 1), ("note", 1), ("log", 1)] {
        assert_eq!(found(&bob, &ws, &[("q", "need"), ("kind", kind)]).await.len(), expected, "{kind}");
    }
    // The number itself comes first.
    assert_eq!(found(&bob, &ws, &[("q", "#2")]).await[0], "job #2");
    assert_eq!(found(&bob, &ws, &[("q", "12")]).await, ["log #1"]);

    let page = search(&bob, &ws, &[("q", "needle")]).await;
    let of = |n: usize| &page["items"][n];
    assert_eq!(marks(&of(0)["job"]["title"]), ["needleCase"]);
    assert_eq!(of(2)["snippet"]["text"], "<b>Find</b> the *needle* in it");
    assert_eq!(of(2)["job"]["id"], described["id"]);
    assert_eq!(marks(&of(3)["snippet"]), ["needle"]);
    assert_eq!(of(4)["author"], "ada");
    assert_eq!(marks(&of(4)["snippet"]), ["Needle"]);
    assert_eq!(
        (&of(5)["attempt"], of(5)["number"].as_i64(), of(5)["seq"].as_i64()),
        (&work["attempt"], Some(1), Some(1))
    );
    assert_eq!(marks(&of(5)["snippet"]), ["needle", "needle"]);
    let line = search(&bob, &ws, &[("q", "haystacks")]).await;
    assert_eq!(line["items"][0]["seq"], 3);

    // Pages: each once, in the same order.
    let mut paged = vec![];
    let mut cursor = String::new();
    loop {
        let mut query = vec![("q", "needle"), ("limit", "1")];
        if !cursor.is_empty() {
            query.push(("cursor", &cursor));
        }
        let page = search(&bob, &ws, &query).await;
        paged.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hit| format!("{} #{}", text(hit, "kind"), hit["job"]["number"])),
        );
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, all);
}

#[actix_web::test]
async fn inv_8_a_search_takes_whatever_is_typed() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Mend it" }))
        .await;
    for query in [
        "",
        " ",
        "\"",
        "*",
        "NEAR(",
        "mend\" OR \"",
        "\u{0}",
        "🙂",
        "\u{202e}dnem",
        "' OR 1=1 --",
        "(((",
        "\\",
        "a:b",
        "-mend +",
    ] {
        search(&ada, &ws, &[("q", query)]).await;
    }
    assert_eq!(found(&ada, &ws, &[("q", "\"mend* (it)")]).await, ["job #1"]);
    for (name, value) in [
        ("q", "x".repeat(10_000)),
        ("kind", "people".into()),
        ("cursor", "9-1".into()),
        ("cursor", "x".into()),
        ("limit", "0".into()),
    ] {
        let answer = ask(&ada, &ws, &[(name, &value)]).await;
        assert_eq!(answer.status(), 422, "{name}");
        assert!(!answer.text().await.unwrap().contains("xxxx"));
    }
}

#[actix_web::test]
async fn acc_4_a_search_finds_nothing_of_a_private_job_for_those_who_may_not_see_it() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let mut runner = FakeRunner::connect(&ada, true).await;
    let job = ready(
        &ada,
        &ws,
        json!({ "title": "canary title", "description": "canary words", "private": true }),
    )
    .await;
    let job = text(&job, "id");
    let work = runner.hears("assign").await;
    runner.logs(&work, 1, &[json!({ "kind": "text", "text": "canary line" })]).await;
    ada.post(201, &format!("/jobs/{job}/notes"), json!({ "body": "canary note" })).await;
    let path = format!("/jobs/{job}/attachments?name=canary.txt");
    assert_eq!(ada.call(Method::POST, &path).body("x").send().await.unwrap().status(), 201);
    until_found(&ada, &ws, &[("q", "canary"), ("kind", "log")]).await;
    let mine = found(&ada, &ws, &[("q", "canary")]).await;
    assert_eq!(mine, ["job #1", "file #1", "note #1", "log #1"]);

    let nothing = json!({ "items": [], "next": null });
    for who in [&bob, &vic] {
        for query in ["canary", "#1", "1", "words", "line", "note", "txt"] {
            assert_eq!(search(who, &ws, &[("q", query), ("limit", "1")]).await, nothing, "{query}");
        }
    }
    eve.expect(404, Method::GET, &format!("/workspaces/{ws}/search?q=canary"), None)
        .await;
    // At once when that changes, both ways.
    ada.patch(200, &format!("/jobs/{job}"), json!({ "private": false })).await;
    assert_eq!(found(&vic, &ws, &[("q", "canary")]).await.len(), 4);
    ada.patch(200, &format!("/jobs/{job}"), json!({ "private": true })).await;
    assert_eq!(search(&vic, &ws, &[("q", "canary")]).await, nothing);
}

#[actix_web::test]
async fn note_1_a_retracted_note_is_not_found() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let job = text(
        &ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Mend it" }))
            .await,
        "id",
    );
    let note = bob
        .post(201, &format!("/jobs/{job}/notes"), json!({ "body": "a secret slipped in" }))
        .await;
    assert_eq!(found(&ada, &ws, &[("q", "secret")]).await, ["note #1"]);
    ada.post(200, &format!("/notes/{}/retract", text(&note, "id")), json!({})).await;
    assert_eq!(found(&ada, &ws, &[("q", "secret")]).await, [""; 0]);
    ada.delete(204, &format!("/jobs/{job}")).await;
    assert_eq!(found(&ada, &ws, &[("q", "mend")]).await, [""; 0]);
}
