//! What jobs that wait for one another show, and hand on.

mod common;

use common::{
    Person, checked,
    live::{FakeRunner, ready, team},
    server, text,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

async fn job(by: &Person, ws: &str, new: Value) -> String {
    text(&by.post(201, &format!("/workspaces/{ws}/jobs"), new).await, "id")
}

async fn upload(by: &Person, job: &str, kind: &str, name: &str, content: &'static str) -> Value {
    let call = by.call(Method::POST, &format!("/jobs/{job}/{kind}s?name={name}"));
    checked(call.body(content).send().await.unwrap(), 201, name).await
}

/// What a runner gets of a file under a claim.
async fn fetch(runner: &FakeRunner, work: &Value, fence: i64, file: &Value) -> (u16, String) {
    let path = format!("/runner/attempts/{}/files/{}", text(work, "attempt"), text(file, "id"));
    let call = runner.caller.call(Method::GET, &path).header("x-coord-fence", fence);
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A user job, done, with a summary and a deliverable.
async fn done(by: &Person, ws: &str, title: &str, private: bool) -> (String, Value) {
    let id = job(by, ws, json!({ "title": title, "private": private })).await;
    by.post(200, &format!("/jobs/{id}/start"), json!({})).await;
    let file = upload(by, &id, "deliverable", "data.csv", "a,b,c").await;
    by.post(
        200,
        &format!("/jobs/{id}/complete"),
        json!({ "body": format!("{title} was done.") }),
    )
    .await;
    (id, file)
}

/// The job once it looks as expected.
async fn until(by: &Person, job: &str, what: &str, expected: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..200 {
        let found = by.get(&format!("/jobs/{job}")).await;
        if expected(&found) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never: {what}");
}

async fn ends(runner: &mut FakeRunner, work: &Value, end: Value) {
    let mut message = json!({ "type": "finished", "attempt": work["attempt"], "fence": work["fence"], "last_seq": 0, "usage": {} });
    message.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
    runner.socket.say(&message).await.unwrap();
    runner.hears("finish_confirmed").await;
}

#[actix_web::test]
async fn dep_7_an_attempt_gets_the_words_and_files_of_the_jobs_before_it_and_no_others() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (first, file) = done(&ada, &ws, "Collect", false).await;
    let input = upload(&ada, &first, "attachment", "input.txt", "in").await;
    let (_, foreign) = done(&bob, &ws, "Unrelated", false).await;
    let mut runner = FakeRunner::connect(&ada, false).await;
    ready(&ada, &ws, json!({ "dependencies": [first] })).await;
    let work = runner.hears("assign").await;
    let handed = &work["dependencies"];
    assert_eq!(handed.as_array().unwrap().len(), 1);
    assert_eq!(
        (&handed[0]["number"], &handed[0]["title"], &handed[0]["summary"]),
        (&json!(1), &json!("Collect"), &json!("Collect was done."))
    );
    let files = &handed[0]["files"];
    assert_eq!((files.as_array().unwrap().len(), &files[0]["name"]), (1, &json!("data.csv")));
    let fence = work["fence"].as_i64().unwrap();
    assert_eq!(fetch(&runner, &work, fence, &files[0]).await, (200, "a,b,c".to_owned()));
    assert_eq!(text(&files[0], "id"), text(&file, "id"));
    assert_eq!(
        fetch(&runner, &work, fence + 1, &files[0]).await.0,
        409,
        "only under the fence of the claim"
    );
    assert_eq!(
        fetch(&runner, &work, fence, &foreign).await.0,
        404,
        "not of a job it does not wait for"
    );
    assert_eq!(
        fetch(&runner, &work, fence, &input).await.0,
        404,
        "not what went into the other job"
    );
}

#[actix_web::test]
async fn dep_7_of_an_agents_files_those_of_the_last_attempt_go_on_and_a_branch_only_within_its_repository() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let mut runner = FakeRunner::connect(&ada, false).await;
    let first = text(&ready(&ada, &ws, json!({ "review": true })).await, "id");
    for (name, words) in [("old.txt", "first try"), ("new.txt", "second try")] {
        let work = runner.hears("assign").await;
        assert_eq!(runner.put(&work, &format!("deliverables/{name}"), words.into()).await, 204);
        ends(&mut runner, &work, json!({ "result": "completed", "summary": words })).await;
        let verdict = if name == "old.txt" { "request_changes" } else { "approve" };
        ada.post(200, &format!("/jobs/{first}/{verdict}"), json!({ "body": "again" })).await;
    }
    let repository = |url: &str| json!({ "type": "repository", "url": url, "base_branch": "main" });
    let coded = ready(&ada, &ws, json!({ "context": repository("https://host/x.git") })).await;
    let work = runner.hears("assign").await;
    let branch = json!({ "name": "coord/2-run", "base_commit": "b".repeat(40), "head_commit": "c".repeat(40), "pushed": true, "commits": [],
        "files_changed": 1, "insertions": 1, "deletions": 0 });
    ends(&mut runner, &work, json!({ "result": "completed", "branch": branch })).await;
    let coded = text(&coded, "id");
    ada.post(200, &format!("/jobs/{coded}/approve"), json!({ "branch": "leave" })).await;
    until(&ada, &coded, "done", |job| job["state"] == "done").await;

    for (url, branch) in [
        ("https://host/x.git", json!({ "name": "coord/2-run", "commit": "c".repeat(40) })),
        ("https://host/other.git", Value::Null),
    ] {
        ready(&ada, &ws, json!({ "dependencies": [coded, first], "context": repository(url) })).await;
        let work = runner.hears("assign").await;
        let handed = &work["dependencies"];
        assert_eq!((&handed[0]["number"], &handed[1]["number"]), (&json!(1), &json!(2)));
        assert_eq!(handed[0]["summary"], "second try");
        assert_eq!(handed[0]["files"].as_array().unwrap().len(), 1);
        assert_eq!(handed[0]["files"][0]["name"], "new.txt");
        assert_eq!(handed[1]["branch"], branch, "{url}");
    }
}

#[actix_web::test]
async fn dep_7_a_private_jobs_results_go_only_where_nobody_sees_them_who_may_not() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (secret, file) = done(&ada, &ws, "Secret", true).await;
    let mut runner = FakeRunner::connect(&ada, false).await;
    let with_bob = json!([{ "user": bob.id, "role": "viewer" }]);
    for (more, handed) in [
        (json!({}), 0),
        (json!({ "private": true }), 1),
        (json!({ "private": true, "team": with_bob }), 0),
    ] {
        let mut new = json!({ "dependencies": [secret] });
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ready(&ada, &ws, new).await;
        let work = runner.hears("assign").await;
        assert_eq!(work["dependencies"].as_array().unwrap().len(), handed, "{more}");
        let (status, content) = fetch(&runner, &work, work["fence"].as_i64().unwrap(), &file).await;
        assert_eq!(status, if handed == 1 { 200 } else { 404 }, "{more}");
        assert_eq!(work.to_string().contains("Secret"), handed == 1, "{more}");
        assert!(handed == 1 || !content.contains("a,b,c"));
    }
}

