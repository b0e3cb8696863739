//! Signing in a runner by a code that a person approves (RUN-1).

mod common;

use common::{Person, TestServer, server, server_with, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// What `coord-runner login` asks for.
async fn asks(server: &TestServer, machine: &str) -> Value {
    let body = json!({ "machine": machine, "platform": "linux-x86_64", "version": "0.1.0" });
    server.nobody().post(201, "/runner_codes", body).await
}

fn at(asked: &Value, rest: &str) -> String {
    format!("/runner_codes/{}{rest}", text(asked, "code"))
}

async fn redeems(server: &TestServer, asked: &Value) -> Value {
    let body = json!({ "secret": asked["secret"] });
    server.nobody().post(200, &at(asked, "/redeem"), body).await
}

async fn approves(by: &Person, asked: &Value, name: &str) -> String {
    text(&by.post(200, &at(asked, "/approve"), json!({ "name": name })).await, "runner")
}

#[actix_web::test]
async fn run_1_a_machine_is_signed_in_by_a_code_that_its_owner_approves() {
    let server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let mut feed = ada.socket(&format!("/workspaces/{ws}/events?after=0")).await.unwrap();
    let asked = asks(&server, "ada's laptop").await;
    let code = text(&asked, "code");
    assert_eq!(text(&asked, "page"), format!("/runners/join?code={code}"));
    assert_eq!((asked["expires_in_s"].as_u64(), code.len()), (Some(600), 9));
    assert_eq!(redeems(&server, &asked).await, json!({ "state": "waiting" }));

    // As it is typed: small letters, no dash.
    let typed = code.replace('-', "").to_lowercase();
    let seen = ada.get(&format!("/runner_codes/{typed}")).await;
    assert_eq!(
        (&seen["machine"], &seen["platform"], &seen["version"], &seen["same_address"]),
        (&json!("ada's laptop"), &json!("linux-x86_64"), &json!("0.1.0"), &json!(true))
    );
    assert!(seen.get("secret").is_none());

    let id = approves(&ada, &asked, "laptop").await;
    assert_eq!(
        ada.get("/runners").await["items"],
        json!([]),
        "there is none before it fetched its token"
    );
    let given = redeems(&server, &asked).await;
    assert_eq!(
        (&given["state"], &given["id"], &given["name"], &given["owner"]["name"]),
        (&json!("approved"), &json!(id), &json!("laptop"), &json!("ada"))
    );
    assert!(text(&given, "token").starts_with("coord_r_"));
    let mine = ada.get("/runners").await;
    assert_eq!((&mine["items"][0]["id"], &mine["items"][0]["shared"]), (&json!(id), &json!(false)));
    while feed.json().await["type"] != "runner.changed" {}
    // The token opens the runner's door, and no other.
    let runner = ada.with_token(&text(&given, "token"));
    runner.socket("/runner").await.unwrap();
    runner.expect(401, Method::GET, "/me", None).await;
}

#[actix_web::test]
async fn run_1_the_token_goes_once_and_only_to_who_has_the_secret() {
    let server = server();
    let ada = server.person("ada").await;
    let asked = asks(&server, "box").await;
    approves(&ada, &asked, "box").await;
    for secret in ["", "coord_c_00", &text(&asked, "code")] {
        server.nobody().post(404, &at(&asked, "/redeem"), json!({ "secret": secret })).await;
    }
    // Another's secret is no better, and neither is the approver.
    let other = asks(&server, "other").await;
    ada.post(404, &at(&asked, "/redeem"), json!({ "secret": other["secret"] })).await;

    let [first, second] = [server.nobody(), server.nobody()];
    let (path, body) = (at(&asked, "/redeem"), json!({ "secret": asked["secret"] }));
    let (one, two) = tokio::join!(
        first.call(Method::POST, &path).json(&body).send(),
        second.call(Method::POST, &path).json(&body).send()
    );
    let mut statuses = [one.unwrap().status().as_u16(), two.unwrap().status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "two at once");
    server.nobody().post(404, &path, body).await;
    assert_eq!(ada.get("/runners").await["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn run_1_a_code_is_decided_on_once_and_ends_after_ten_minutes() {
    let server = server_with(|config| config.base_url = Some("https://coord.example.org".to_owned()));
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let asked = asks(&server, "box").await;
    assert!(text(&asked, "page").starts_with("https://coord.example.org/runners/join?code="));
    ada.post(422, &at(&asked, "/approve"), json!({ "name": " " })).await;
    ada.post(204, &at(&asked, "/refuse"), json!({})).await;
    assert_eq!(redeems(&server, &asked).await, json!({ "state": "refused" }));
    ada.post(404, &at(&asked, "/approve"), json!({ "name": "box" })).await;

    let asked = asks(&server, "box").await;
    approves(&ada, &asked, "box").await;
    eve.post(404, &at(&asked, "/approve"), json!({ "name": "mine" })).await;
    eve.post(404, &at(&asked, "/refuse"), json!({})).await;
    eve.expect(404, Method::GET, &at(&asked, ""), None).await;

    // Approved in the last moment: the program still has its two minutes.
    let late = asks(&server, "late").await;
    server.control.advance(Duration::from_secs(9 * 60 + 59));
    approves(&ada, &late, "late").await;
    let too_late = asks(&server, "too late").await;
    server.control.advance(Duration::from_secs(60));
    assert_eq!(redeems(&server, &late).await["state"], "approved");
    server
        .nobody()
        .post(404, &at(&asked, "/redeem"), json!({ "secret": asked["secret"] }))
        .await;
    server.control.advance(Duration::from_secs(9 * 60 + 1));
    ada.post(404, &at(&too_late, "/approve"), json!({ "name": "box" })).await;
    server
        .nobody()
        .post(404, &at(&too_late, "/redeem"), json!({ "secret": too_late["secret"] }))
        .await;
}

#[actix_web::test]
async fn run_1_guessing_codes_is_slowed_down_by_account_and_by_address() {
    let server = server();
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let asked = asks(&server, "box").await;
    // Good tries cost nothing.
    for _ in 0..40 {
        ada.get(&at(&asked, "")).await;
    }
    for _ in 0..10 {
        eve.expect(404, Method::GET, "/runner_codes/BBBB-BBBB", None).await;
    }
    let problem = eve.post(429, "/runner_codes/BBBB-BBBC/approve", json!({ "name": "x" })).await;
    assert!(text(&problem, "detail").contains("too many tries"), "{problem}");
    // Ada's own tries are her own, until there were too many from her address.
    ada.get(&at(&asked, "")).await;
    let mut tries = 0;
    'address: for name in ["zoe", "max", "kim", "lou", "pat", "sam"] {
        let person = server.person(name).await;
        for _ in 0..9 {
            tries += 1;
            let answer = person
                .call(Method::POST, "/runner_codes/nonsense/refuse")
                .json(&json!({}))
                .send()
                .await;
            match answer.unwrap().status().as_u16() {
                404 => {}
                429 => break 'address,
                other => panic!("{other}"),
            }
        }
    }
    assert!((15..50).contains(&tries), "{tries}");
    ada.expect(429, Method::GET, &at(&asked, ""), None).await;
    server.control.advance(Duration::from_secs(31));
    ada.get(&at(&asked, "")).await;
}

#[actix_web::test]
async fn run_1_programs_ask_and_redeem_at_a_bounded_pace() {
    let server = server();
    let asked = asks(&server, "box").await;
    let body = json!({ "secret": asked["secret"] });
    let one_more = json!({ "machine": "box", "platform": "x", "version": "1" });
    for (path, body) in [(at(&asked, "/redeem"), body), ("/runner_codes".to_owned(), one_more)] {
        let mut calls = 0;
        while server.nobody().call(Method::POST, &path).json(&body).send().await.unwrap().status() != 429 {
            calls += 1;
            assert!(calls < 300, "{path} takes everything");
        }
    }
    server.control.advance(Duration::from_secs(31));
    for wrong in [
        json!({ "machine": "", "platform": "x", "version": "1" }),
        json!({ "machine": "a\u{1b}[2Jb", "platform": "x", "version": "1" }),
        json!({ "machine": "a\u{202e}b", "platform": "x", "version": "1" }),
        json!({ "machine": "x".repeat(81), "platform": "x", "version": "1" }),
    ] {
        server.nobody().post(422, "/runner_codes", wrong).await;
        server.control.advance(Duration::from_secs(31));
    }
}

#[actix_web::test]
async fn acc_6_codes_of_runners_leave_their_lines_and_no_secret_anywhere() {
    let server = server();
    let ada = server.person("ada").await;
    let asked = asks(&server, "ada's laptop").await;
    approves(&ada, &asked, "laptop").await;
    let waiting = asks(&server, "somebody's").await;
    ada.post(204, &at(&waiting, "/refuse"), json!({})).await;
    let token = text(&redeems(&server, &asked).await, "token");
    let open = asks(&server, "open").await;

    let lines = ada.get("/me/audit").await;
    let acts: Vec<_> = lines["items"].as_array().unwrap().iter().map(|line| text(line, "act")).collect();
    assert_eq!(acts, ["runner.register", "runner.refuse", "runner.approve", "account.register"]);
    let approved = &lines["items"][2];
    assert_eq!(
        (
            &approved["detail"]["machine"],
            &approved["detail"]["from"],
            &approved["detail"]["name"]
        ),
        (&json!("ada's laptop"), &json!("127.0.0.1"), &json!("laptop"))
    );
    let stored = server
        .rows("SELECT code_hash || secret_hash || machine FROM runner_codes")
        .await
        .join(" ");
    let audit = server.rows("SELECT act || target || detail FROM audit").await.join(" ");
    for secret in [&asked["code"], &asked["secret"], &json!(token), &open["code"], &open["secret"]] {
        let secret = secret.as_str().unwrap();
        for form in [secret.to_owned(), secret.replace('-', "")] {
            assert!(!stored.contains(&form) && !audit.contains(&form), "{form}");
        }
    }
}
