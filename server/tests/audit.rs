//! The audit log, as it is looked at (ACC-6).

mod common;

use common::{PASSWORD, Person, TestServer, live::team, server, text};
use reqwest::Method;
use serde_json::{Value, json};

async fn lines(by: &Person, ws: &str, query: &str) -> Vec<Value> {
    let page = by.get(&format!("/workspaces/{ws}/audit?limit=200{query}")).await;
    page["items"].as_array().unwrap().clone()
}

fn acts(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["act"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn acc_6_the_log_is_for_admins_and_the_owner_alone() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    ada.patch(200, &format!("/workspaces/{ws}/members/{}", bob.id), json!({ "role": "admin" }))
        .await;
    for path in ["audit", "audit.jsonl"] {
        let path = format!("/workspaces/{ws}/{path}");
        assert_eq!(vic.expect(403, Method::GET, &path, None).await["rule"], "ACC-3");
        eve.expect(404, Method::GET, &path, None).await;
        server.nobody().expect(401, Method::GET, &path, None).await;
        for admin in [&ada, &bob] {
            assert_eq!(admin.call(Method::GET, &path).send().await.unwrap().status(), 200);
        }
    }
    ada.patch(200, &format!("/workspaces/{ws}/members/{}", bob.id), json!({ "role": "member" }))
        .await;
    bob.expect(403, Method::GET, &format!("/workspaces/{ws}/audit"), None).await;
}

#[actix_web::test]
async fn acc_6_a_line_tells_who_through_what_from_where_and_what_changed() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let made = ada.post(201, "/tokens", json!({ "name": "ci" })).await;
    let program = ada.with_token(&text(&made, "token"));
    program
        .patch(200, &format!("/workspaces/{ws}/members/{}", bob.id), json!({ "role": "viewer" }))
        .await;
    let job = ada
        .post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "Secret plan" }))
        .await;
    let job = text(&job, "id");
    program.patch(200, &format!("/jobs/{job}"), json!({ "private": true })).await;
    let team = json!([{ "user": bob.id, "role": "editor" }]);
    ada.call(Method::PUT, &format!("/jobs/{job}/team"))
        .json(&team)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();

    let all = lines(&ada, &ws, "").await;
    let of = |act: &str| {
        all.iter()
            .find(|line| line["act"] == act)
            .unwrap_or_else(|| panic!("no {act} in {all:?}"))
    };
    let role = of("member.role");
    assert_eq!(
        (
            &role["before"],
            &role["after"],
            &role["actor"]["name"],
            &role["via"],
            &role["address"],
            &role["target_name"]
        ),
        (
            &json!({ "role": "member" }),
            &json!({ "role": "viewer" }),
            &json!("ada"),
            &json!({ "token": made["id"] }),
            &json!("127.0.0.1"),
            &json!("bob")
        )
    );
    let private = of("job.edit");
    assert_eq!(
        (&private["before"], &private["after"], &private["via"], &private["address"]),
        (
            &json!({ "private": false }),
            &json!({ "private": true }),
            &json!({ "token": made["id"] }),
            &json!("127.0.0.1")
        )
    );
    assert_eq!(private["target_name"], "#1 Secret plan");
    let team_line = of("job.team");
    assert_eq!(
        (&team_line["before"], &team_line["after"]),
        (&json!({ "team": [] }), &json!({ "team": team }))
    );
    assert_eq!(team_line["via"], Value::Null, "in person");
    assert_eq!(of("job.create")["address"], "127.0.0.1");
}

