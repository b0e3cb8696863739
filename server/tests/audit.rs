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
