//! Accounts, sessions and tokens over HTTP (ACC-1).

mod common;

use common::{PASSWORD, checked, cookie_of, server, server_with, text};
use coord_server::config::Registration;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

#[actix_web::test]
async fn acc_1_the_first_account_is_made_at_the_first_run_and_others_as_the_policy_says() {
    for (policy, name) in [
        (Registration::First, "first"),
        (Registration::Invited, "invited"),
        (Registration::Open, "open"),
    ] {
        let server = server_with(|config| config.registration = policy);
        let nobody = server.nobody();
        let expected = json!({ "first_run": true, "registration_open": name == "open", "registration": name, "mail": false });
        assert_eq!(nobody.get("/setup").await, expected);
        let ada = server.person("ada").await;
        assert_eq!(nobody.get("/setup").await["first_run"], false);
        let mut bob = json!({ "email": "Bob@Example.org", "name": "Bob", "password": PASSWORD });
        if name != "open" {
            let refused = nobody.post(403, "/auth/register", bob.clone()).await;
            assert_eq!(refused["rule"], "ACC-1");
        }
        let ws = ada.workspace("Team").await;
        let invitation = json!({ "email": "bob@example.org", "role": "member" });
        let made = ada.post(201, &format!("/workspaces/{ws}/invitations"), invitation).await;
        if name != "open" {
            // To know who was invited is not to be invited.
            nobody.post(403, "/auth/register", bob.clone()).await;
        }
        bob["invitation"] = made["code"].clone();
        if name == "first" {
            nobody.post(403, "/auth/register", bob.clone()).await;
            continue;
        }
        let made = nobody.post(201, "/auth/register", bob.clone()).await;
        assert_eq!(made["email"], "bob@example.org");
        bob["invitation"] = json!(null);
        let twice = nobody.post(if name == "open" { 422 } else { 403 }, "/auth/register", bob).await;
        assert!(name != "open" || twice["errors"]["email"].is_string(), "{twice}");
    }
}

#[actix_web::test]
async fn acc_1_two_first_registrations_at_once_make_one_account() {
    let server = server_with(|config| config.registration = Registration::First);
    let calls = (0..4).map(|n| {
        let body = json!({ "email": format!("p{n}@example.org"), "name": "P", "password": PASSWORD });
        server.nobody().call(Method::POST, "/auth/register").json(&body).send()
    });
    let answers = futures_util::future::join_all(calls).await;
    let made = answers
        .into_iter()
        .filter(|answer| answer.as_ref().unwrap().status() == StatusCode::CREATED)
        .count();
    assert_eq!(made, 1);
}

#[actix_web::test]
async fn acc_1_signing_in_sets_a_safe_cookie_and_signing_out_ends_it() {
    let server = server();
    let ada = server.person("ada").await;
    let body = json!({ "email": " ADA@example.org", "password": PASSWORD });
    let answer = server.nobody().call(Method::POST, "/auth/login").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        set.starts_with("coord_session=") && set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"),
        "{set}"
    );
    assert!(!set.contains("Secure"), "plain HTTP on loopback: {set}");
    let mut second = ada.clone();
    second.header = Some(("cookie", cookie_of(&answer)));
    assert_eq!(second.get("/me").await["id"], ada.id);

    second.post(204, "/auth/logout", json!({})).await;
    second.expect(401, Method::GET, "/me", None).await;
    assert_eq!(ada.get("/me").await["name"], "ada");
}

#[actix_web::test]
async fn acc_1_a_session_ends_by_age_and_by_being_unused() {
    let server = server_with(|config| (config.session_days, config.session_idle_days) = (30, 14));
    let ada = server.person("ada").await;
    let day = Duration::from_secs(24 * 60 * 60);
    for _ in 0..2 {
        server.control.advance(13 * day);
        ada.get("/me").await;
        // The use is noted after the answer.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    server.control.advance(5 * day);
    ada.expect(401, Method::GET, "/me", None).await;

    let bob = server.person("bob").await;
    server.control.advance(15 * day);
    bob.expect(401, Method::GET, "/me", None).await;
}

#[actix_web::test]
async fn acc_1_a_wrong_password_and_an_unknown_account_look_the_same() {
    let server = server();
    let ada = server.person("ada").await;
    let wrong = server
        .nobody()
        .post(401, "/auth/login", json!({ "email": ada.email, "password": "not the password" }))
        .await;
    let unknown = server
        .nobody()
        .post(
            401,
            "/auth/login",
            json!({ "email": "eve@example.org", "password": "not the password" }),
        )
        .await;
    let no_address = server
        .nobody()
        .post(401, "/auth/login", json!({ "email": "eve", "password": "not the password" }))
        .await;
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, no_address);
}

