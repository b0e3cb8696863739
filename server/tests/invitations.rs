//! Invitations, with and without mail, and links to a new password (ACC-1, ACC-2).

mod common;

use common::{PASSWORD, Person, TestServer, cookie_of, live::End, server, server_with, smtp::Smtp, text};
use coord_server::config::Registration;
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};

const BASE: &str = "https://coord.example.org";

fn with_mail(smtp: &Smtp) -> TestServer {
    server_with(|config| {
        config.smtp_url = Some(smtp.url.clone());
        config.mail_from = Some("Coord <coord@example.org>".to_owned());
        config.base_url = Some(BASE.to_owned());
    })
}

async fn invite(by: &Person, ws: &str, email: &str) -> Value {
    by.post(
        201,
        &format!("/workspaces/{ws}/invitations"),
        json!({ "email": email, "role": "member" }),
    )
    .await
}

async fn pending(by: &Person, ws: &str) -> Vec<Value> {
    let listed = by.get(&format!("/workspaces/{ws}/invitations")).await;
    listed["items"].as_array().unwrap().clone()
}

/// How the mail of the only invitation went, once it is known.
async fn mailed(by: &Person, ws: &str) -> Value {
    for _ in 0..1_500 {
        let mail = pending(by, ws).await[0]["mail"].clone();
        if mail["state"] != "queued" {
            return mail;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody knows how it went");
}

#[actix_web::test]
async fn acc_2_pending_invitations_are_listed_sent_again_and_taken_back() {
    let server = server();
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let ws = ada.workspace("Team").await;
    let mut events = ada.socket(&format!("/workspaces/{ws}/events?after=0")).await.unwrap();
    let made = invite(&ada, &ws, "bob@example.org").await;
    assert_eq!(made["mail"], Value::Null, "this server sends none");
    let listed = pending(&ada, &ws).await;
    assert_eq!(
        (
            &listed[0]["id"],
            &listed[0]["email"],
            &listed[0]["role"],
            &listed[0]["created_by"]["name"]
        ),
        (&made["id"], &json!("bob@example.org"), &json!("member"), &json!("ada"))
    );
    assert!(!json!(listed).to_string().contains(&text(&made, "code")));
    while events.json().await["type"] != "invitation.changed" {}

    let code = text(&made, "code");
    let seen = server.nobody().get(&format!("/invitations/{code}")).await;
    assert_eq!(
        (&seen["workspace"], &seen["email"], &seen["invited_by"], &seen["state"]),
        (&json!("Team"), &json!("bob@example.org"), &json!("ada"), &json!("open"))
    );
    let path = format!("/workspaces/{ws}/invitations/{}", text(&made, "id"));
    server.control.advance(Duration::from_secs(8 * 24 * 60 * 60));
    assert_eq!(server.nobody().get(&format!("/invitations/{code}")).await["state"], "ended");
    let again = ada.post(200, &format!("{path}/resend"), json!({})).await;
    assert_eq!(again["id"], made["id"]);
    bob.post(404, &format!("/invitations/{code}/accept"), json!({})).await;
    server
        .nobody()
        .expect(404, Method::GET, &format!("/invitations/{code}"), None)
        .await;

    bob.expect(404, Method::DELETE, &path, None).await;
    ada.delete(204, &path).await;
    ada.delete(404, &path).await;
    bob.post(404, &format!("/invitations/{}/accept", text(&again, "code")), json!({}))
        .await;
    assert!(pending(&ada, &ws).await.is_empty());

    let third = invite(&ada, &ws, "bob@example.org").await;
    bob.post(200, &format!("/invitations/{}/accept", text(&third, "code")), json!({}))
        .await;
    assert!(pending(&ada, &ws).await.is_empty());
    let used = server.nobody().get(&format!("/invitations/{}", text(&third, "code"))).await;
    assert_eq!(used["state"], "used");
    let refused = ada
        .post(
            409,
            &format!("/workspaces/{ws}/invitations"),
            json!({ "email": "BOB@example.org", "role": "admin" }),
        )
        .await;
    assert_eq!(refused["rule"], "ACC-2");
}

#[actix_web::test]
async fn acc_2_invitations_of_a_workspace_are_told_to_its_admins_alone() {
    let server = server();
    let ([ada, bob, ..], ws) = common::live::team(&server).await;
    bob.expect(403, Method::GET, &format!("/workspaces/{ws}/invitations"), None).await;
    let mut events = bob.socket(&format!("/workspaces/{ws}/events?after=0")).await.unwrap();
    let made = invite(&ada, &ws, "new@example.org").await;
    ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Afterwards" }))
        .await;
    loop {
        let event = events.text().await.unwrap();
        assert!(!event.contains("invitation") && !event.contains(&text(&made, "id")), "{event}");
        if event.contains("Afterwards") {
            break;
        }
    }
    let activity = bob.get(&format!("/workspaces/{ws}/activity")).await;
    assert!(!activity.to_string().contains("invitation.changed"), "{activity}");
}

#[actix_web::test]
async fn acc_2_whoever_is_invited_registers_and_joins_in_one_step() {
    let server = server_with(|config| config.registration = Registration::Invited);
    let setup = server.nobody().get("/setup").await;
    assert_eq!((&setup["registration"], &setup["mail"]), (&json!("invited"), &json!(false)));
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let code = text(&invite(&ada, &ws, "bob@example.org").await, "code");
    let body = |email: &str, code: Option<&str>| json!({ "email": email, "name": "Bob", "password": PASSWORD, "invitation": code });
    let nobody = server.nobody();
    assert_eq!(
        nobody.post(403, "/auth/register", body("bob@example.org", None)).await["rule"],
        "ACC-1"
    );
    assert_eq!(
        nobody.post(403, "/auth/register", body("eve@example.org", Some(&code))).await["rule"],
        "ACC-2"
    );
    nobody.post(404, "/auth/register", body("bob@example.org", Some("made up"))).await;

    let request = nobody
        .call(Method::POST, "/auth/register")
        .json(&body("Bob@example.org", Some(&code)));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let mut bob = nobody.clone();
    bob.header = Some(("cookie", cookie_of(&answer)));
    let mine = bob.get("/workspaces").await;
    assert_eq!(
        (&mine["items"][0]["name"], &mine["items"][0]["role"]),
        (&json!("Team"), &json!("member"))
    );
    nobody.post(409, "/auth/register", body("bob@example.org", Some(&code))).await;
    let log = ada.get(&format!("/workspaces/{ws}/audit?act=invitation")).await;
    assert_eq!(
        (&log["items"][0]["act"], &log["items"][0]["after"], &log["items"][0]["target_name"]),
        (&json!("invitation.accept"), &json!({ "role": "member" }), &json!("Bob"))
    );
}

#[actix_web::test]
async fn acc_2_an_invitation_goes_by_mail_and_its_link_works() {
    let smtp = Smtp::start().await;
    let server = with_mail(&smtp);
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let ws = ada.workspace("Team").await;
    let made = invite(&ada, &ws, "bob@example.org").await;
    assert_eq!(made["mail"]["state"], "queued");
    let letter = smtp.letter(1).await;
    assert_eq!(letter.to, ["bob@example.org"]);
    let code = letter.after(&format!("{BASE}/invitations/"));
    assert_eq!(code, text(&made, "code"));
    assert!(letter.data.contains("ada invites you"), "{}", letter.data);
    assert_eq!(mailed(&ada, &ws).await["state"], "sent");
    bob.post(200, &format!("/invitations/{code}/accept"), json!({})).await;
}

#[actix_web::test]
async fn acc_2_a_mail_that_cannot_be_sent_says_why_to_who_invited() {
    let smtp = Smtp::start().await;
    let server = with_mail(&smtp);
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let made = invite(&ada, &ws, "nobody@example.org").await;
    let mail = mailed(&ada, &ws).await;
    assert_eq!(mail["state"], "failed");
    assert!(text(&mail, "why").contains("there is no such person"), "{mail}");
    assert!(smtp.letters().is_empty());
    ada.delete(204, &format!("/workspaces/{ws}/invitations/{}", text(&made, "id")))
        .await;

    // What may go better later is tried again.
    smtp.busy.store(1, Ordering::SeqCst);
    invite(&ada, &ws, "carl@example.org").await;
    smtp.letter(1).await;
    assert_eq!(mailed(&ada, &ws).await["state"], "sent");
}

#[actix_web::test]
async fn acc_2_hostile_names_add_nothing_to_a_mail() {
    let smtp = Smtp::start().await;
    let server = with_mail(&smtp);
    let ada = server.person("ada").await;
    let hostile = ada
        .post(201, "/workspaces", json!({ "name": "Win at https://evil.example/now" }))
        .await;
    ada.patch(200, "/me", json!({ "name": "=?utf-8?q?Bcc:_all@evil.example?=" })).await;
    for wrong in ["a@b.c\r\nBcc: d@e.f", "a@b.c, d@e.f", "<a@b.c>"] {
        let body = json!({ "email": wrong, "role": "member" });
        let path = format!("/workspaces/{}/invitations", text(&hostile, "id"));
        // A line break at the end is cut off; inside it is refused.
        ada.post(422, &path, body).await;
    }
    invite(&ada, &text(&hostile, "id"), "bob@example.org").await;
    let letter = smtp.letter(1).await;
    assert_eq!(letter.to, ["bob@example.org"]);
    let (head, _) = letter.data.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_lowercase().contains("\nbcc:"), "{head}");
    assert!(
        !letter.data.contains("evil.example") && letter.data.matches("://").count() == 1,
        "{}",
        letter.data
    );
    assert_eq!(smtp.letters().len(), 1);
}

#[actix_web::test]
async fn acc_1_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once_and_for_an_hour() {
    let smtp = Smtp::start().await;
    let server = with_mail(&smtp);
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    let nobody = server.nobody();
    let ask = async || {
        let request = nobody
            .call(Method::POST, "/auth/forgot")
            .json(&json!({ "email": "ADA@example.org" }));
        assert_eq!(request.send().await.unwrap().status(), 202);
    };
    ask().await;
    let first = smtp.letter(1).await.after(&format!("{BASE}/reset-password#"));
    ask().await;
    let second = smtp.letter(2).await.after(&format!("{BASE}/reset-password#"));
    let reset = |code: &str, password: &str| json!({ "code": code, "password": password });
    let new = "quite another password";
    let refused = nobody.post(409, "/auth/reset", reset(&first, new)).await;
    assert_eq!(refused["rule"], "ACC-1", "the earlier link ended");
    nobody.post(422, "/auth/reset", reset(&second, "short")).await;

    let mut open = ada.socket(&format!("/workspaces/{ws}/events")).await;
    if let Ok(events) = &mut open {
        assert!(events.json().await["seq"].is_i64());
    }
    nobody.post(204, "/auth/reset", reset(&second, new)).await;
    nobody.post(409, "/auth/reset", reset(&second, new)).await;
    ada.expect(401, Method::GET, "/me", None).await;
    nobody
        .post(401, "/auth/login", json!({ "email": ada.email, "password": PASSWORD }))
        .await;
    nobody
        .post(200, "/auth/login", json!({ "email": ada.email, "password": new }))
        .await;

    ask().await;
    let third = smtp.letter(3).await.after(&format!("{BASE}/reset-password#"));
    server.control.advance(Duration::from_secs(60 * 60 + 1));
    nobody.post(409, "/auth/reset", reset(&third, new)).await;
    let acts = server.rows("SELECT act FROM audit WHERE act LIKE 'password%' ORDER BY id").await;
    assert_eq!(acts.iter().filter(|act| *act == "password.reset").count(), 1, "{acts:?}");
    assert_eq!(acts.iter().filter(|act| *act == "password.reset_link").count(), 3, "{acts:?}");
    let detail = server.rows("SELECT detail FROM audit").await.join(" ");
    assert!(!detail.contains(&third) && !detail.contains(new));
}

#[actix_web::test]
async fn acc_1_nobody_learns_who_has_an_account_by_forgetting_a_password() {
    let smtp = Smtp::start().await;
    let server = with_mail(&smtp);
    let ada = server.person("ada").await;
    let ask = async |email: &str| {
        let request = server.nobody().call(Method::POST, "/auth/forgot").json(&json!({ "email": email }));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let unknown = ask("eve@example.org").await;
    assert_eq!(ask(&ada.email).await, unknown);
    assert_eq!(smtp.letter(1).await.to, ["ada@example.org"]);
    // Asked for again and again both are slowed down alike.
    let mut both = vec![];
    for email in [ada.email.as_str(), "eve@example.org"] {
        let mut statuses = vec![];
        for _ in 0..3 {
            statuses.push(ask(email).await.0);
        }
        both.push(statuses);
    }
    assert_eq!(both, [[202, 202, 429], [202, 202, 429]]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(smtp.letters().iter().all(|letter| letter.to == ["ada@example.org"]));

    let silent = common::server();
    let refused = silent
        .nobody()
        .post(409, "/auth/forgot", json!({ "email": "ada@example.org" }))
        .await;
    assert!(text(&refused, "detail").contains("reset-password"), "{refused}");
}

#[actix_web::test]
async fn acc_5_a_new_password_by_link_ends_open_sockets() {
    let smtp = Smtp::start().await;
    let server = with_mail(&smtp);
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    // The server's public origin is another, so that only a program may open a socket here: by a pass for this session.
    let ticket = text(&ada.post(201, "/tickets", json!({})).await, "ticket");
    let mut nobody = server.nobody();
    nobody.header = None;
    let mut events = nobody.socket(&format!("/workspaces/{ws}/events?ticket={ticket}")).await.unwrap();
    assert!(events.json().await["seq"].is_i64());
    let request = server
        .nobody()
        .call(Method::POST, "/auth/forgot")
        .json(&json!({ "email": ada.email }));
    request.send().await.unwrap();
    let code = smtp.letter(1).await.after("/reset-password#");
    let reset = json!({ "code": code, "password": "quite another password" });
    server.nobody().post(204, "/auth/reset", reset).await;
    let (end, _) = tokio::time::timeout(Duration::from_secs(5), events.end())
        .await
        .expect("it ends at once");
    assert_eq!(end, End::Closed(4403));
}
