//! The people, the jobs and what belongs to them, on which the routes are tried.

use crate::common::{
    Person, TestServer,
    canvas::Client,
    live::{FakeRunner, ready},
    text,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a route is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Workspace,
    PublicJob,
    PrivateJob,
}

/// Somebody with a column in the matrix, or with none.
pub struct Actor {
    pub name: &'static str,
    /// Column of their role in the workspace.
    pub role: Option<&'static str>,
    /// Column of their role in the jobs' team.
    pub team: Option<&'static str>,
    /// The jobs are theirs.
    pub own: bool,
    person: Person,
}

/// Ids by the names they have in addresses.
type Ids = BTreeMap<&'static str, String>;

pub struct Stage {
    pub actors: Vec<Actor>,
    ws: String,
    canvas: String,
    /// The canvas as a file.
    exported: Value,
    /// Of each kind of job, what everybody who is refused is tried on, with an agent at work that asks.
    standing: BTreeMap<Place, Ids>,
    runner: FakeRunner,
    /// Keeps the agent's claims.
    _runners: Vec<FakeRunner>,
    _drawing: Client,
    /// A member who can be removed and changed.
    spare: Person,
}

/// Whether a route is about one job.
pub fn of_a_job(path: &str) -> bool {
    ["{job}", "{attempt}", "{request}", "{file}", "{note}"]
        .iter()
        .any(|name| path.contains(name))
}

/// An id that nothing has.
const NONE: &str = "01900000-0000-7000-8000-000000000000";

const ACTORS: [(&str, Option<&str>, Option<&str>, bool); 10] = [
    ("eve", None, None, false),
    ("vic", Some("viewer"), None, false),
    ("vlad", Some("viewer"), Some("job lead"), false),
    ("mel", Some("member"), None, false),
    ("tia", Some("member"), Some("job viewer"), false),
    ("edi", Some("member"), Some("job editor"), false),
    ("lea", Some("member"), Some("job lead"), false),
    ("mona", Some("member"), None, true),
    ("adam", Some("admin"), None, false),
    ("olga", Some("owner"), None, false),
];

impl Stage {
    pub async fn new(server: &TestServer) -> Self {
        let mut actors = vec![Actor {
            name: "nobody",
            role: None,
            team: None,
            own: false,
            person: server.nobody(),
        }];
        for (name, role, team, own) in ACTORS {
            actors.push(Actor {
                name,
                role,
                team,
                own,
                person: server.person(name).await,
            });
        }
        let olga = actors.last().unwrap().person.clone();
        let ws = olga.workspace("Team").await;
        for actor in &actors {
            if let Some(role) = actor.role.filter(|role| *role != "owner") {
                olga.let_in(&ws, &actor.person, role).await;
            }
        }
        let adam = &actors.iter().find(|actor| actor.name == "adam").unwrap().person;
        let canvas = text(
            &adam
                .post(201, &format!("/workspaces/{ws}/canvases"), json!({ "name": "Plan" }))
                .await,
            "id",
        );
        let mut drawing = Client::join(adam, &canvas, 1).await;
        drawing.add("idea", "idea", "An idea").await;
        drawing.saved().await;
        let runner = FakeRunner::connect(&olga, true).await;
        let mut stage = Self {
            actors,
            ws,
            exported: olga.get(&format!("/canvases/{canvas}/export.json")).await,
            canvas,
            standing: BTreeMap::new(),
            runner,
            _runners: vec![],
            _drawing: drawing,
            spare: server.person("sam").await,
        };
        stage.named("olga").let_in(&stage.ws, &stage.spare, "member").await;
        for place in [Place::PublicJob, Place::PrivateJob] {
            let ids = stage.at_work(place).await;
            stage.standing.insert(place, ids);
        }
        stage.standing.insert(Place::Workspace, Ids::new());
        stage
    }

    fn named(&self, name: &str) -> &Person {
        &self.actors.iter().find(|actor| actor.name == name).unwrap().person
    }

    async fn with_team(&self, job: &str) {
        let of = self.actors.iter().filter_map(|actor| {
            let role = actor.team?.strip_prefix("job ")?;
            Some(json!({ "user": actor.person.id, "role": role }))
        });
        let team: Vec<Value> = of.collect();
        self.named("mona")
            .expect(200, Method::PUT, &format!("/jobs/{job}/team"), Some(json!(team)))
            .await;
    }

