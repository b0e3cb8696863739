//! Jobs over HTTP: life, rights, dependencies, notes, activity.

mod common;

use common::{Person, TestServer, server, text};
use reqwest::Method;
use serde_json::{Value, json};

/// A workspace of Ada's with Bob (member), Vic (viewer) and Adam (admin); Eve is in none.
struct Team {
    server: TestServer,
    ada: Person,
    adam: Person,
    bob: Person,
    vic: Person,
    eve: Person,
    ws: String,
}

async fn team() -> Team {
    let server = server();
    let [ada, adam, bob, vic, eve] = [
        server.person("ada").await,
        server.person("adam").await,
        server.person("bob").await,
        server.person("vic").await,
        server.person("eve").await,
    ];
    let ws = ada.workspace("Team").await;
    ada.let_in(&ws, &adam, "admin").await;
    ada.let_in(&ws, &bob, "member").await;
    ada.let_in(&ws, &vic, "viewer").await;
    Team {
        server,
        ada,
        adam,
        bob,
        vic,
        eve,
        ws,
    }
}

impl Team {
    async fn job(&self, by: &Person, body: Value) -> Value {
        by.post(201, &format!("/workspaces/{}/jobs", self.ws), body).await
    }

    async fn numbers(&self, by: &Person, query: &str) -> Vec<i64> {
        let page = by.get(&format!("/workspaces/{}/jobs{query}", self.ws)).await;
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["number"].as_i64().unwrap())
            .collect()
    }
}

async fn command(by: &Person, status: u16, job: &Value, name: &str, body: Value) -> Value {
    by.post(status, &format!("/jobs/{}/{name}", text(job, "id")), body).await
}

#[actix_web::test]
async fn job_2_a_new_job_is_in_backlog_and_ready_only_when_asked() {
    let team = team().await;
    let plain = team.job(&team.bob, json!({ "title": "First" })).await;
    assert_eq!(
        (plain["state"].as_str(), plain["number"].as_i64(), plain["kind"].as_str()),
        (Some("backlog"), Some(1), Some("user"))
    );
    assert_eq!(plain["owner"]["name"], "bob");
    let ready = team
        .job(&team.bob, json!({ "title": "Second", "agent": "any", "state": "ready" }))
        .await;
    assert_eq!(
        (ready["state"].as_str(), ready["hold"]["reason"].as_str()),
        (Some("ready"), Some("no_runner")),
        "{ready}"
    );
    let shown = team.vic.get(&format!("/jobs/{}", text(&ready, "id"))).await;
    assert_eq!(shown["title"], "Second");

    let jobs = format!("/workspaces/{}/jobs", team.ws);
    let refused = team.bob.post(422, &jobs, json!({ "title": "x", "state": "done" })).await;
    assert_eq!(refused["rule"], "JOB-2");
    let refused = team.bob.post(422, &jobs, json!({ "title": "", "mode": "edit" })).await;
    assert!(refused["errors"].is_object(), "{refused}");
    team.bob.post(422, &jobs, json!({ "title": "x", "colour": "red" })).await;
    team.vic.post(403, &jobs, json!({ "title": "x" })).await;
    team.eve.post(404, &jobs, json!({ "title": "x" })).await;
    assert_eq!(team.numbers(&team.vic, "").await, [2, 1], "refused ones left nothing");
}

#[actix_web::test]
async fn job_6_a_user_job_goes_from_backlog_to_done() {
    let team = team().await;
    let job = team.job(&team.bob, json!({ "title": "By hand" })).await;
    let job = command(&team.bob, 200, &job, "start", json!({})).await;
    assert_eq!(
        (job["state"].as_str(), job["attempt"]["person"]["name"].as_str()),
        (Some("in_progress"), Some("bob"))
    );
    let job = command(&team.bob, 200, &job, "submit", json!({ "body": "Here it is." })).await;
    assert_eq!(job["state"], "awaiting_review");
    let again = command(&team.ada, 200, &job, "request_changes", json!({ "body": "Not yet." })).await;
    assert_eq!(
        (again["state"].as_str(), again["attempt"]["review"]["body"].as_str()),
        (Some("ready"), Some("Not yet."))
    );
    let job = command(&team.bob, 200, &job, "move", json!({ "state": "awaiting_review" })).await;
    let job = command(&team.ada, 200, &job, "approve", json!({})).await;
    assert_eq!(job["state"], "done");
    let attempts = team.vic.get(&format!("/jobs/{}/attempts", text(&job, "id"))).await;
    let outcomes: Vec<_> = attempts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["changes_requested", "approved"]);
    let attempt = team.vic.get(&format!("/attempts/{}", text(&attempts["items"][0], "id"))).await;
    assert_eq!(attempt, attempts["items"][0]);
    let log = team.vic.get(&format!("/attempts/{}/log", text(&attempt, "id"))).await;
    assert_eq!(log, json!({ "items": [], "head": 0 }));
    team.vic
        .expect(404, Method::GET, &format!("/attempts/{}/diff", text(&attempt, "id")), None)
        .await;
}

