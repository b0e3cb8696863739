//! Workspaces, members, invitations and runners over HTTP (ACC-2 to ACC-6, RUN-1, RUN-3).

mod common;

use common::{Person, checked, server, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[actix_web::test]
async fn acc_2_a_workspace_has_its_maker_as_owner_and_a_slug_of_its_own() {
    let server = server();
    let ada = server.person("ada").await;
    let one = ada.post(201, "/workspaces", json!({ "name": "Ada & Co" })).await;
    let two = ada.post(201, "/workspaces", json!({ "name": "Ada & Co" })).await;
    assert_eq!(
        (one["role"].as_str(), one["slug"].as_str(), two["slug"].as_str()),
        (Some("owner"), Some("ada-co"), Some("ada-co-2"))
    );
    assert_eq!(one["settings"], json!({ "default_priority": "medium" }));
    assert_eq!(ada.get(&format!("/workspaces/{}", text(&one, "id"))).await, one);
    for name in ["", "   ", &"x".repeat(81), "a\u{0}b"] {
        let refused = ada.post(422, "/workspaces", json!({ "name": name })).await;
        assert!(refused["errors"]["name"].is_string(), "{refused}");
    }
}

#[actix_web::test]
async fn acc_4_a_workspace_does_not_exist_for_strangers() {
    let server = server();
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    let ws = ada.workspace("Team").await;
    let runner = text(&ada.post(201, "/runners", json!({ "name": "laptop" })).await, "id");
    let never = "01890000-0000-7000-8000-000000000000";
    for (method, path, body) in [
        (Method::GET, "/workspaces/{ws}".to_owned(), Value::Null),
        (Method::PATCH, "/workspaces/{ws}".to_owned(), json!({ "name": "Mine" })),
        (Method::DELETE, "/workspaces/{ws}".to_owned(), Value::Null),
        (Method::GET, "/workspaces/{ws}/members".to_owned(), Value::Null),
        (
            Method::PATCH,
            format!("/workspaces/{{ws}}/members/{}", ada.id),
            json!({ "role": "viewer" }),
        ),
        (Method::DELETE, format!("/workspaces/{{ws}}/members/{}", ada.id), Value::Null),
        (
            Method::POST,
            "/workspaces/{ws}/invitations".to_owned(),
            json!({ "email": "eve@example.org", "role": "admin" }),
        ),
        (Method::GET, "/workspaces/{ws}/runners".to_owned(), Value::Null),
        (Method::PUT, format!("/workspaces/{{ws}}/runners/{runner}/disabled"), Value::Null),
        (Method::DELETE, format!("/workspaces/{{ws}}/runners/{runner}/disabled"), Value::Null),
    ] {
        let body = (!body.is_null()).then_some(body);
        let theirs = eve.expect(404, method.clone(), &path.replace("{ws}", &ws), body.clone()).await;
        let nobodys = eve.expect(404, method.clone(), &path.replace("{ws}", never), body.clone()).await;
        assert_eq!(theirs, nobodys, "{method} {path} tells that the workspace exists");
        server.nobody().expect(401, method, &path.replace("{ws}", &ws), body).await;
    }
    assert_eq!(eve.get("/workspaces").await, json!({ "items": [], "next": null }));
    assert_eq!(
        ada.get(&format!("/workspaces/{ws}/members")).await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

struct Team {
    ws: String,
    owner: Person,
    admin: Person,
    member: Person,
    viewer: Person,
}

async fn team(server: &common::TestServer) -> Team {
    let owner = server.person("owner").await;
    let ws = owner.workspace("Team").await;
    let mut people = vec![];
    for role in ["admin", "member", "viewer"] {
        let person = server.person(role).await;
        owner.let_in(&ws, &person, role).await;
        people.push(person);
    }
    let [admin, member, viewer] = people.try_into().unwrap_or_else(|_| panic!("three people"));
    Team {
        ws,
        owner,
        admin,
        member,
        viewer,
    }
}

#[actix_web::test]
async fn acc_3_roles_decide_what_may_be_done_in_a_workspace() {
    let server = server();
    let Team {
        ws,
        owner,
        admin,
        member,
        viewer,
    } = team(&server).await;
    for person in [&owner, &admin, &member, &viewer] {
        person.get(&format!("/workspaces/{ws}")).await;
        assert_eq!(
            person.get(&format!("/workspaces/{ws}/members")).await["items"]
                .as_array()
                .unwrap()
                .len(),
            4
        );
        person.get(&format!("/workspaces/{ws}/runners")).await;
    }
    for person in [&member, &viewer] {
        let refused = person.patch(403, &format!("/workspaces/{ws}"), json!({ "name": "Ours" })).await;
        assert_eq!(refused["rule"], "ACC-3");
        person
            .post(
                403,
                &format!("/workspaces/{ws}/invitations"),
                json!({ "email": "x@y.z", "role": "viewer" }),
            )
            .await;
        person
            .patch(403, &format!("/workspaces/{ws}/members/{}", person.id), json!({ "role": "admin" }))
            .await;
        person.delete(403, &format!("/workspaces/{ws}/members/{}", admin.id)).await;
        person.delete(403, &format!("/workspaces/{ws}")).await;
    }
    admin
        .patch(
            200,
            &format!("/workspaces/{ws}"),
            json!({ "settings": { "default_priority": "high" } }),
        )
        .await;
    assert_eq!(
        member.get(&format!("/workspaces/{ws}")).await["settings"]["default_priority"],
        "high"
    );
    admin.delete(403, &format!("/workspaces/{ws}")).await;
    owner.delete(204, &format!("/workspaces/{ws}")).await;
    admin.expect(404, Method::GET, &format!("/workspaces/{ws}"), None).await;
}

#[actix_web::test]
async fn acc_2_there_is_exactly_one_owner_who_can_hand_over() {
    let server = server();
    let Team {
        ws, owner, admin, member, ..
    } = team(&server).await;
    let of = |person: &Person| format!("/workspaces/{ws}/members/{}", person.id);
    assert_eq!(owner.patch(409, &of(&owner), json!({ "role": "admin" })).await["rule"], "ACC-2");
    owner.delete(409, &of(&owner)).await;
    admin.patch(409, &of(&owner), json!({ "role": "viewer" })).await;
    admin.patch(403, &of(&admin), json!({ "role": "owner" })).await;

    assert_eq!(owner.patch(200, &of(&member), json!({ "role": "owner" })).await["role"], "owner");
    let mut roles: Vec<_> = member.get(&format!("/workspaces/{ws}/members")).await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (text(member, "name"), text(member, "role")))
        .collect();
    roles.sort();
    let expected = [("admin", "admin"), ("member", "owner"), ("owner", "admin"), ("viewer", "viewer")];
    assert_eq!(roles, expected.map(|(name, role)| (name.to_owned(), role.to_owned())));
    owner.delete(403, &format!("/workspaces/{ws}")).await;
    owner.delete(204, &of(&owner)).await;
    owner.expect(404, Method::GET, &format!("/workspaces/{ws}"), None).await;
}

#[actix_web::test]
async fn acc_2_two_hand_overs_at_once_leave_one_owner() {
    let server = server();
    let Team {
        ws, owner, admin, member, ..
    } = team(&server).await;
    let hand_over = |to: &Person| {
        owner
            .call(Method::PATCH, &format!("/workspaces/{ws}/members/{}", to.id))
            .json(&json!({ "role": "owner" }))
            .send()
    };
    let (one, two) = futures_util::future::join(hand_over(&admin), hand_over(&member)).await;
    let mut statuses = [one.unwrap().status().as_u16(), two.unwrap().status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    let listed = owner.get(&format!("/workspaces/{ws}/members")).await;
    assert_eq!(
        listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|member| member["role"] == "owner")
            .count(),
        1
    );
}

#[actix_web::test]
async fn acc_2_an_invitation_is_for_one_address_once_and_seven_days() {
    let server = server();
    let (ada, bob, eve) = (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    let ws = ada.workspace("Team").await;
    let path = format!("/workspaces/{ws}/invitations");
    let invitation = ada.post(201, &path, json!({ "email": "BOB@example.org", "role": "member" })).await;
    let code = text(&invitation, "code");
    assert_eq!(text(&invitation, "url"), format!("{}/invitations/{code}", server.url));
    let accept = format!("/invitations/{code}/accept");
    assert_eq!(eve.post(403, &accept, json!({})).await["rule"], "ACC-2");
    eve.post(404, "/invitations/guess/accept", json!({})).await;
    assert_eq!(bob.post(200, &accept, json!({})).await["role"], "member");
    bob.post(409, &accept, json!({})).await;
    ada.delete(204, &format!("/workspaces/{ws}/members/{}", bob.id)).await;
    bob.post(409, &accept, json!({})).await;

    let late = text(
        &ada.post(201, &path, json!({ "email": "bob@example.org", "role": "viewer" })).await,
        "code",
    );
    server.control.advance(Duration::from_secs(7 * 24 * 60 * 60));
    bob.post(409, &format!("/invitations/{late}/accept"), json!({})).await;
    ada.post(422, &path, json!({ "email": "bob@example.org", "role": "owner" })).await;
    ada.post(422, &path, json!({ "email": "bob", "role": "viewer" })).await;
}

#[actix_web::test]
async fn job_7_a_stale_version_is_refused_with_the_current_workspace() {
    let server = server();
    let ada = server.person("ada").await;
    let path = format!("/workspaces/{}", ada.workspace("Team").await);
    assert_eq!(ada.patch(200, &path, json!({ "name": "One", "if_version": 1 })).await["version"], 2);
    let stale = ada.patch(409, &path, json!({ "name": "Two", "if_version": 1 })).await;
    assert_eq!(
        (&stale["current"]["name"], &stale["current"]["version"], &stale["type"]),
        (&json!("One"), &json!(2), &json!("urn:coord:problem:stale"))
    );
    assert_eq!(ada.get(&path).await["name"], "One");
}

#[actix_web::test]
async fn run_1_a_runner_belongs_to_an_account_and_serves_its_workspaces() {
    let server = server();
    let Team {
        ws,
        owner,
        admin,
        member,
        viewer,
    } = team(&server).await;
    let made = member.post(201, "/runners", json!({ "name": "laptop", "shared": true })).await;
    assert!(text(&made, "token").starts_with("coord_r_"));
    let id = text(&made, "id");
    viewer.post(201, "/runners", json!({ "name": "of a viewer" })).await;

    let mine = member.get("/runners").await;
    assert_eq!(
        (mine["items"][0]["status"].as_str(), mine["items"][0]["shared"].as_bool()),
        (Some("offline"), Some(true))
    );
    assert!(mine["items"][0].get("token").is_none());
    let seen = owner.get(&format!("/workspaces/{ws}/runners")).await;
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["items"][0]["owner"]["name"], "member");

    let path = format!("/runners/{id}");
    assert_eq!(member.patch(200, &path, json!({ "name": "desk" })).await["name"], "desk");
    for other in [&owner, &admin] {
        other.patch(404, &path, json!({ "name": "mine" })).await;
        other.delete(404, &path).await;
    }
    member.patch(422, &path, json!({ "name": "" })).await;

    // A runner's token is for the runner protocol alone.
    let runner = member.with_token(&text(&made, "token"));
    runner.expect(401, Method::GET, "/me", None).await;

    member.delete(204, &path).await;
    member.delete(404, &path).await;
    assert_eq!(owner.get(&format!("/workspaces/{ws}/runners")).await["items"], json!([]));
}

#[actix_web::test]
async fn run_3_admins_disable_a_runner_in_their_workspace_only() {
    let server = server();
    let Team {
        ws, owner, admin, member, ..
    } = team(&server).await;
    let elsewhere = member.workspace("Elsewhere").await;
    let id = text(&member.post(201, "/runners", json!({ "name": "laptop" })).await, "id");
    let switch = format!("/workspaces/{ws}/runners/{id}/disabled");
    member.expect(403, Method::PUT, &switch, None).await;
    for _ in 0..2 {
        admin.expect(204, Method::PUT, &switch, None).await;
    }
    assert_eq!(
        owner.get(&format!("/workspaces/{ws}/runners")).await["items"][0]["status"],
        "disabled"
    );
    assert_eq!(
        member.get(&format!("/workspaces/{elsewhere}/runners")).await["items"][0]["status"],
        "offline"
    );
    admin.delete(204, &switch).await;
    assert_eq!(
        owner.get(&format!("/workspaces/{ws}/runners")).await["items"][0]["status"],
        "offline"
    );
    let strange = text(
        &server.person("eve").await.post(201, "/runners", json!({ "name": "far" })).await,
        "id",
    );
    admin
        .expect(404, Method::PUT, &format!("/workspaces/{ws}/runners/{strange}/disabled"), None)
        .await;
}

#[actix_web::test]
async fn acc_6_every_change_leaves_one_line_in_the_audit_log() {
    let server = server();
    let Team {
        ws, owner, member, viewer, ..
    } = team(&server).await;
    let runner = text(&member.post(201, "/runners", json!({ "name": "laptop" })).await, "id");
    member.patch(200, &format!("/runners/{runner}"), json!({ "shared": true })).await;
    owner
        .expect(204, Method::PUT, &format!("/workspaces/{ws}/runners/{runner}/disabled"), None)
        .await;
    owner.delete(204, &format!("/workspaces/{ws}/runners/{runner}/disabled")).await;
    member.delete(204, &format!("/runners/{runner}")).await;
    owner
        .patch(200, &format!("/workspaces/{ws}/members/{}", viewer.id), json!({ "role": "member" }))
        .await;
    owner.delete(204, &format!("/workspaces/{ws}/members/{}", viewer.id)).await;
    owner.patch(200, &format!("/workspaces/{ws}"), json!({ "name": "New" })).await;
    let token = text(&owner.post(201, "/tokens", json!({ "name": "ci" })).await, "id");
    owner.delete(204, &format!("/tokens/{token}")).await;
    // Refused acts change nothing, and leave nothing.
    viewer.delete(404, &format!("/workspaces/{ws}")).await;
    owner.delete(204, &format!("/workspaces/{ws}")).await;
    member.post(204, "/auth/logout", json!({})).await;

    let mut expected = vec!["account.register", "workspace.create"];
    for _ in 0..3 {
        expected.extend(["account.register", "invitation.create", "invitation.accept"]);
    }
    expected.extend([
        "runner.register",
        "runner.change",
        "runner.disable",
        "runner.enable",
        "runner.remove",
    ]);
    expected.extend([
        "member.role",
        "member.remove",
        "workspace.change",
        "token.create",
        "token.revoke",
        "workspace.delete",
        "session.end",
    ]);
    assert_eq!(server.rows("SELECT act FROM audit ORDER BY id").await, expected);
    let addresses = server.rows("SELECT DISTINCT address FROM audit").await;
    assert_eq!(addresses, ["127.0.0.1"]);
}

#[actix_web::test]
async fn inv_4_each_change_is_an_event_of_the_workspaces_feed() {
    let server = server();
    let Team { ws, owner, member, .. } = team(&server).await;
    let before = owner.get(&format!("/workspaces/{ws}")).await["feed_seq"].as_i64().unwrap();
    assert_eq!(before, 7, "one per member and one per invitation");
    owner.patch(200, &format!("/workspaces/{ws}"), json!({ "name": "New" })).await;
    let id = text(&member.post(201, "/runners", json!({ "name": "laptop" })).await, "id");
    member.delete(204, &format!("/runners/{id}")).await;
    owner.delete(204, &format!("/workspaces/{ws}/members/{}", member.id)).await;
    let kinds = server.rows("SELECT type FROM feed WHERE seq > 7 ORDER BY seq").await;
    assert_eq!(kinds, ["workspace.changed", "runner.changed", "runner.removed", "member.changed"]);
    assert_eq!(owner.get(&format!("/workspaces/{ws}")).await["feed_seq"], 11);
}

#[actix_web::test]
async fn api_1_the_same_idempotency_key_answers_with_the_first_result() {
    let server = server();
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let create = |who: &Person, path: &str, key: &str, body: Value| {
        let request = who.call(Method::POST, path).header("idempotency-key", key).json(&body);
        async move { request.send().await.unwrap() }
    };
    let ws = ada.workspace("Team").await;
    let invitations = format!("/workspaces/{ws}/invitations");
    for (path, body) in [
        ("/workspaces", json!({ "name": "Once" })),
        ("/tokens", json!({ "name": "once" })),
        ("/runners", json!({ "name": "once" })),
        (&invitations, json!({ "email": "c@d.e", "role": "member" })),
    ] {
        let first = checked(create(&ada, path, "k", body.clone()).await, 201, path).await;
        let again = create(&ada, path, "k", body.clone()).await;
        assert_eq!(again.headers()["idempotency-replayed"], "true");
        assert_eq!(checked(again, 201, path).await, first, "{path}");
        let mut other = body.clone();
        let field = if path == invitations { "email" } else { "name" };
        other[field] = json!("other@x.y");
        assert_eq!(checked(create(&ada, path, "k", other).await, 422, path).await["rule"], "API-1");
        if path != invitations {
            let theirs = checked(create(&bob, path, "k", body.clone()).await, 201, path).await;
            assert_ne!(theirs["id"], first["id"], "a key is one account's own");
        }
    }
    let calls = (0..5).map(|_| create(&ada, "/workspaces", "race", json!({ "name": "Race" })));
    let mut ids = vec![];
    for answer in futures_util::future::join_all(calls).await {
        ids.push(text(&checked(answer, 201, "race").await, "id"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    server.control.advance(Duration::from_secs(24 * 60 * 60 + 1));
    let anew = checked(
        create(&ada, "/workspaces", "race", json!({ "name": "Race" })).await,
        201,
        "a day later",
    )
    .await;
    assert_ne!(anew["id"], json!(ids[0]));
}

#[actix_web::test]
async fn api_1_lists_come_in_pages() {
    let server = server();
    let ada = server.person("ada").await;
    let mut made = vec![];
    for n in 0..5 {
        made.push(ada.workspace(&format!("W{n}")).await);
    }
    let (mut seen, mut cursor) = (vec![], String::new());
    loop {
        let page = ada.get(&format!("/workspaces?limit=2{cursor}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| text(item, "id")));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, made);
    for wrong in ["limit=0", "limit=201", "limit=x", "cursor=x"] {
        ada.expect(422, Method::GET, &format!("/workspaces?{wrong}"), None).await;
    }
}