    async fn extras(&self, job: &str) -> Ids {
        let mona = self.named("mona");
        let note = mona.post(201, &format!("/jobs/{job}/notes"), json!({ "body": "a note" })).await;
        let upload = mona
            .call(Method::POST, &format!("/jobs/{job}/attachments?name=a.txt"))
            .body("attached")
            .send()
            .await
            .unwrap();
        assert_eq!(upload.status(), 201);
        let file: Value = upload.json().await.unwrap();
        Ids::from([("job", job.to_owned()), ("note", text(&note, "id")), ("file", text(&file, "id"))])
    }

    /// A job of Mona's with an agent at work, who asked something and left a diff.
    async fn at_work(&mut self, place: Place) -> Ids {
        let mona = self.named("mona").clone();
        let mut runner = FakeRunner::connect(&mona, false).await;
        let new = json!({ "private": place == Place::PrivateJob, "routing": format!("runner:{}", runner.id) });
        let job = text(&ready(&mona, &self.ws, new).await, "id");
        let work = runner.hears("assign").await;
        let request = self.extras_request(place);
        let ask = json!({ "kind": "question", "title": "Which?", "body": "", "choices": [], "free_text": true });
        runner
            .logs(&work, 1, &[json!({ "kind": "request", "request": request, "ask": ask })])
            .await;
        assert_eq!(runner.put(&work, "diff?which=whole", "+line".to_owned()).await, 204);
        self.with_team(&job).await;
        let mut ids = self.extras(&job).await;
        ids.insert("attempt", text(&work, "attempt"));
        ids.insert("request", request.to_owned());
        let other = self.fresh(place, false).await["job"].clone();
        let waits = self.fresh(place, false).await["job"].clone();
        let path = format!("/jobs/{waits}/dependencies/{other}");
        mona.expect(200, Method::PUT, &path, None).await;
        ids.extend([("other", other), ("waits", waits)]);
        self._runners.push(runner);
        ids
    }