#[actix_web::test]
async fn job_7_a_stale_version_is_refused_with_the_current_job() {
    let team = team().await;
    let job = team.job(&team.bob, json!({ "title": "First" })).await;
    let id = text(&job, "id");
    let changed = team
        .bob
        .patch(200, &format!("/jobs/{id}"), json!({ "title": "Second", "if_version": 1 }))
        .await;
    assert_eq!((changed["title"].as_str(), changed["version"].as_i64()), (Some("Second"), Some(2)));
    let stale = team
        .ada
        .patch(409, &format!("/jobs/{id}"), json!({ "title": "Third", "if_version": 1 }))
        .await;
    let hers = team.ada.get(&format!("/jobs/{id}")).await;
    assert_eq!((stale["rule"].as_str(), &stale["current"]), (Some("JOB-7"), &hers));
    let stale = command(&team.ada, 409, &job, "ready", json!({ "if_version": 1 })).await;
    assert_eq!(stale["current"]["version"], 2);
    assert_eq!(team.bob.get(&format!("/jobs/{id}")).await, changed);
}

#[actix_web::test]
async fn job_8_a_refused_command_says_which_rule_and_changes_nothing() {
    let team = team().await;
    let job = team.job(&team.bob, json!({ "title": "First", "agent": "any" })).await;
    for (name, body, status, rule) in [
        ("complete", json!({}), 409, "JOB-5"),
        ("approve", json!({}), 409, "REV-1"),
        ("retry", json!({}), 409, "JOB-5"),
        ("move", json!({ "state": "done" }), 409, "JOB-5"),
    ] {
        let refused = command(&team.bob, status, &job, name, body).await;
        assert!(
            refused["rule"].is_string() && !text(&refused, "detail").is_empty(),
            "{name} ({rule}): {refused}"
        );
    }
    command(&team.bob, 422, &job, "move", json!({})).await;
    let refused = command(&team.bob, 404, &job, "fly", json!({})).await;
    assert!(refused["rule"].is_null(), "{refused}");
    let document = team.bob.get("/openapi.json").await;
    for name in document["components"]["schemas"]["CommandName"]["enum"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        assert!(text(&refused, "detail").contains(name), "{name}: {refused}");
    }
    command(&team.vic, 403, &job, "ready", json!({})).await;
    command(&team.eve, 404, &job, "ready", json!({})).await;
    assert_eq!(team.bob.get(&format!("/jobs/{}", text(&job, "id"))).await["version"], 1);
}

#[actix_web::test]
async fn job_12_a_canceled_job_is_duplicated_into_a_new_one_that_links_back() {
    let team = team().await;
    let job = team
        .job(&team.bob, json!({ "title": "First", "agent": "any", "domains": ["web"] }))
        .await;
    command(&team.bob, 409, &job, "duplicate", json!({})).await;
    command(&team.bob, 200, &job, "cancel", json!({})).await;
    let copy = command(&team.ada, 201, &job, "duplicate", json!({})).await;
    assert_eq!(
        (copy["state"].as_str(), copy["number"].as_i64(), copy["creator"]["name"].as_str()),
        (Some("backlog"), Some(2), Some("ada"))
    );
    assert_eq!((&copy["duplicate_of"], &copy["domains"]), (&job["id"], &job["domains"]));
}

