//! What admins set in a workspace, and that it holds (ACC-2, JOB-1, FILE-3).

mod common;

use common::{live::team, server, text};
use reqwest::Method;
use serde_json::json;

#[actix_web::test]
async fn acc_2_settings_are_changed_one_by_one_from_the_version_seen() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let path = format!("/workspaces/{ws}");
    let version = ada.get(&path).await["version"].as_i64().unwrap();
    let change = json!({ "settings": { "default_priority": "high", "domains": ["web", "api"] }, "if_version": version });
    bob.patch(403, &path, change.clone()).await;
    let changed = ada.patch(200, &path, change.clone()).await;
    assert_eq!(
        changed["settings"],
        json!({ "default_priority": "high", "domains": ["api", "web"] })
    );
    let stale = ada.patch(409, &path, change).await;
    assert_eq!(stale["current"]["settings"]["default_priority"], "high");
    let changed = ada.patch(200, &path, json!({ "settings": { "max_open_jobs": 5 } })).await;
    assert_eq!(
        changed["settings"],
        json!({ "default_priority": "high", "domains": ["api", "web"], "max_open_jobs": 5 })
    );
    assert_eq!(bob.get(&path).await["settings"], changed["settings"]);
    let job = bob.post(201, &format!("{path}/jobs"), json!({ "title": "A job" })).await;
    assert_eq!(job["priority"], "high");
    let log = ada.get(&format!("{path}/audit?act=workspace.change")).await;
    assert_eq!(log["items"][0]["after"]["settings"]["max_open_jobs"], 5);
    for wrong in [
        json!({ "domains": [""] }),
        json!({ "max_open_jobs": -1 }),
        json!({ "max_upload": 1_i64 << 50 }),
        json!({ "wat": 1 }),
    ] {
        ada.patch(422, &path, json!({ "settings": wrong })).await;
    }
}

#[actix_web::test]
async fn job_1_a_workspace_that_is_full_takes_no_job_until_one_is_done() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    ada.patch(200, &format!("/workspaces/{ws}"), json!({ "settings": { "max_open_jobs": 2 } }))
        .await;
    let jobs = format!("/workspaces/{ws}/jobs");
    // More at once than fit.
    let calls = (0..6).map(|n| bob.call(Method::POST, &jobs).json(&json!({ "title": format!("Job {n}") })).send());
    let answers = futures_util::future::join_all(calls).await;
    let made = answers
        .into_iter()
        .filter(|answer| answer.as_ref().unwrap().status() == 201)
        .count();
    assert_eq!(made, 2);
    let refused = bob.post(409, &jobs, json!({ "title": "One more" })).await;
    assert_eq!(refused["rule"], "JOB-1");
    let first = text(&bob.get(&jobs).await["items"][0], "id");
    bob.post(200, &format!("/jobs/{first}/cancel"), json!({})).await;
    bob.post(201, &jobs, json!({ "title": "One more" })).await;
    let refused = bob.post(409, &format!("/jobs/{first}/duplicate"), json!({})).await;
    assert_eq!(refused["rule"], "JOB-1");
    ada.patch(200, &format!("/workspaces/{ws}"), json!({ "settings": { "max_open_jobs": 0 } }))
        .await;
    bob.post(201, &jobs, json!({ "title": "Without a limit" })).await;
}

#[actix_web::test]
async fn file_3_a_workspace_can_allow_smaller_files_than_the_server() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    ada.patch(200, &format!("/workspaces/{ws}"), json!({ "settings": { "max_upload": 10 } }))
        .await;
    let job = text(
        &bob.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "A job" })).await,
        "id",
    );
    let upload = async |content: &'static str| {
        let path = format!("/jobs/{job}/attachments?name={}.txt", content.len());
        bob.call(Method::POST, &path).body(content).send().await.unwrap()
    };
    assert_eq!(upload("0123456789").await.status(), 201);
    let refused = common::checked(upload("0123456789a").await, 413, "too long").await;
    assert_eq!(refused["rule"], "FILE-3");
    assert!(text(&refused, "detail").contains("10 bytes"), "{refused}");
    let pieces = json!({ "kind": "attachment", "name": "big.bin", "size": 11 });
    let refused = bob.post(413, &format!("/jobs/{job}/uploads"), pieces).await;
    assert_eq!(refused["rule"], "FILE-3");
}

#[actix_web::test]
async fn acc_2_members_show_when_they_were_last_active() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let before = ada.get(&format!("/workspaces/{ws}/members")).await;
    let of = |list: &serde_json::Value| {
        let members = list["items"].as_array().unwrap().clone();
        members.into_iter().find(|member| member["user"] == json!(bob.id)).unwrap()["last_active_at"].clone()
    };
    assert!(of(&before).is_string(), "{before}");
    server.control.advance(std::time::Duration::from_secs(600));
    bob.get("/me").await;
    // The use is noted after the answer.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_ne!(of(&ada.get(&format!("/workspaces/{ws}/members")).await), of(&before));
}