#[actix_web::test]
async fn acc_1_guessing_a_password_is_slowed_down_for_that_account_only() {
    let server = server();
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let mut limited = None;
    for _ in 0..30 {
        let body = json!({ "email": ada.email, "password": "a wrong password" });
        let answer = server.nobody().call(Method::POST, "/auth/login").json(&body).send().await.unwrap();
        if answer.status() == 429 {
            limited = Some(answer);
            break;
        }
        assert_eq!(answer.status(), 401);
    }
    let limited = limited.expect("guessing is limited");
    let seconds: u64 = limited.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    checked(limited, 429, "login").await;
    server
        .nobody()
        .post(200, "/auth/login", json!({ "email": bob.email, "password": PASSWORD }))
        .await;
    server.control.advance(Duration::from_secs(60));
    server
        .nobody()
        .post(200, "/auth/login", json!({ "email": ada.email, "password": PASSWORD }))
        .await;
}

#[actix_web::test]
async fn acc_1_invalid_registrations_say_which_field() {
    let server = server();
    let good = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    for (field, value) in [("email", "ada"), ("name", ""), ("name", "a\nb"), ("password", "short")] {
        let mut body = good.clone();
        body[field] = json!(value);
        let refused = server.nobody().post(422, "/auth/register", body).await;
        assert!(refused["errors"][field].is_string(), "{field}: {refused}");
    }
    assert_eq!(server.nobody().get("/setup").await["first_run"], true);
}

#[actix_web::test]
async fn acc_1_a_token_works_within_its_scopes_and_until_it_ends() {
    let server = server();
    let ada = server.person("ada").await;
    let made = ada
        .post(201, "/tokens", json!({ "name": "ci", "scopes": ["read"], "expires_in_days": 1 }))
        .await;
    let secret = text(&made, "token");
    assert!(secret.starts_with("coord_t_"));
    let reader = ada.with_token(&secret);
    assert_eq!(reader.get("/me").await["id"], ada.id);
    assert_eq!(reader.post(403, "/workspaces", json!({ "name": "no" })).await["rule"], "ACC-1");

    let listed = ada.get("/tokens").await;
    assert_eq!(listed["items"][0]["id"], made["id"]);
    assert!(listed["items"][0].get("token").is_none(), "{listed}");

    server.control.advance(Duration::from_secs(25 * 60 * 60));
    reader.expect(401, Method::GET, "/me", None).await;

    let full = ada.post(201, "/tokens", json!({ "name": "all" })).await;
    assert_eq!(full["scopes"], json!(["read", "write"]));
    let writer = ada.with_token(&text(&full, "token"));
    writer.post(201, "/workspaces", json!({ "name": "yes" })).await;
    for path in ["/tokens", "/auth/logout"] {
        let refused = writer
            .call(Method::POST, path)
            .json(&json!({ "name": "more" }))
            .send()
            .await
            .unwrap();
        assert!(refused.status().is_client_error(), "{path}");
    }
    writer.expect(403, Method::POST, "/tokens", Some(json!({ "name": "more" }))).await;
    writer.delete(403, &format!("/tokens/{}", text(&full, "id"))).await;

    ada.delete(204, &format!("/tokens/{}", text(&full, "id"))).await;
    writer.expect(401, Method::GET, "/me", None).await;
    ada.delete(404, &format!("/tokens/{}", text(&full, "id"))).await;
    let bob = server.person("bob").await;
    bob.delete(404, &format!("/tokens/{}", text(&made, "id"))).await;
}

#[actix_web::test]
async fn acc_1_last_use_of_a_token_is_noted() {
    let server = server();
    let ada = server.person("ada").await;
    let made = ada.post(201, "/tokens", json!({ "name": "ci" })).await;
    assert!(made["last_used_at"].is_null());
    ada.with_token(&text(&made, "token")).get("/me").await;
    for _ in 0..50 {
        if ada.get("/tokens").await["items"][0]["last_used_at"].is_string() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the use was not noted");
}

#[actix_web::test]
async fn acc_1_no_secret_is_in_the_data_folder() {
    // On SQLite, whose file can be searched.
    let mut server = server_with(|config| config.database = None);
    let ada = server.person("ada").await;
    let session = ada.header.clone().unwrap().1.replace("coord_session=", "");
    let request = ada
        .call(Method::POST, "/tokens")
        .header("idempotency-key", "k1")
        .json(&json!({ "name": "ci" }));
    let token = text(&checked(request.send().await.unwrap(), 201, "token").await, "token");
    let request = ada
        .call(Method::POST, "/runners")
        .header("idempotency-key", "k2")
        .json(&json!({ "name": "laptop" }));
    let runner = text(&checked(request.send().await.unwrap(), 201, "runner").await, "token");
    let ws = ada.workspace("Team").await;
    let path = format!("/workspaces/{ws}/invitations");
    let request = ada
        .call(Method::POST, &path)
        .header("idempotency-key", "k3")
        .json(&json!({ "email": "b@c.d", "role": "member" }));
    let code = text(&checked(request.send().await.unwrap(), 201, "invitation").await, "code");
    server.stop().await;

    let mut seen = 0;
    for entry in std::fs::read_dir(&server.data).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            seen += bytes.len();
            for secret in [&session, &token, &runner, &code, PASSWORD] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds a secret", path.display());
            }
            assert!(
                !path.ends_with("coord.db") || bytes.windows(4).any(|window| window == b"ada@"),
                "the test reads what was written"
            );
        }
    }
    assert!(seen > 0);
}

