//! Folders of the Backlog and its order over HTTP and in the feed (JOB-1, CAN-7, ACC-3, ACC-4).

mod common;

use common::{
    Person,
    canvas::Client,
    live::{Socket, team},
    server, text,
};
use reqwest::Method;
use serde_json::{Value, json};

struct Backlog {
    ws: String,
}

impl Backlog {
    fn folders(&self) -> String {
        format!("/workspaces/{}/folders", self.ws)
    }

    async fn make(&self, by: &Person, path: &str) -> String {
        text(&by.post(201, &self.folders(), json!({ "path": path })).await, "id")
    }

    async fn job(&self, by: &Person, title: &str, more: Value) -> String {
        let mut new = json!({ "title": title });
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        text(&by.post(201, &format!("/workspaces/{}/jobs", self.ws), new).await, "id")
    }

    /// Paths in the order they are shown in, whoever they lie in.
    async fn paths(&self, by: &Person) -> Vec<String> {
        let listed = by.get(&self.folders()).await;
        let mut items: Vec<_> = listed["items"].as_array().unwrap().clone();
        items.sort_by_key(|folder| (text(folder, "position"), text(folder, "path")));
        items.iter().map(|folder| text(folder, "path")).collect()
    }

    async fn folder_of(&self, by: &Person, job: &str) -> Value {
        by.get(&format!("/jobs/{job}")).await["folder"].clone()
    }

    /// Numbers of the jobs in their order.
    async fn order(&self, by: &Person) -> Vec<i64> {
        let listed = by.get(&format!("/workspaces/{}/jobs", self.ws)).await;
        let mut items: Vec<_> = listed["items"].as_array().unwrap().clone();
        items.sort_by_key(|job| (text(job, "position"), job["number"].as_i64()));
        items.iter().map(|job| job["number"].as_i64().unwrap()).collect()
    }
}

/// What is heard until this type of event.
async fn heard_until(events: &mut Socket, kind: &str) -> Vec<Value> {
    let mut heard = vec![];
    loop {
        let event = events.json().await;
        let last = event["type"] == kind;
        heard.push(event);
        if last {
            return heard;
        }
    }
}

#[actix_web::test]
async fn job_1_folders_nest_are_renamed_and_moved_with_everything_in_them() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let backlog = Backlog { ws };
    let garden = backlog.make(&bob, " Garden / Beds ").await;
    assert_eq!(backlog.paths(&vic).await, ["Garden", "Garden/Beds"]);
    let inside = backlog.job(&ada, "Dig", json!({ "folder": "Garden/Beds/Front" })).await;
    let secret = backlog.job(&ada, "Hide", json!({ "folder": "Garden/Beds", "private": true })).await;
    let beside = backlog.job(&ada, "Stay", json!({ "folder": "Gardens" })).await;
    assert_eq!(backlog.paths(&bob).await, ["Garden", "Garden/Beds", "Garden/Beds/Front", "Gardens"]);
    let mut events = bob.socket(&format!("/workspaces/{}/events", backlog.ws)).await.unwrap();
    events.json().await;

    // Bob sees one of the two jobs in it, and may change neither; the folder is everybody's.
    let path = format!("{}/{garden}", backlog.folders());
    let renamed = bob.patch(200, &path, json!({ "path": "Yard/Old beds" })).await;
    assert_eq!(renamed["path"], "Yard/Old beds");
    assert_eq!(backlog.folder_of(&ada, &inside).await, "Yard/Old beds/Front");
    assert_eq!(backlog.folder_of(&ada, &secret).await, "Yard/Old beds");
    assert_eq!(backlog.folder_of(&ada, &beside).await, "Gardens");
    let mut now = backlog.paths(&bob).await;
    now.sort();
    assert_eq!(now, ["Garden", "Gardens", "Yard", "Yard/Old beds", "Yard/Old beds/Front"]);
    let heard = heard_until(&mut events, "folders.changed").await;
    let told: Vec<_> = heard
        .iter()
        .filter(|event| event["type"] == "job.changed")
        .map(|event| text(&event["job"], "id"))
        .collect();
    assert_eq!(told, std::slice::from_ref(&inside));
    assert!(!format!("{heard:?}").contains(&secret), "ACC-4");
    // Its own command goes on from there.
    ada.patch(200, &format!("/jobs/{inside}"), json!({ "title": "Dig deep", "if_version": 2 }))
        .await;

    for (words, status, rule) in [
        ("Gardens", 409, "CAN-7"),
        ("Yard/Old beds/Deeper", 409, "CAN-7"),
        ("a/b/c/d/e", 409, "CAN-7"),
        ("a/b/c/d/e/f", 422, "JOB-1"),
        ("a//b", 422, "JOB-1"),
        ("a\u{202e}b", 422, "JOB-1"),
    ] {
        let refused = bob.patch(status, &path, json!({ "path": words })).await;
        assert_eq!(refused["rule"], rule, "{words:?}: {refused}");
    }
    for (who, status) in [(&vic, 403), (&eve, 404)] {
        who.patch(status, &path, json!({ "path": "Mine" })).await;
        who.delete(status, &path).await;
        who.post(status, &backlog.folders(), json!({ "path": "Mine" })).await;
    }
    eve.expect(404, Method::GET, &backlog.folders(), None).await;
    let refused = bob.post(409, &backlog.folders(), json!({ "path": "Yard" })).await;
    assert_eq!(refused["rule"], "CAN-7");

    // Removed, what was in it lies where it lay, and joins what has its name.
    backlog.make(&ada, "Yard/Front").await;
    bob.delete(204, &path).await;
    assert_eq!(backlog.folder_of(&ada, &inside).await, "Yard/Front");
    assert_eq!(backlog.folder_of(&ada, &secret).await, "Yard");
    let yard = text(
        &ada.get(&backlog.folders()).await["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|folder| folder["path"] == "Yard")
            .unwrap()
            .clone(),
        "id",
    );
    bob.delete(204, &format!("{}/{yard}", backlog.folders())).await;
    assert_eq!(backlog.folder_of(&ada, &secret).await, Value::Null);
    assert_eq!(backlog.folder_of(&ada, &inside).await, "Front");
    bob.delete(404, &format!("{}/{yard}", backlog.folders())).await;
    let names = server.rows("SELECT act FROM audit WHERE act LIKE 'folder.%' ORDER BY id").await;
    assert_eq!(
        names,
        ["folder.create", "folder.change", "folder.create", "folder.delete", "folder.delete"]
    );
}