    const fn extras_request(&self, place: Place) -> &'static str {
        match place {
            Place::PrivateJob => "01900000-0000-7000-8000-00000000cafe",
            Place::PublicJob | Place::Workspace => "01900000-0000-7000-8000-00000000beef",
        }
    }

    /// A job of Mona's in the Backlog, which may be changed and deleted.
    async fn fresh(&self, place: Place, whole: bool) -> Ids {
        let new = json!({ "title": "A job", "private": place == Place::PrivateJob });
        let job = text(
            &self.named("mona").post(201, &format!("/workspaces/{}/jobs", self.ws), new).await,
            "id",
        );
        self.with_team(&job).await;
        if whole {
            self.extras(&job).await
        } else {
            Ids::from([("job", job)])
        }
    }

    /// A folder of the Backlog, the same until it is deleted.
    async fn folder(&self) -> String {
        let (path, olga) = (format!("/workspaces/{}/folders", self.ws), self.named("olga"));
        let there = olga.get(&path).await;
        match there["items"].as_array().unwrap().iter().find(|folder| folder["path"] == "Spare") {
            Some(folder) => text(folder, "id"),
            None => text(&olga.post(201, &path, json!({ "path": "Spare" })).await, "id"),
        }
    }

    /// Calls a route as somebody, on something of its own when `fresh`. Status and body.
    pub async fn call(
        &self,
        method: &Method,
        path: &str,
        command: Option<&str>,
        place: Place,
        actor: &Actor,
        fresh: bool,
    ) -> (u16, String) {
        let mut ids = self.standing[&place].clone();
        if fresh && place != Place::Workspace {
            ids.extend(self.fresh(place, true).await);
        }
        let mut canvas = self.canvas.clone();
        if fresh && path.ends_with("/members/{user}") {
            self.with_spare().await;
        }
        if path.contains("{invitation}") {
            let invitation = match fresh {
                true => self.invitation().await,
                false => NONE.to_owned(),
            };
            ids.insert("invitation", invitation);
        }
        if path.ends_with("/dependencies/{other}") && !fresh {
            ids.insert("job", ids["waits"].clone());
        }
        if fresh && path == "/api/v1/canvases/{canvas}" {
            let made = self
                .named("adam")
                .post(201, &format!("/workspaces/{}/canvases", self.ws), json!({ "name": "Spare" }))
                .await;
            canvas = text(&made, "id");
        }
        if path.ends_with("/folders/{folder}") {
            ids.insert("folder", self.folder().await);
        }
        let mut address = path
            .strip_prefix("/api/v1")
            .unwrap()
            .replace("{ws}", &self.ws)
            .replace("{canvas}", &canvas);
        for (name, id) in &ids {
            address = address.replace(&format!("{{{name}}}"), id);
        }
        address = address
            .replace("{command}", command.unwrap_or_default())
            .replace("{object}", "idea")
            .replace("{user}", &self.spare.id)
            .replace("{runner}", if path.contains("{ws}") { &self.runner.id } else { NONE })
            .replace("{id}", NONE)
            .replace("{item}", NONE)
            .replace("{session}", NONE)
            .replace("{upload}", NONE)
            .replace("{code}", "nocode");
        assert!(
            !address.contains('{'),
            "say in server/tests/matrix/stage.rs what to fill into {address}"
        );
        let request = actor.person.call(method.clone(), &with_query(&address));
        let body = match path {
            "/api/v1/canvases/{canvas}/import" => Some(self.exported.clone()),
            _ => body(method, path, command),
        };
        let request = match body {
            Some(body) => request.json(&body),
            None => request.body("bytes"),
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn invitation(&self) -> String {
        let body = json!({ "email": "invited@example.org", "role": "member" });
        let path = format!("/workspaces/{}/invitations", self.ws);
        text(&self.named("olga").post(201, &path, body).await, "id")
    }

    /// Lets the spare member in again, whom a call before may have removed.
    async fn with_spare(&self) {
        let olga = self.named("olga");
        let members = olga.get(&format!("/workspaces/{}/members?limit=200", self.ws)).await;
        if !members.to_string().contains(&self.spare.id) {
            olga.let_in(&self.ws, &self.spare, "member").await;
        }
    }
}

fn with_query(address: &str) -> String {
    if address.ends_with("/attachments") || address.ends_with("/deliverables") {
        format!("{address}?name=b.txt")
    } else if address == "/sessions" {
        // The caller goes on to be somebody.
        format!("{address}?keep_current=true")
    } else {
        address.to_owned()
    }
}

/// A body that is right, so that only the right to it decides; none for raw content.
fn body(method: &Method, path: &str, command: Option<&str>) -> Option<Value> {
    let rest = path.strip_prefix("/api/v1").unwrap();
    if *method == Method::POST && (rest.ends_with("/attachments") || rest.ends_with("/deliverables") || rest.ends_with("/files")) {
        return None;
    }
    let post = *method == Method::POST;
    Some(match (rest, command) {
        (_, Some("move")) => json!({ "state": "ready" }),
        (_, Some("request_changes")) => json!({ "body": "again" }),
        ("/tokens" | "/runners" | "/workspaces" | "/workspaces/{ws}/canvases" | "/canvases/{canvas}/duplicate", _) if post => {
            json!({ "name": "New" })
        }
        ("/workspaces/{ws}/jobs", _) if post => json!({ "title": "New" }),
        // Twice is one too many, and a refusal all the same.
        ("/workspaces/{ws}/folders", _) if post => json!({ "path": "New" }),
        ("/workspaces/{ws}/invitations", _) if post => json!({ "email": "new@example.org", "role": "member" }),
        ("/workspaces/{ws}/members/{user}", _) => json!({ "role": "member" }),
        ("/canvases/{canvas}/folders/{object}", _) => json!({ "folder": "Later" }),
        ("/jobs/{job}/notes", _) if post => json!({ "body": "a note" }),
        ("/jobs/{job}/team", _) => json!([]),
        ("/jobs/{job}/uploads", _) => json!({ "kind": "attachment", "name": "c.txt", "size": 3 }),
        ("/attempts/{attempt}/messages", _) => json!({ "body": "hello" }),
        ("/requests/{request}/answer", _) => json!({ "body": "this" }),
        ("/auth/login", _) => json!({ "email": "nobody@example.org", "password": "wrong password" }),
        ("/auth/forgot", _) => json!({ "email": "nobody@example.org" }),
        ("/auth/reset", _) => json!({ "code": "none", "password": "a long password" }),
        ("/runner_codes", _) => json!({ "machine": "box", "platform": "linux-x86_64", "version": "1" }),
        ("/runner_codes/{code}/approve", _) => json!({ "name": "box" }),
        ("/runner_codes/{code}/redeem", _) => json!({ "secret": "none" }),
        ("/auth/register", _) => json!({ "email": "no", "name": "x", "password": "short" }),
        _ => json!({}),
    })
}