#[actix_web::test]
async fn api_1_the_same_key_makes_one_job_though_sent_many_times_at_once() {
    let team = team().await;
    let path = format!("/workspaces/{}/jobs", team.ws);
    let send = |title: &'static str| {
        team.bob
            .call(Method::POST, &path)
            .header("idempotency-key", "k1")
            .json(&json!({ "title": title }))
            .send()
    };
    let answers = futures_util::future::join_all((0..8).map(|_| send("Once"))).await;
    let mut ids = vec![];
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        ids.push(text(&answer.json().await.unwrap(), "id"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    team.bob
        .patch(200, &format!("/jobs/{}", ids[0]), json!({ "title": "Renamed" }))
        .await;
    let again = send("Once").await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let again: Value = again.json().await.unwrap();
    assert_eq!((text(&again, "id"), text(&again, "title")), (ids[0].clone(), "Renamed".to_owned()));
    assert_eq!(send("Other").await.unwrap().status(), 422);
    let by_other = team
        .ada
        .call(Method::POST, &path)
        .header("idempotency-key", "k1")
        .json(&json!({ "title": "Hers" }))
        .send();
    assert_eq!(by_other.await.unwrap().status(), 201);
    assert_eq!(team.numbers(&team.bob, "").await, [2, 1]);
}

#[actix_web::test]
async fn api_1_jobs_are_listed_in_pages_and_filtered() {
    let team = team().await;
    for n in 1..=7 {
        let body = json!({ "title": format!("Job {n}"), "domains": if n % 2 == 0 { vec!["even"] } else { vec![] } });
        team.job(&team.bob, body).await;
    }
    let first = team.vic.get(&format!("/workspaces/{}/jobs?limit=3", team.ws)).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    let rest = team
        .vic
        .get(&format!("/workspaces/{}/jobs?limit=200&cursor={}", team.ws, text(&first, "next")))
        .await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (4, &Value::Null));
    assert_eq!(team.numbers(&team.vic, "?domain=even").await, [6, 4, 2]);
    assert_eq!(team.numbers(&team.vic, "?q=job%205").await, [5]);
    assert_eq!(team.numbers(&team.vic, "?state=ready,done").await, Vec::<i64>::new());
    assert_eq!(
        team.numbers(&team.vic, &format!("?assignee={}", team.ada.id)).await,
        Vec::<i64>::new()
    );
    for wrong in ["?limit=0", "?limit=201", "?limit=x", "?cursor=x", "?state=flying", "?assignee=x"] {
        team.vic
            .expect(422, Method::GET, &format!("/workspaces/{}/jobs{wrong}", team.ws), None)
            .await;
    }
    team.eve
        .expect(404, Method::GET, &format!("/workspaces/{}/jobs", team.ws), None)
        .await;
}

#[actix_web::test]
async fn acc_4_a_private_job_does_not_exist_for_those_who_may_not_see_it() {
    let team = team().await;
    let secret = team
        .job(
            &team.ada,
            json!({ "title": "canary-title", "private": true, "description": "canary-words", "agent": "any", "state": "ready" }),
        )
        .await;
    let id = text(&secret, "id");
    team.ada
        .post(201, &format!("/jobs/{id}/notes"), json!({ "body": "canary-note" }))
        .await;
    let public = team.job(&team.bob, json!({ "title": "Public" })).await;
    let public_id = text(&public, "id");
    // An admin sees both, and ties them together.
    team.adam
        .expect(200, Method::PUT, &format!("/jobs/{public_id}/dependencies/{id}"), None)
        .await;
    team.adam
        .expect(
            200,
            Method::PATCH,
            &format!("/jobs/{public_id}"),
            Some(json!({ "auto_ready": true })),
        )
        .await;

    for outsider in [&team.bob, &team.vic, &team.eve] {
        for path in ["", "/notes", "/attachments", "/deliverables", "/attempts", "/team", "/dependencies"] {
            let none = outsider.expect(404, Method::GET, &format!("/jobs/{id}{path}"), None).await;
            assert!(!none.to_string().contains("canary"), "{none}");
        }
        outsider.patch(404, &format!("/jobs/{id}"), json!({ "title": "x" })).await;
        outsider.delete(404, &format!("/jobs/{id}")).await;
        outsider.post(404, &format!("/jobs/{id}/cancel"), json!({})).await;
        outsider.post(404, &format!("/jobs/{id}/notes"), json!({ "body": "x" })).await;
        outsider
            .expect(404, Method::PUT, &format!("/jobs/{id}/team"), Some(json!([])))
            .await;
        // Who may not change the public job learns no more than that.
        let status = if outsider.id == team.vic.id { 403 } else { 404 };
        outsider
            .expect(status, Method::PUT, &format!("/jobs/{public_id}/dependencies/{id}"), None)
            .await;
        outsider
            .expect(404, Method::POST, &format!("/jobs/{id}/attachments?name=x"), None)
            .await;
    }
    for insider in [&team.bob, &team.vic] {
        let mut seen = vec![insider.get(&format!("/workspaces/{}/jobs", team.ws)).await];
        seen.push(insider.get(&format!("/workspaces/{}/jobs?q=canary", team.ws)).await);
        seen.push(insider.get(&format!("/workspaces/{}/activity", team.ws)).await);
        seen.push(insider.get(&format!("/workspaces/{}/requests", team.ws)).await);
        seen.push(insider.get(&format!("/jobs/{public_id}")).await);
        seen.push(insider.get(&format!("/jobs/{public_id}/dependencies")).await);
        for seen in seen {
            let seen = seen.to_string();
            assert!(!seen.contains("canary") && !seen.contains(&id), "{seen}");
        }
    }
    let refused = team
        .bob
        .post(
            422,
            &format!("/workspaces/{}/jobs", team.ws),
            json!({ "title": "x", "dependencies": [id] }),
        )
        .await;
    assert!(!refused.to_string().contains("canary"));
    assert_eq!(team.adam.get(&format!("/jobs/{public_id}")).await["dependencies"], json!([id]));
    // Let in, they see it at once; put out, no more.
    team.ada
        .expect(
            200,
            Method::PUT,
            &format!("/jobs/{id}/team"),
            Some(json!([{ "user": team.bob.id, "role": "viewer" }])),
        )
        .await;
    assert_eq!(team.bob.get(&format!("/jobs/{id}")).await["title"], "canary-title");
    team.ada
        .expect(200, Method::PUT, &format!("/jobs/{id}/team"), Some(json!([])))
        .await;
    team.bob.expect(404, Method::GET, &format!("/jobs/{id}"), None).await;
}

