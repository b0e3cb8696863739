//! Who did what, over HTTP: told of what one may see, filtered and paged (WEB-2, ACC-4, JOB-11).

mod common;

use common::{Person, live::team, server, text};
use reqwest::Method;
use serde_json::{Value, json};

async fn lines(person: &Person, ws: &str, query: &str) -> Vec<Value> {
    let page = person.get(&format!("/workspaces/{ws}/activity{query}")).await;
    page["items"].as_array().unwrap().clone()
}

/// What, and who did it.
fn short(lines: &[Value]) -> Vec<(String, String)> {
    let name = |line: &Value| line["by"]["name"].as_str().unwrap_or("nobody").to_owned();
    lines.iter().map(|line| (text(line, "what"), name(line))).collect()
}

fn pair(what: &str, by: &str) -> (String, String) {
    (what.to_owned(), by.to_owned())
}

async fn job(by: &Person, ws: &str, title: &str) -> String {
    text(
        &by.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": title })).await,
        "id",
    )
}

#[actix_web::test]
async fn web_2_activity_says_who_did_what_to_what() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (first, second) = (job(&ada, &ws, "First").await, job(&bob, &ws, "Second").await);
    bob.expect(200, Method::PUT, &format!("/jobs/{second}/dependencies/{first}"), None)
        .await;
    bob.post(201, &format!("/jobs/{first}/notes"), json!({ "body": "Well done" })).await;
    let file = bob
        .call(Method::POST, &format!("/jobs/{second}/attachments?name=plan.txt"))
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(file.status(), 201);
    let canvas = text(
        &ada.post(201, &format!("/workspaces/{ws}/canvases"), json!({ "name": "Plan" }))
            .await,
        "id",
    );
    ada.patch(200, &format!("/canvases/{canvas}"), json!({ "name": "Beds" })).await;
    ada.patch(200, &format!("/workspaces/{ws}/members/{}", bob.id), json!({ "role": "admin" }))
        .await;
    ada.post(200, &format!("/jobs/{first}/ready"), json!({})).await;

    let all = lines(&bob, &ws, "").await;
    let moved = &all[0];
    assert_eq!(
        (&moved["kind"], &moved["from"], &moved["to"], &moved["act"]),
        (&json!("moves"), &json!("backlog"), &json!("ready"), &json!("ready"))
    );
    let member = &all[1];
    assert_eq!(
        (&member["act"], &member["role"], &member["user"]["name"]),
        (&json!("role"), &json!("admin"), &json!("bob"))
    );
    assert_eq!(member["by"]["name"], "ada");
    assert_eq!((&all[2]["act"], &all[2]["canvas"]["name"]), (&json!("renamed"), &json!("Beds")));
    assert_eq!((&all[3]["act"], &all[3]["canvas"]["id"]), (&json!("created"), &json!(canvas)));
    assert_eq!(
        (&all[4]["act"], &all[4]["file"], &all[4]["job"]["title"]),
        (&json!("added"), &json!("plan.txt"), &json!("Second"))
    );
    assert_eq!((&all[5]["kind"], &all[5]["text"]), (&json!("notes"), &json!("Well done")));
    let depends = &all[6];
    assert_eq!((&depends["kind"], &depends["act"]), (&json!("dependencies"), &json!("added")));
    assert_eq!(
        (&depends["job"]["title"], &depends["other"]["title"]),
        (&json!("Second"), &json!("First"))
    );
    assert_eq!(short(&all[7..9]), [pair("job.created", "bob"), pair("job.created", "ada")]);
    assert_eq!((&all[9]["act"], &all[9]["user"]["name"]), (&json!("joined"), &json!("vic")));

    ada.delete(204, &format!("/canvases/{canvas}")).await;
    let gone = &lines(&bob, &ws, "?kind=canvases").await;
    assert!(gone.iter().all(|line| line["gone"] == true), "{gone:?}");
    assert_eq!(
        (text(&gone[0], "what"), &gone[0]["canvas"]["name"]),
        ("canvas.deleted".to_owned(), &json!("Beds"))
    );
}

#[actix_web::test]
async fn web_2_activity_is_filtered_and_paged() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let (first, second) = (job(&ada, &ws, "First").await, job(&bob, &ws, "Second").await);
    ada.patch(200, &format!("/jobs/{second}"), json!({ "title": "Second, renamed" }))
        .await;
    assert_eq!(
        short(&lines(&bob, &ws, &format!("?job={second}")).await),
        [pair("job.changed", "ada"), pair("job.created", "bob")]
    );
    assert_eq!(lines(&bob, &ws, &format!("?by={}&kind=jobs", ada.id)).await.len(), 2);
    assert_eq!(lines(&bob, &ws, &format!("?by={}&kind=jobs&job={first}", ada.id)).await.len(), 1);
    let now = text(&lines(&bob, &ws, "").await[0], "at");
    assert_eq!(lines(&bob, &ws, &format!("?to={now}&kind=jobs&limit=1")).await.len(), 1);
    assert!(lines(&bob, &ws, "?from=2100-01-01T00:00:00Z").await.is_empty());
    assert!(lines(&bob, &ws, "?to=2000-01-01T00:00:00Z").await.is_empty());
    for wrong in ["kind=all", "by=me", "from=today"] {
        bob.expect(422, Method::GET, &format!("/workspaces/{ws}/activity?{wrong}"), None)
            .await;
    }
    let (mut paged, mut cursor) = (vec![], String::new());
    loop {
        let page = bob.get(&format!("/workspaces/{ws}/activity?limit=2{cursor}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, lines(&bob, &ws, "").await);
}

#[actix_web::test]
async fn acc_4_activity_tells_nothing_of_what_one_may_not_see() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let open = job(&ada, &ws, "Open").await;
    let secret = job(&ada, &ws, "Secret").await;
    ada.patch(200, &format!("/jobs/{secret}"), json!({ "private": true })).await;
    ada.expect(200, Method::PUT, &format!("/jobs/{open}/dependencies/{secret}"), None)
        .await;
    let told = lines(&bob, &ws, "").await;
    assert!(told.iter().all(|line| line["kind"] != "dependencies"), "{told:?}");
    assert!(!format!("{told:?}").contains("Secret"));
    assert!(lines(&bob, &ws, &format!("?job={secret}")).await.is_empty());
    assert_eq!(lines(&ada, &ws, "?kind=dependencies").await.len(), 1);
}

#[actix_web::test]
async fn job_11_a_deleted_job_is_a_tombstone_and_nothing_else() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = job(&ada, &ws, "Gone soon").await;
    ada.post(201, &format!("/jobs/{id}/notes"), json!({ "body": "a note" })).await;
    ada.delete(204, &format!("/jobs/{id}")).await;
    let told = lines(&bob, &ws, &format!("?job={id}")).await;
    assert_eq!(short(&told), [pair("job.deleted", "ada")]);
    assert_eq!((&told[0]["gone"], &told[0]["job"]["title"]), (&json!(true), &json!("Gone soon")));
}
