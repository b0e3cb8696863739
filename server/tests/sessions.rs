//! Sessions, names and passwords of one's own account over HTTP (ACC-1, ACC-5).

mod common;

use common::{PASSWORD, Person, TestServer, cookie_of, live::End, server, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// Longest time until the end of a right reaches open connections.
const AT_ONCE: Duration = Duration::from_secs(5);

/// The same account signed in once more, by a browser of this name.
async fn again(server: &TestServer, person: &Person, browser: &str) -> Person {
    let body = json!({ "email": person.email, "password": PASSWORD });
    let request = server.nobody().call(Method::POST, "/auth/login").header("user-agent", browser);
    let answer = request.json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    Person {
        header: Some(("cookie", cookie_of(&answer))),
        ..person.clone()
    }
}

async fn signed_out(person: &Person) {
    person.expect(401, Method::GET, "/me", None).await;
}

#[actix_web::test]
async fn acc_1_sessions_are_listed_with_where_they_are_and_can_be_ended_one_by_one() {
    let server = server();
    let ada = server.person("ada").await;
    let phone = again(&server, &ada, "Mozilla/5.0 (Phone)").await;
    let listed = ada.get("/sessions").await;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{listed}");
    let of = |current: bool| items.iter().find(|item| item["current"] == current).unwrap();
    let other = of(false);
    assert_eq!(
        (&other["user_agent"], &other["address"]),
        (&json!("Mozilla/5.0 (Phone)"), &json!("127.0.0.1"))
    );
    assert!(of(true)["created_at"].is_string() && of(true)["last_seen_at"].is_string());
    assert!(!listed.to_string().contains("hash"), "{listed}");

    let bob = server.person("bob").await;
    bob.delete(404, &format!("/sessions/{}", text(other, "id"))).await;
    phone.get("/me").await;
    ada.delete(204, &format!("/sessions/{}", text(other, "id"))).await;
    ada.delete(404, &format!("/sessions/{}", text(other, "id"))).await;
    signed_out(&phone).await;
    assert_eq!(ada.get("/sessions").await["items"].as_array().unwrap().len(), 1);

    let token = text(&ada.post(201, "/tokens", json!({ "name": "ci" })).await, "token");
    let program = ada.with_token(&token);
    program.expect(403, Method::GET, "/sessions", None).await;
    program.delete(403, "/sessions").await;
    let change = json!({ "present": PASSWORD, "new": "another long password" });
    program.post(403, "/auth/password", change).await;
}

#[actix_web::test]
async fn acc_1_signing_out_everywhere_ends_all_sessions_or_all_others() {
    let server = server();
    let ada = server.person("ada").await;
    let (one, two) = (again(&server, &ada, "one").await, again(&server, &ada, "two").await);
    let bob = server.person("bob").await;
    ada.delete(204, "/sessions?keep_current=true").await;
    signed_out(&one).await;
    signed_out(&two).await;
    ada.get("/me").await;
    let three = again(&server, &ada, "three").await;
    ada.delete(204, "/sessions").await;
    signed_out(&three).await;
    signed_out(&ada).await;
    bob.get("/me").await;
}

#[actix_web::test]
async fn acc_1_a_session_that_is_over_is_not_listed() {
    let server = server();
    let ada = server.person("ada").await;
    again(&server, &ada, "left alone").await;
    let day = Duration::from_secs(24 * 60 * 60);
    for _ in 0..2 {
        server.control.advance(8 * day);
        ada.get("/me").await;
        // The use is noted after the answer.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let listed = ada.get("/sessions").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
}

#[actix_web::test]
async fn acc_1_a_password_is_changed_by_who_knows_the_present_one() {
    let server = server();
    let ada = server.person("ada").await;
    let other = again(&server, &ada, "other").await;
    let new = "a new and better password";
    let change = |present: &str, new: &str, end_others: bool| json!({ "present": present, "new": new, "end_others": end_others });
    let refused = ada.post(422, "/auth/password", change("not the password", new, true)).await;
    assert!(refused["errors"]["present"].is_string(), "{refused}");
    let refused = ada.post(422, "/auth/password", change(PASSWORD, "short", true)).await;
    assert!(refused["errors"]["new"].is_string(), "{refused}");
    other.get("/me").await;

    ada.post(204, "/auth/password", change(PASSWORD, new, false)).await;
    other.get("/me").await;
    ada.post(204, "/auth/password", change(new, PASSWORD, true)).await;
    signed_out(&other).await;
    ada.get("/me").await;
    let login = |password: &str| json!({ "email": ada.email, "password": password });
    server.nobody().post(401, "/auth/login", login(new)).await;
    server.nobody().post(200, "/auth/login", login(PASSWORD)).await;
}

#[actix_web::test]
async fn acc_1_guessing_the_present_password_is_slowed_down() {
    let server = server();
    let ada = server.person("ada").await;
    let guess = json!({ "present": "a wrong password", "new": "another long password" });
    let mut statuses = vec![];
    for _ in 0..12 {
        let answer = ada.call(Method::POST, "/auth/password").json(&guess).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!((statuses.first(), statuses.last()), (Some(&422), Some(&429)), "{statuses:?}");
}

#[actix_web::test]
async fn acc_1_a_new_name_is_shown_everywhere_at_once() {
    let server = server();
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let ws = ada.workspace("Team").await;
    ada.let_in(&ws, &bob, "member").await;
    let job = ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "One" })).await;
    assert_eq!(bob.get(&format!("/jobs/{}", text(&job, "id"))).await["owner"]["name"], "ada");
    let mut events = bob.socket(&format!("/workspaces/{ws}/events")).await.unwrap();
    // Says from where on it tells.
    assert!(events.json().await["seq"].is_i64());
    let refused = ada.patch(422, "/me", json!({ "name": "a\nb" })).await;
    assert!(refused["errors"]["name"].is_string());
    assert_eq!(
        ada.patch(200, "/me", json!({ "name": " Ada Lovelace " })).await["name"],
        "Ada Lovelace"
    );
    assert_eq!(ada.get("/me").await["name"], "Ada Lovelace");
    assert_eq!(
        bob.get(&format!("/jobs/{}", text(&job, "id"))).await["owner"]["name"],
        "Ada Lovelace"
    );
    let members = bob.get(&format!("/workspaces/{ws}/members")).await;
    assert!(members.to_string().contains("Ada Lovelace"), "{members}");
    loop {
        let event: Value = events.json().await;
        if event["type"] == "member.changed" {
            assert_eq!(event["user"], json!(ada.id));
            break;
        }
    }
}