#[actix_web::test]
async fn acc_3_a_team_names_members_of_the_workspace_only() {
    let team = team().await;
    let job = team.job(&team.bob, json!({ "title": "First" })).await;
    let path = format!("/jobs/{}/team", text(&job, "id"));
    let refused = team
        .bob
        .expect(422, Method::PUT, &path, Some(json!([{ "user": team.eve.id, "role": "lead" }])))
        .await;
    assert!(refused["errors"]["team"].is_string(), "{refused}");
    let lead = json!([{ "user": team.adam.id, "role": "lead" }]);
    assert_eq!(team.bob.expect(200, Method::PUT, &path, Some(lead.clone())).await, lead);
    assert_eq!(team.vic.get(&path).await, lead);
    team.vic.expect(403, Method::PUT, &path, Some(json!([]))).await;
    team.bob.expect(422, Method::PUT, &path, Some(json!({}))).await;
}

#[actix_web::test]
async fn dep_1_a_cycle_is_refused_and_named_and_dep_2_open_dependencies_hold() {
    let team = team().await;
    let mut ids = vec![];
    for n in 1..=3 {
        ids.push(text(&team.job(&team.bob, json!({ "title": format!("Job {n}") })).await, "id"));
    }
    let path = |from: usize, to: usize| format!("/jobs/{}/dependencies/{}", ids[from - 1], ids[to - 1]);
    let job = team.bob.expect(200, Method::PUT, &path(2, 1), None).await;
    assert_eq!(job["dependencies"], json!([ids[0]]));
    team.bob.expect(200, Method::PUT, &path(2, 1), None).await;
    team.bob.expect(200, Method::PUT, &path(3, 2), None).await;
    let refused = team.bob.expect(409, Method::PUT, &path(1, 3), None).await;
    assert_eq!(refused["rule"], "DEP-1");
    assert!(text(&refused, "detail").contains("#1 → #3 → #2 → #1"), "{refused}");
    team.bob.expect(409, Method::PUT, &path(1, 1), None).await;
    team.vic.expect(403, Method::PUT, &path(1, 3), None).await;
    assert_eq!(team.vic.get(&path(2, 1)).await["number"], 1);
    team.vic.expect(404, Method::GET, &path(1, 2), None).await;
    assert_eq!(team.vic.get(&format!("/jobs/{}", ids[0])).await["dependents"], json!([ids[1]]));

    let refused = team.bob.post(409, &format!("/jobs/{}/ready", ids[1]), json!({})).await;
    assert_eq!(refused["rule"], "DEP-2");
    team.bob.post(200, &format!("/jobs/{}/start", ids[0]), json!({})).await;
    team.bob.post(200, &format!("/jobs/{}/complete", ids[0]), json!({})).await;
    team.bob.post(200, &format!("/jobs/{}/ready", ids[1]), json!({})).await;
    let refused = team.bob.expect(409, Method::PUT, &path(2, 3), None).await;
    assert_eq!(refused["rule"], "DEP-3");
    let job = team.bob.expect(200, Method::DELETE, &path(2, 1), None).await;
    assert_eq!(job["dependencies"], json!([]));
}