#[actix_web::test]
async fn acc_4_a_folder_that_only_private_jobs_are_in_is_not_told_of() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let backlog = Backlog { ws };
    let mut events = bob.socket(&format!("/workspaces/{}/events", backlog.ws)).await.unwrap();
    events.json().await;
    let secret = backlog.job(&ada, "Hide", json!({ "folder": "Takeover", "private": true })).await;
    assert!(backlog.paths(&bob).await.is_empty());
    // Nor by a refusal: Bob makes one of that name as if there was nothing.
    let made = backlog.make(&bob, "Takeover").await;
    let heard = heard_until(&mut events, "folders.changed").await;
    assert!(
        heard
            .iter()
            .all(|event| event["type"] != "job.changed" && event["type"] != "job.created"),
        "{heard:?}"
    );
    assert_eq!(backlog.paths(&bob).await, ["Takeover"]);
    bob.patch(200, &format!("{}/{made}", backlog.folders()), json!({ "path": "Known" }))
        .await;
    assert_eq!(backlog.folder_of(&ada, &secret).await, "Known");
    // A private job that becomes public shows its folder.
    ada.patch(200, &format!("/jobs/{secret}"), json!({ "folder": "Deep/Secret" })).await;
    assert_eq!(backlog.paths(&bob).await, ["Known"]);
    ada.patch(200, &format!("/jobs/{secret}"), json!({ "private": false })).await;
    let mut now = backlog.paths(&bob).await;
    now.sort();
    assert_eq!(now, ["Deep", "Deep/Secret", "Known"]);
}

