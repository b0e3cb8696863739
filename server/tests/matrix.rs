//! The access matrix (ACC-3): every route of the OpenAPI document is called by everybody the matrix of `docs/rules.md` has a column for, on
//! a public and on a private job, and answers as the matrix says. `matrix/routes.txt` has the row of each route; a route that is missing
//! there fails the test.

mod common;
#[path = "matrix/stage.rs"]
mod stage;

use common::server;
use reqwest::Method;
use serde_json::Value;
use stage::{Actor, Place, Stage};
use std::collections::{BTreeMap, BTreeSet};

const RULES: &str = include_str!("../../docs/rules.md");
const ROUTES: &str = include_str!("matrix/routes.txt");

/// The columns of the matrix.
const COLUMNS: [&str; 7] = ["owner", "admin", "member", "viewer", "job lead", "job editor", "job viewer"];

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Anybody,
    SignedIn,
    /// To see what it is about.
    See,
    /// A row of the matrix, by its name.
    Row(&'static str),
}

/// Cells of the matrix by row and column.
fn matrix() -> BTreeMap<&'static str, BTreeMap<&'static str, &'static str>> {
    let table = RULES.split("The matrix of ACC-3:").nth(1).expect("docs/rules.md has the matrix");
    let rows = table
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let rows = rows.skip(2).map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        (cells.next().unwrap(), COLUMNS.into_iter().zip(cells).collect())
    });
    rows.collect()
}

/// Method, path and command, if it is one, with what each needs.
fn routes() -> Vec<(Method, &'static str, Option<&'static str>, Need)> {
    let lines = ROUTES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let routes = lines.map(|line| {
        let mut parts = line.split_whitespace();
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let need = match line.split_once(path).unwrap().1.trim() {
            "anybody" => Need::Anybody,
            "signed in" => Need::SignedIn,
            "see" => Need::See,
            row => Need::Row(row),
        };
        let (path, command) = path.split_once(':').map_or((path, None), |(path, command)| (path, Some(command)));
        (Method::from_bytes(method.as_bytes()).unwrap(), path, command, need)
    });
    routes.collect()
}

/// How a call must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    SignIn,
    Hidden,
    Forbidden,
    /// Whatever the state says, but not for want of a right.
    Allowed,
}

/// What the matrix says of this person, route and place.
fn expected(cells: &BTreeMap<&str, BTreeMap<&str, &str>>, need: Need, actor: &Actor, place: Place) -> Answer {
    let private = place == Place::PrivateJob;
    if need == Need::Anybody {
        return Answer::Allowed;
    }
    if actor.name == "nobody" {
        return Answer::SignIn;
    }
    if need == Need::SignedIn {
        return Answer::Allowed;
    }
    let Some(role) = actor.role else {
        return Answer::Hidden;
    };
    let own = actor.own && place != Place::Workspace;
    let team = actor.team.filter(|_| place != Place::Workspace);
    let cell = |row: &str, column: &str| cells.get(row).unwrap_or_else(|| panic!("the matrix has no row {row:?}"))[column];
    let by_team = |row: &str| team.map(|column| cell(row, column)).filter(|cell| !cell.is_empty());
    let sees = !private || own || cell("see a private job", role) == "✓" || by_team("see a private job") == Some("✓");
    if !sees {
        return Answer::Hidden;
    }
    let Need::Row(row) = need else {
        return Answer::Allowed;
    };
    let by_role = match cell(row, role) {
        "✓" => true,
        "own" => own,
        "–" => false,
        other => panic!("what does {other:?} in the matrix mean?"),
    };
    let allowed = match (role, by_team(row)) {
        // "A workspace viewer stays a viewer whatever a job team says."
        ("viewer", _) | (_, None) => by_role,
        // A private job is not every member's: the team decides.
        ("member", Some(cell)) if private && !own => cell == "✓",
        (_, Some(cell)) => by_role || cell == "✓",
    };
    if allowed { Answer::Allowed } else { Answer::Forbidden }
}

#[actix_web::test]
async fn acc_3_every_route_answers_as_the_matrix_says() {
    let server = server();
    let stage = Stage::new(&server).await;
    let cells = matrix();
    let (mut wrong, mut tried) = (vec![], 0);
    for (method, path, command, need) in routes() {
        let places: &[Place] = if stage::of_a_job(path) {
            &[Place::PublicJob, Place::PrivateJob]
        } else {
            &[Place::Workspace]
        };
        for &place in places {
            // Those who may come last, since what they do may leave nothing for the others.
            let mut actors: Vec<_> = stage
                .actors
                .iter()
                .map(|actor| (expected(&cells, need, actor, place), actor))
                .collect();
            actors.sort_by_key(|(answer, _)| *answer == Answer::Allowed);
            for (answer, actor) in actors {
                if need == Need::Anybody && actor.name != "nobody" {
                    continue;
                }
                let fresh = answer == Answer::Allowed && method != Method::GET;
                let (status, body) = stage.call(&method, path, command, place, actor, fresh).await;
                let right = match answer {
                    Answer::SignIn => status == 401,
                    Answer::Hidden => status == 404,
                    Answer::Forbidden => status == 403,
                    // Accounts own nothing here that these routes could find.
                    Answer::Allowed if need == Need::SignedIn => ![401, 403].contains(&status) && status < 500,
                    Answer::Allowed if need == Need::Anybody => status < 500,
                    Answer::Allowed => ![401, 403, 404].contains(&status) && status < 500,
                };
                tried += 1;
                if !right {
                    let command = command.unwrap_or_default();
                    wrong.push(format!(
                        "{} at {method} {path} {command} {place:?}: {status} where it should be {answer:?}: {body}",
                        actor.name
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} calls:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 1_000, "only {tried} calls");
}

#[actix_web::test]
async fn acc_3_no_route_is_without_a_row() {
    let server = server();
    let address = format!("{}/api/v1/openapi.json", server.url);
    let document: Value = server.nobody().client.get(address).send().await.unwrap().json().await.unwrap();
    let served: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let listed: BTreeSet<_> = routes()
        .into_iter()
        .map(|(method, path, ..)| (method.to_string(), path.to_owned()))
        .collect();
    let missing: Vec<_> = served.symmetric_difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "server/tests/matrix/routes.txt and the server differ in {missing:?}"
    );
}