#[actix_web::test]
async fn job_7_a_dependency_added_or_removed_raises_the_version() {
    let team = team().await;
    let first = text(&team.job(&team.bob, json!({ "title": "First" })).await, "id");
    let job = team.job(&team.bob, json!({ "title": "Second" })).await;
    let path = format!("/jobs/{}", text(&job, "id"));
    let dependency = format!("{path}/dependencies/{first}");
    let renamed = team.bob.patch(200, &path, json!({ "title": "Waits", "if_version": 1 })).await;
    assert_eq!(renamed["version"], 2);
    for (method, version) in [(Method::PUT, 3), (Method::DELETE, 5)] {
        let changed = team.bob.expect(200, method.clone(), &dependency, None).await;
        assert_eq!(changed["version"], version);
        let again = team.bob.expect(200, method, &dependency, None).await;
        assert_eq!(again["version"], version, "a second time changes nothing");
        let stale = team
            .bob
            .patch(409, &path, json!({ "title": "Stale", "if_version": version - 1 }))
            .await;
        assert_eq!((stale["rule"].as_str(), &stale["current"]), (Some("JOB-7"), &changed));
        let edited = team
            .bob
            .patch(200, &path, json!({ "title": format!("{version}"), "if_version": version }))
            .await;
        assert_eq!(edited["version"], version + 1);
    }
    assert_eq!(team.bob.get(&format!("/jobs/{first}")).await["version"], 1);
}

#[actix_web::test]
async fn dep_1_jobs_of_two_workspaces_do_not_depend_on_each_other() {
    let team = team().await;
    let here = team.job(&team.ada, json!({ "title": "Here" })).await;
    let other = team.ada.workspace("Other").await;
    let there = team
        .ada
        .post(201, &format!("/workspaces/{other}/jobs"), json!({ "title": "There" }))
        .await;
    let path = format!("/jobs/{}/dependencies/{}", text(&here, "id"), text(&there, "id"));
    assert_eq!(team.ada.expect(409, Method::PUT, &path, None).await["rule"], "DEP-1");
}

#[actix_web::test]
async fn note_1_notes_are_appended_and_retracted_by_admins_only() {
    let team = team().await;
    let job = team.job(&team.bob, json!({ "title": "First" })).await;
    command(&team.bob, 200, &job, "start", json!({})).await;
    let notes = format!("/jobs/{}/notes", text(&job, "id"));
    let note = team.bob.post(201, &notes, json!({ "body": "**Look** here" })).await;
    assert_eq!((note["attempt"].as_i64(), note["author"]["name"].as_str()), (Some(1), Some("bob")));
    assert_eq!(team.bob.post(422, &notes, json!({ "body": "  " })).await["rule"], "NOTE-1");
    team.bob.post(422, &notes, json!({ "body": "x".repeat(16 * 1024 + 1) })).await;
    team.vic.post(403, &notes, json!({ "body": "x" })).await;
    let retract = format!("/notes/{}/retract", text(&note, "id"));
    team.bob.post(403, &retract, json!({})).await;
    team.eve.post(404, &retract, json!({})).await;
    let gone = team.adam.post(200, &retract, json!({})).await;
    assert_eq!((&gone["body"], gone["retracted_by"]["name"].as_str()), (&Value::Null, Some("adam")));
    team.adam.post(409, &retract, json!({})).await;
    assert_eq!(team.vic.get(&notes).await["items"], json!([gone]));
}