#[actix_web::test]
async fn job_1_folders_and_jobs_stand_where_they_are_put() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let backlog = Backlog { ws };
    let (a, b, c) = (
        backlog.make(&ada, "A").await,
        backlog.make(&ada, "B").await,
        backlog.make(&ada, "C").await,
    );
    let folder = |id: &str| format!("{}/{id}", backlog.folders());
    ada.patch(200, &folder(&c), json!({ "before": a })).await;
    assert_eq!(backlog.paths(&ada).await, ["C", "A", "B"]);
    ada.patch(200, &folder(&c), json!({ "after": a })).await;
    assert_eq!(backlog.paths(&ada).await, ["A", "C", "B"]);
    let inner = backlog.make(&ada, "B/Inner").await;
    ada.patch(200, &folder(&inner), json!({ "path": "Inner", "after": b })).await;
    assert_eq!(backlog.paths(&ada).await, ["A", "C", "B", "Inner"]);
    let refused = ada.patch(422, &folder(&a), json!({ "path": "B/A", "after": c })).await;
    assert!(refused["errors"]["after"].is_string(), "{refused}");
    assert_eq!(
        backlog.paths(&ada).await,
        ["A", "C", "B", "Inner"],
        "a refused change changes nothing"
    );

    let mut jobs = vec![];
    for n in 1..=5 {
        jobs.push(backlog.job(&ada, &format!("Job {n}"), json!({ "private": n == 3 })).await);
    }
    let job = |n: usize| format!("/jobs/{}", jobs[n - 1]);
    assert_eq!(backlog.order(&ada).await, [1, 2, 3, 4, 5]);
    ada.patch(200, &job(5), json!({ "after": jobs[0] })).await;
    ada.patch(200, &job(1), json!({ "folder": "A", "before": jobs[3] })).await;
    assert_eq!(backlog.order(&ada).await, [5, 2, 3, 1, 4]);
    assert_eq!(backlog.folder_of(&ada, &jobs[0]).await, "A");
    ada.patch(200, &job(4), json!({ "before": jobs[4] })).await;
    ada.patch(200, &job(2), json!({ "after": jobs[0] })).await;
    assert_eq!(backlog.order(&ada).await, [4, 5, 3, 1, 2]);
    assert_eq!(backlog.order(&bob).await, [4, 5, 1, 2]);
    // A job one may not see is no place to name, and another's job is not Bob's to move (ACC-3).
    let own = backlog.job(&bob, "Own", json!({})).await;
    let refused = bob.patch(422, &format!("/jobs/{own}"), json!({ "after": jobs[2] })).await;
    assert_eq!(refused["errors"]["after"], "must be a job of this workspace");
    bob.patch(200, &format!("/jobs/{own}"), json!({ "before": jobs[3] })).await;
    assert_eq!(backlog.order(&bob).await, [6, 4, 5, 1, 2]);
    assert_eq!(bob.patch(403, &job(4), json!({ "after": own })).await["rule"], "ACC-3");
    let refused = ada.patch(422, &job(4), json!({ "after": own, "before": jobs[0] })).await;
    assert!(refused["errors"]["before"].is_string(), "{refused}");
}

#[actix_web::test]
async fn can_7_a_group_follows_the_folder_it_stands_for() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let backlog = Backlog { ws };
    let canvas = text(
        &ada.post(201, &format!("/workspaces/{}/canvases", backlog.ws), json!({ "name": "Plan" }))
            .await,
        "id",
    );
    let garden = backlog.make(&ada, "Garden").await;
    let dig = backlog.job(&ada, "Dig", json!({ "folder": "Garden/Beds" })).await;
    let sow = backlog.job(&ada, "Sow", json!({ "folder": "Garden" })).await;
    let mut drawing = Client::join(&ada, &canvas, 1).await;
    for id in ["g", "h"] {
        drawing.add(id, "group", "").await;
    }
    drawing.saved().await;
    for (group, folder) in [("g", "Garden"), ("h", "Garden/Beds")] {
        ada.expect(
            200,
            Method::PUT,
            &format!("/canvases/{canvas}/folders/{group}"),
            Some(json!({ "folder": folder })),
        )
        .await;
    }
    let stands_for = |drawing: &Client, group: &str, folder: &str| drawing.value(group, "fold") == Some(yrs::Any::from(folder));
    drawing.until(|now| now.parent_of_card(&dig).as_deref() == Some("h")).await;
    bob.patch(200, &format!("{}/{garden}", backlog.folders()), json!({ "path": "Yard" }))
        .await;
    drawing
        .until(|now| stands_for(now, "g", "Yard") && stands_for(now, "h", "Yard/Beds"))
        .await;
    // It still stands for it: who comes into the folder comes into the group.
    let late = backlog.job(&bob, "Water", json!({ "folder": "Yard/Beds" })).await;
    drawing.until(|now| now.parent_of_card(&late).as_deref() == Some("h")).await;
    // And the other way: another name for the group is one for the folder, with what is in it.
    ada.expect(
        200,
        Method::PUT,
        &format!("/canvases/{canvas}/folders/g"),
        Some(json!({ "folder": "Field" })),
    )
    .await;
    drawing.until(|now| stands_for(now, "h", "Field/Beds")).await;
    let mut now = backlog.paths(&bob).await;
    now.sort();
    assert_eq!(now, ["Field", "Field/Beds"]);
    assert_eq!(backlog.folder_of(&ada, &late).await, "Field/Beds");
    bob.delete(204, &format!("{}/{garden}", backlog.folders())).await;
    drawing
        .until(|now| now.value("g", "fold").is_none() && stands_for(now, "h", "Beds"))
        .await;
    assert_eq!(backlog.folder_of(&ada, &sow).await, Value::Null);
}