#[actix_web::test]
async fn acc_1_a_request_from_another_site_with_our_cookie_is_refused() {
    let server = server();
    let ada = server.person("ada").await;
    let post = |name: &'static str, value: String| {
        ada.call(Method::POST, "/workspaces")
            .header(name, value)
            .json(&json!({ "name": "x" }))
            .send()
    };
    let host = server.url.strip_prefix("http://").unwrap();
    for origin in [
        "https://evil.example",
        "null",
        &format!("http://{host}.evil.example"),
        &format!("http://evil.example/{host}"),
        "file://",
    ] {
        let refused = post("origin", origin.to_owned()).await.unwrap();
        assert_eq!(checked(refused, 403, origin).await["rule"], "ACC-1");
    }
    checked(post("sec-fetch-site", "cross-site".to_owned()).await.unwrap(), 403, "cross-site").await;
    checked(post("sec-fetch-site", "same-site".to_owned()).await.unwrap(), 403, "same-site").await;
    checked(post("sec-fetch-site", "same-origin".to_owned()).await.unwrap(), 201, "same-origin").await;
    checked(post("origin", server.url.clone()).await.unwrap(), 201, "own origin").await;
    assert_eq!(ada.get("/workspaces").await["items"].as_array().unwrap().len(), 2);

    let token = text(&ada.post(201, "/tokens", json!({ "name": "ci" })).await, "token");
    let program = ada.with_token(&token);
    let answer = program
        .call(Method::POST, "/workspaces")
        .header("origin", "https://elsewhere.example")
        .json(&json!({ "name": "x" }))
        .send();
    checked(answer.await.unwrap(), 201, "a token is never sent by a browser on its own").await;
}

#[actix_web::test]
async fn acc_1_behind_https_the_cookie_is_secure_and_the_origin_is_the_public_one() {
    let server = server_with(|config| config.base_url = Some("https://coord.example.org".to_owned()));
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
    let answer = server
        .nobody()
        .call(Method::POST, "/auth/register")
        .json(&body)
        .send()
        .await
        .unwrap();
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.contains("; Secure"), "{set}");
    let mut ada = server.nobody();
    ada.header = Some(("cookie", cookie_of(&answer)));
    for (origin, status) in [
        ("https://coord.example.org", 201),
        ("http://coord.example.org", 403),
        (server.url.as_str(), 403),
    ] {
        let answer = ada
            .call(Method::POST, "/workspaces")
            .header("origin", origin)
            .json(&json!({ "name": "x" }))
            .send()
            .await
            .unwrap();
        checked(answer, status, origin).await;
    }
}

/// Opens the event stream of a workspace and reads until the server closes it; returns the code it closes with.
async fn closed_with(who: &common::Person, ws: &str, origin: &str) -> u16 {
    use tokio::io::AsyncReadExt as _;
    let request = who
        .call(Method::GET, &format!("/workspaces/{ws}/events"))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("origin", origin);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 101);
    let mut socket = answer.upgrade().await.unwrap();
    loop {
        let (kind, length) = (socket.read_u8().await.unwrap(), socket.read_u8().await.unwrap());
        assert!(length < 126, "the messages of this stream are short");
        let mut body = vec![0; usize::from(length)];
        socket.read_exact(&mut body).await.unwrap();
        if kind == 0x88 {
            return u16::from_be_bytes([body[0], body[1]]);
        }
    }
}

#[actix_web::test]
async fn acc_5_a_socket_ends_with_the_token_or_session_that_opened_it() {
    let server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let made = ada.post(201, "/tokens", json!({ "name": "ends", "expires_in_days": 1 })).await;
    let program = ada.with_token(&text(&made, "token"));
    server.control.advance(Duration::from_secs(24 * 60 * 60 - 2));
    let ended = tokio::time::timeout(Duration::from_secs(10), closed_with(&program, &ws, &server.url));
    assert_eq!(ended.await.expect("the socket ends with its token"), 4403);

    let watching = tokio::time::timeout(Duration::from_secs(10), closed_with(&ada, &ws, &server.url));
    let sign_out = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ada.post(204, "/auth/logout", json!({})).await;
    };
    let (ended, ()) = futures_util::future::join(watching, sign_out).await;
    assert_eq!(ended.expect("the socket ends with its session"), 4403);
}

#[actix_web::test]
async fn acc_1_a_socket_with_our_cookie_opens_from_our_own_pages_only() {
    let server = server();
    let ada = server.person("ada").await;
    let path = format!("/workspaces/{}/events", ada.workspace("Team").await);
    let host = server.url.strip_prefix("http://").unwrap();
    let from = |origin: Option<String>| {
        let request = ada
            .call(Method::GET, &path)
            .header("connection", "upgrade")
            .header("upgrade", "websocket");
        let request = request
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        async move { request.send().await.unwrap() }
    };
    for origin in [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("http://{host}.evil.example"),
    ] {
        checked(from(Some(origin.clone())).await, 403, &origin).await;
    }
    checked(from(None).await, 403, "no origin").await;
    assert_eq!(from(Some(server.url.clone())).await.status(), 101);
}