#[actix_web::test]
async fn job_7_the_deletion_of_a_job_is_a_change_of_those_that_waited_for_it() {
    let team = team().await;
    let first = team.job(&team.bob, json!({ "title": "First" })).await;
    let waits = team.job(&team.bob, json!({ "title": "Waits" })).await;
    let path = format!("/jobs/{}", text(&waits, "id"));
    let dependency = format!("{path}/dependencies/{}", text(&first, "id"));
    assert_eq!(team.bob.call(Method::PUT, &dependency).send().await.unwrap().status(), 200);
    let before = team.bob.get(&path).await;
    let mut events = team.vic.socket(&format!("/workspaces/{}/events", team.ws)).await.unwrap();
    assert_eq!(events.json().await["type"], "caught");
    team.bob.delete(204, &format!("/jobs/{}", text(&first, "id"))).await;
    let told = loop {
        let event = events.json().await;
        if event["type"] == "job.changed" && event["job"]["id"] == waits["id"] {
            break event;
        }
    };
    assert_eq!(told["job"]["dependencies"], json!([]));
    assert!(told["job"]["version"].as_i64() > before["version"].as_i64(), "{told}");
    // Who saw it before is told, and nobody acts on what was.
    team.bob
        .post(409, &format!("{path}/ready"), json!({ "if_version": before["version"] }))
        .await;
    command(&team.bob, 200, &team.bob.get(&path).await, "ready", json!({})).await;
}

#[actix_web::test]
async fn job_11_a_deleted_job_leaves_a_tombstone_and_frees_its_files() {
    let team = team().await;
    let job = team.job(&team.bob, json!({ "title": "Short-lived" })).await;
    let id = text(&job, "id");
    let upload = team
        .bob
        .call(Method::POST, &format!("/jobs/{id}/attachments?name=x.txt"))
        .body("content")
        .send()
        .await
        .unwrap();
    assert_eq!(upload.status(), 201);
    command(&team.bob, 200, &job, "ready", json!({})).await;
    assert_eq!(team.bob.delete(409, &format!("/jobs/{id}")).await["rule"], "JOB-11");
    command(&team.bob, 200, &job, "unready", json!({})).await;
    team.bob.delete(204, &format!("/jobs/{id}")).await;
    team.bob.expect(404, Method::GET, &format!("/jobs/{id}"), None).await;
    let left: Vec<_> = std::fs::read_dir(team.server.data.join("files")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");

    let activity = team.vic.get(&format!("/workspaces/{}/activity", team.ws)).await;
    let last = &activity["items"][0];
    assert_eq!(
        (last["what"].as_str(), last["job"]["title"].as_str()),
        (Some("job.deleted"), Some("Short-lived")),
        "{activity}"
    );
    assert_eq!(
        (last["by"]["name"].as_str(), last["job"]["number"].as_i64()),
        (Some("bob"), Some(1))
    );
    let about_it = activity["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["job"].is_object())
        .count();
    assert_eq!(about_it, 1, "of its past only the end is told");
    let page = team.vic.get(&format!("/workspaces/{}/activity?limit=1", team.ws)).await;
    let rest = team
        .vic
        .get(&format!("/workspaces/{}/activity?cursor={}", team.ws, text(&page, "next")))
        .await;
    assert_eq!(rest["items"][0]["what"], "member.changed", "{rest}");
}

#[actix_web::test]
async fn dep_5_a_job_becomes_ready_when_the_last_it_waits_for_is_taken_away() {
    let Team { ada, ws, .. } = &team().await;
    let jobs = format!("/workspaces/{ws}/jobs");
    let first = text(&ada.post(201, &jobs, json!({ "title": "First" })).await, "id");
    let waits = json!({ "title": "Waits", "auto_ready": true, "dependencies": [first] });
    let waits = text(&ada.post(201, &jobs, waits).await, "id");
    let state = async |job: &str| text(&ada.get(&format!("/jobs/{job}")).await, "state");
    assert_eq!(state(&waits).await, "backlog");
    ada.expect(200, Method::DELETE, &format!("/jobs/{waits}/dependencies/{first}"), None)
        .await;
    assert_eq!(state(&waits).await, "ready");
    // Told so only after what it depends on is done.
    let late = text(
        &ada.post(201, &jobs, json!({ "title": "Late", "dependencies": [first] })).await,
        "id",
    );
    ada.post(200, &format!("/jobs/{first}/move"), json!({ "state": "in_progress" }))
        .await;
    ada.post(200, &format!("/jobs/{first}/complete"), json!({})).await;
    assert_eq!(state(&late).await, "backlog");
    ada.patch(200, &format!("/jobs/{late}"), json!({ "auto_ready": true })).await;
    for _ in 0..100 {
        if state(&late).await == "ready" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it stays in the backlog");
}