#[actix_web::test]
async fn acc_5_open_sockets_end_with_a_session_ended_from_elsewhere() {
    let server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let path = format!("/workspaces/{ws}/events");
    for how in ["one", "everywhere", "password"] {
        let other = again(&server, &ada, how).await;
        let (mut ends, mut stays) = (other.socket(&path).await.unwrap(), ada.socket(&path).await.unwrap());
        assert!(ends.json().await["seq"].is_i64() && stays.json().await["seq"].is_i64());
        match how {
            "one" => {
                let listed = ada.get("/sessions").await;
                let items = listed["items"].as_array().unwrap();
                let id = text(items.iter().find(|item| item["user_agent"] == how).unwrap(), "id");
                ada.delete(204, &format!("/sessions/{id}")).await;
            }
            "everywhere" => drop(ada.delete(204, "/sessions?keep_current=true").await),
            _ => {
                let change = json!({ "present": PASSWORD, "new": PASSWORD });
                ada.post(204, "/auth/password", change).await;
            }
        }
        let (end, _) = timeout(AT_ONCE, ends.end())
            .await
            .unwrap_or_else(|_| panic!("{how}: it is still open"));
        assert_eq!(end, End::Closed(4403), "{how}");
        ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": how })).await;
        assert_eq!(stays.json().await["type"], "job.created", "{how}: the session that asked goes on");
    }
}