#[actix_web::test]
async fn dep_4_a_dependency_that_is_reopened_or_given_up_holds_and_done_or_taken_away_it_releases() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (first, _) = done(&ada, &ws, "First", false).await;
    let (second, _) = done(&ada, &ws, "Second", true).await;
    let waits = ready(&bob, &ws, json!({ "dependencies": [first] })).await;
    let waits = text(&waits, "id");
    ada.post(200, &format!("/jobs/{waits}/unready"), json!({})).await;
    ada.expect(200, Method::PUT, &format!("/jobs/{waits}/dependencies/{second}"), None)
        .await;
    ada.post(200, &format!("/jobs/{waits}/ready"), json!({})).await;
    let reason = |job: &Value| job["hold"]["reason"].as_str().unwrap_or("none").to_owned();
    until(&ada, &waits, "nothing but a runner is missing", |job| reason(job) == "no_runner").await;

    for job in [&first, &second] {
        ada.post(200, &format!("/jobs/{job}/request_changes"), json!({ "body": "not quite" }))
            .await;
    }
    let held = until(&ada, &waits, "both hold", |job| job["hold"]["jobs"] == json!([1, 2])).await;
    assert_eq!(
        (reason(&held).as_str(), &held["hold"]["hidden"]),
        ("dependencies_open", &json!(false))
    );
    let held = until(&bob, &waits, "one that Bob may see", |job| job["hold"]["jobs"] == json!([1])).await;
    assert_eq!(
        held["hold"]["hidden"], true,
        "of the private one he is told that it is, and no more"
    );

    for command in ["start", "complete"] {
        ada.post(200, &format!("/jobs/{first}/{command}"), json!({})).await;
    }
    until(&ada, &waits, "one is done again", |job| job["hold"]["jobs"] == json!([2])).await;
    ada.post(200, &format!("/jobs/{second}/cancel"), json!({})).await;
    let given_up = until(&ada, &waits, "a canceled one holds", |job| reason(job) == "dependencies_open").await;
    assert_eq!(given_up["hold"]["jobs"], json!([2]));
    ada.delete(200, &format!("/jobs/{waits}/dependencies/{second}")).await;
    until(&ada, &waits, "nothing but a runner is missing", |job| reason(job) == "no_runner").await;
}

#[actix_web::test]
async fn dep_4_a_failed_job_holds_a_chain_that_goes_by_itself_until_it_is_retried() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let mut runner = FakeRunner::connect(&ada, false).await;
    let middle = text(&ready(&ada, &ws, json!({})).await, "id");
    let agentic = json!({ "title": "Last", "agent": "scripted", "auto_ready": true, "dependencies": [middle] });
    let last = job(&ada, &ws, agentic).await;
    let work = runner.hears("assign").await;
    let failed = json!({ "result": "failed", "reason": "other", "detail": "no luck" });
    ends(&mut runner, &work, failed).await;
    until(&ada, &middle, "failed", |job| job["state"] == "failed").await;
    let refused = ada.post(409, &format!("/jobs/{last}/ready"), json!({})).await;
    assert_eq!(refused["rule"], "DEP-2");
    assert_eq!(ada.get(&format!("/jobs/{last}")).await["state"], "backlog");
    ada.post(200, &format!("/jobs/{middle}/retry"), json!({})).await;
    let work = runner.hears("assign").await;
    assert_eq!((text(&work, "job"), &work["attempt_number"]), (middle, &json!(2)));
    ends(&mut runner, &work, json!({ "result": "completed" })).await;
    assert_eq!(text(&runner.hears("assign").await, "job"), last);
}