#[actix_web::test]
async fn acc_6_the_log_comes_in_pages_and_by_actor_act_and_time() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    for n in 0..5 {
        let by = if n % 2 == 0 { &ada } else { &bob };
        by.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": format!("Job {n}") }))
            .await;
    }
    let all = lines(&ada, &ws, "").await;
    assert!(all.len() > 8, "{all:?}");
    let (mut paged, mut cursor) = (vec![], String::new());
    loop {
        let page = ada.get(&format!("/workspaces/{ws}/audit?limit=3{cursor}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);

    let of_bob = lines(&ada, &ws, &format!("&actor={}", bob.id)).await;
    assert!(of_bob.iter().all(|line| line["actor"]["id"] == json!(bob.id)));
    assert_eq!(acts(&of_bob), ["job.create", "job.create", "invitation.accept"]);
    assert_eq!(lines(&ada, &ws, "&act=job.create").await.len(), 5);
    assert_eq!(acts(&lines(&ada, &ws, "&act=workspace").await), ["workspace.create"]);
    for act in ["job.", "nothing", "job.create_", "%25"] {
        ada.expect(422, Method::GET, &format!("/workspaces/{ws}/audit?act={act}"), None)
            .await;
    }
    let third = text(&all[2], "at");
    let since = lines(&ada, &ws, &format!("&from={third}")).await;
    let before = lines(&ada, &ws, &format!("&to={third}")).await;
    assert_eq!((since.len(), before.len()), (3, all.len() - 3));

    let export = ada
        .call(Method::GET, &format!("/workspaces/{ws}/audit.jsonl"))
        .send()
        .await
        .unwrap();
    assert_eq!(export.headers()["content-type"], "application/jsonl");
    assert!(export.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let export = export.text().await.unwrap();
    let mut exported: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    exported.reverse();
    assert_eq!(exported, all);
}

#[actix_web::test]
async fn acc_6_an_export_longer_than_a_batch_is_whole() {
    let server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    for n in 0..450 {
        let name = json!({ "name": format!("Team {n}") });
        ada.patch(200, &format!("/workspaces/{ws}"), name).await;
    }
    let export = ada
        .call(Method::GET, &format!("/workspaces/{ws}/audit.jsonl"))
        .send()
        .await
        .unwrap();
    let text = export.text().await.unwrap();
    assert_eq!(text.lines().count(), 451);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["after"]["name"], "Team 449");
}

#[actix_web::test]
async fn acc_6_what_concerns_an_account_is_shown_to_it_alone() {
    let server = server();
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let wrong = json!({ "email": ada.email, "password": "not the password" });
    server.nobody().post(401, "/auth/login", wrong).await;
    // It is noted after the answer.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    ada.patch(200, "/me", json!({ "name": "Ada" })).await;
    let change = json!({ "present": PASSWORD, "new": "another long password" });
    ada.post(204, "/auth/password", change).await;
    let token = ada.post(201, "/tokens", json!({ "name": "ci" })).await;
    ada.delete(204, &format!("/tokens/{}", text(&token, "id"))).await;
    let mine = ada.get("/me/audit").await;
    let mine = mine["items"].as_array().unwrap();
    assert_eq!(
        acts(mine),
        [
            "token.revoke",
            "token.create",
            "password.change",
            "account.name",
            "session.refused",
            "account.register"
        ]
    );
    assert_eq!(
        (&mine[0]["before"]["name"], &mine[3]["before"], &mine[3]["after"]),
        (&json!("ci"), &json!({ "name": "ada" }), &json!({ "name": "Ada" }))
    );
    assert_eq!(mine[4]["actor"], Value::Null);
    assert_eq!(acts(bob.get("/me/audit").await["items"].as_array().unwrap()), ["account.register"]);
}

/// Tries to change the log as somebody with the database in their hands would.
async fn tampered(server: &TestServer, sql: &'static str) -> String {
    use sqlx::Connection as _;
    sqlx::any::install_default_drivers();
    let mut conn = sqlx::AnyConnection::connect(&server.database_url()).await.unwrap();
    match sqlx::query(sql).execute(&mut conn).await {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[actix_web::test]
async fn acc_6_the_database_lets_nobody_change_or_remove_a_line() {
    let server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    for sql in [
        "UPDATE audit SET act = 'job.create'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE act = 'workspace.create'",
    ] {
        let said = tampered(&server, sql).await;
        assert!(said.contains("the audit log is append-only"), "{sql}: {said}");
    }
    ada.delete(204, &format!("/workspaces/{ws}")).await;
    let kept = server.rows("SELECT act FROM audit ORDER BY id").await;
    assert_eq!(kept, ["account.register", "workspace.create", "workspace.delete"]);
}

/// Every act there is, done once.
async fn everything(server: &TestServer) -> Person {
    use common::{canvas::Client, live::FakeRunner};
    let ([ada, bob, vic, _], ws) = team(server).await;
    let at = |path: &str| format!("/workspaces/{ws}{path}");
    // Accounts, sessions, tokens, passwords.
    ada.patch(200, "/me", json!({ "name": "Ada" })).await;
    let wrong = json!({ "email": ada.email, "password": "not the password" });
    server.nobody().post(401, "/auth/login", wrong).await;
    let login = json!({ "email": ada.email, "password": PASSWORD });
    server.nobody().post(200, "/auth/login", login).await;
    ada.delete(204, "/sessions?keep_current=true").await;
    let token = ada.post(201, "/tokens", json!({ "name": "ci" })).await;
    ada.delete(204, &format!("/tokens/{}", text(&token, "id"))).await;
    ada.post(204, "/auth/password", json!({ "present": PASSWORD, "new": PASSWORD }))
        .await;

    // The workspace, its members and who is invited.
    ada.patch(200, &at(""), json!({ "name": "Ours" })).await;
    ada.patch(200, &at(&format!("/members/{}", vic.id)), json!({ "role": "member" }))
        .await;
    ada.delete(204, &at(&format!("/members/{}", vic.id))).await;
    let invited = ada
        .post(201, &at("/invitations"), json!({ "email": "x@y.z", "role": "member" }))
        .await;
    let invited = at(&format!("/invitations/{}", text(&invited, "id")));
    ada.post(200, &format!("{invited}/resend"), json!({})).await;
    ada.delete(204, &invited).await;

    // Jobs of people.
    let job = async |new: Value| text(&ada.post(201, &at("/jobs"), new).await, "id");
    let (one, two) = (job(json!({ "title": "One" })).await, job(json!({ "title": "Two" })).await);
    let act = async |name: &str, body: Value| ada.post(200, &format!("/jobs/{one}/{name}"), body).await;
    ada.patch(200, &format!("/jobs/{one}"), json!({ "title": "First" })).await;
    ada.expect(
        200,
        Method::PUT,
        &format!("/jobs/{one}/team"),
        Some(json!([{ "user": bob.id, "role": "lead" }])),
    )
    .await;
    let on = format!("/jobs/{one}/dependencies/{two}");
    ada.expect(200, Method::PUT, &on, None).await;
    ada.delete(200, &on).await;
    act("ready", json!({})).await;
    act("unready", json!({})).await;
    act("move", json!({ "state": "ready" })).await;
    act("start", json!({})).await;
    act("submit", json!({ "body": "done" })).await;
    act("request_changes", json!({ "body": "more" })).await;
    act("start", json!({})).await;
    act("submit", json!({ "body": "done" })).await;
    act("approve", json!({})).await;
    ada.post(200, &format!("/jobs/{two}/ready"), json!({})).await;
    ada.post(200, &format!("/jobs/{two}/start"), json!({})).await;
    ada.post(200, &format!("/jobs/{two}/complete"), json!({})).await;
    let three = job(json!({ "title": "Three" })).await;
    ada.post(200, &format!("/jobs/{three}/cancel"), json!({})).await;
    ada.delete(204, &format!("/jobs/{three}")).await;
    let note = ada.post(201, &format!("/jobs/{one}/notes"), json!({ "body": "a note" })).await;
    ada.post(200, &format!("/notes/{}/retract", text(&note, "id")), json!({})).await;
    let upload = ada.call(Method::POST, &format!("/jobs/{one}/attachments?name=a.txt")).body("a");
    let file: Value = upload.send().await.unwrap().json().await.unwrap();
    ada.delete(204, &format!("/files/{}", text(&file, "id"))).await;

    // A folder of the Backlog.
    let folder = text(&ada.post(201, &at("/folders"), json!({ "path": "Soon" })).await, "id");
    ada.patch(200, &at(&format!("/folders/{folder}")), json!({ "path": "Later" })).await;
    ada.delete(204, &at(&format!("/folders/{folder}"))).await;

    // Runners that ask to be signed in.
    for answer in ["refuse", "approve"] {
        let machine = json!({ "machine": "box", "platform": "linux-x86_64", "version": "0.1.0" });
        let asked = server.nobody().post(201, "/runner_codes", machine).await;
        let at = |rest: &str| format!("/runner_codes/{}/{rest}", text(&asked, "code"));
        let (status, body) = if answer == "refuse" {
            (204, json!({}))
        } else {
            (200, json!({ "name": "box" }))
        };
        ada.post(status, &at(answer), body).await;
        server.nobody().post(200, &at("redeem"), json!({ "secret": asked["secret"] })).await;
    }

    // A job of an agent that asks, is stopped and tried again.
    let mut runner = FakeRunner::connect(&ada, true).await;
    let agentic = text(&common::live::ready(&ada, &ws, json!({})).await, "id");
    let work = runner.hears("assign").await;
    let request = "01900000-0000-7000-8000-000000000001";
    let ask = json!({ "kind": "question", "title": "Which?", "body": "", "choices": [], "free_text": true });
    runner
        .logs(&work, 1, &[json!({ "kind": "request", "request": request, "ask": ask })])
        .await;
    ada.post(200, &format!("/requests/{request}/answer"), json!({ "body": "this" }))
        .await;
    ada.post(200, &format!("/jobs/{agentic}/stop"), json!({})).await;
    let finished = json!({ "type": "finished", "attempt": work["attempt"], "fence": work["fence"], "last_seq": 1, "result": "stopped",
        "summary": null, "usage": {}, "branch": null, "session": null, "agent": null, "model": null });
    runner.socket.say(&finished).await.unwrap();
    runner.hears("finish_confirmed").await;
    ada.post(200, &format!("/jobs/{agentic}/retry"), json!({})).await;
    ada.patch(200, &format!("/runners/{}", runner.id), json!({ "name": "box 2" })).await;
    let disabled = at(&format!("/runners/{}/disabled", runner.id));
    ada.expect(204, Method::PUT, &disabled, None).await;
    ada.delete(204, &disabled).await;
    ada.delete(204, &format!("/runners/{}", runner.id)).await;

    // Canvases.
    let canvas = text(&ada.post(201, &at("/canvases"), json!({ "name": "Plan" })).await, "id");
    let mut drawing = Client::join(&ada, &canvas, 1).await;
    drawing.add("group", "group", "Later").await;
    drawing.saved().await;
    let folder = format!("/canvases/{canvas}/folders/group");
    ada.expect(200, Method::PUT, &folder, Some(json!({ "folder": "Later" }))).await;
    ada.patch(200, &format!("/canvases/{canvas}"), json!({ "name": "Plans" })).await;
    let exported = ada.get(&format!("/canvases/{canvas}/export.json")).await;
    ada.post(200, &format!("/canvases/{canvas}/import"), exported).await;
    ada.delete(204, &format!("/canvases/{canvas}")).await;

    ada.patch(200, &at(&format!("/members/{}", bob.id)), json!({ "role": "owner" }))
        .await;
    bob.delete(204, &at("")).await;
    ada
}

#[actix_web::test]
async fn acc_6_every_act_there_is_leaves_its_line_and_no_line_holds_a_secret() {
    let server = server();
    let ada = everything(&server).await;
    // A refused sign-in is noted after its answer.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let done: std::collections::BTreeSet<_> = server.rows("SELECT DISTINCT act FROM audit").await.into_iter().collect();
    // Tried with mail and at the server's machine, in other files.
    let elsewhere = ["password.reset", "password.reset_link"];
    let missing: Vec<_> = coord_protocol::audit::ACTS
        .iter()
        .filter(|act| !done.contains(**act) && !elsewhere.contains(act))
        .collect();
    assert!(missing.is_empty(), "nothing told of {missing:?}");
    let unlisted: Vec<_> = done
        .iter()
        .filter(|act| !coord_protocol::audit::ACTS.contains(&act.as_str()))
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");

    let lines = server.rows("SELECT act || ' ' || target || ' ' || detail FROM audit").await;
    let session = ada.header.clone().unwrap().1.replace("coord_session=", "");
    for line in &lines {
        for secret in [
            PASSWORD,
            "not the password",
            session.as_str(),
            "coord_t_",
            "coord_r_",
            "coord_c_",
            "$argon2id",
            "hash",
        ] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    // What changes a right says what it was and what it is.
    for act in [
        "member.role",
        "workspace.transfer",
        "workspace.change",
        "job.team",
        "runner.change",
        "runner.disable",
        "account.name",
    ] {
        let line = lines.iter().find(|line| line.starts_with(act)).unwrap();
        assert!(line.contains("\"before\"") && line.contains("\"after\""), "{line}");
    }
    for act in [
        "member.remove",
        "token.revoke",
        "runner.remove",
        "workspace.delete",
        "invitation.revoke",
    ] {
        let line = lines.iter().find(|line| line.starts_with(act)).unwrap();
        assert!(line.contains("\"before\":{"), "{line}");
    }
}
