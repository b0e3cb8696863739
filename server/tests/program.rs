//! The program as it is started by people and by service managers.

mod common;

use common::{Person, checked, text};
use reqwest::Method;
use serde_json::json;
use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
};

fn program(data: &Path) -> Command {
    program_on("127.0.0.1:0", data)
}

fn program_on(listen: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coord-server"));
    command
        .env_clear()
        .args(["--listen", listen, "--workers", "1", "--registration", "open", "--data"])
        .arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for the ready line and returns the address in it.
fn ready(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line.trim()
        .strip_prefix("coord-server ready at ")
        .unwrap_or_else(|| panic!("{line:?} is no ready line"))
        .to_owned()
}

/// Asks the program to end, and returns what it wrote to its log.
fn end(mut child: Child, log: std::thread::JoinHandle<String>) -> String {
    assert!(
        Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success(), "a signal is a good end");
    log.join().unwrap()
}

fn collect_log(child: &mut Child) -> std::thread::JoinHandle<String> {
    let mut stderr = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    })
}

fn refusal(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[actix_web::test]
async fn acc_1_no_secret_is_in_the_log_however_talkative() {
    let helper = common::server();
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path()).env("COORD_LOG", "trace").spawn().unwrap();
    let url = ready(&mut child);
    let log = collect_log(&mut child);

    let mut ada: Person = helper.nobody();
    ada.base.clone_from(&url);
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": common::PASSWORD });
    let answer = ada.call(Method::POST, "/auth/register").json(&body).send().await.unwrap();
    let cookie = common::cookie_of(&answer);
    checked(answer, 201, "register").await;
    ada.header = Some(("cookie", cookie.clone()));
    ada.post(
        401,
        "/auth/login",
        json!({ "email": "ada@example.org", "password": "my other password" }),
    )
    .await;
    let token = text(&ada.post(201, "/tokens", json!({ "name": "ci" })).await, "token");
    ada.with_token(&token).get("/me").await;
    let runner = text(&ada.post(201, "/runners", json!({ "name": "laptop" })).await, "token");
    let ws = ada.workspace("Team").await;
    let invited = ada
        .post(
            201,
            &format!("/workspaces/{ws}/invitations"),
            json!({ "email": "b@c.d", "role": "member" }),
        )
        .await;
    let code = text(&invited, "code");
    ada.post(403, &format!("/invitations/{code}/accept"), json!({})).await;

    let log = end(child, log);
    assert!(log.contains("http.request"), "the log tells of requests: {log}");
    let cookie = cookie.replace("coord_session=", "");
    for secret in [common::PASSWORD, "my other password", &cookie, &token, &runner, &code] {
        if let Some(line) = log.lines().find(|line| line.contains(secret)) {
            panic!("a secret is in the log: {line}");
        }
    }
}

#[actix_web::test]
async fn what_keeps_a_server_from_starting_is_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut child = program(&data).spawn().unwrap();
    let url = ready(&mut child);
    let log = collect_log(&mut child);

    let second = refusal(program(&data));
    assert!(second.contains("another coord-server is using the data folder"), "{second}");
    let taken = refusal(program_on(url.strip_prefix("http://").unwrap(), &folder.path().join("other")));
    assert!(taken.starts_with("coord-server: cannot listen on 127.0.0.1:"), "{taken}");
    end(child, log);

    std::fs::write(folder.path().join("file"), "in the way").unwrap();
    let folder_refused = refusal(program(&folder.path().join("file/data")));
    assert!(
        folder_refused.starts_with("coord-server: ") && folder_refused.contains("file/data"),
        "{folder_refused}"
    );

    let mut again = program(&data).spawn().unwrap();
    ready(&mut again);
    let log = collect_log(&mut again);
    end(again, log);
}

#[test]
fn the_program_describes_itself() {
    let help = Command::new(env!("CARGO_BIN_EXE_coord-server")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for word in [
        "--listen",
        "127.0.0.1:7080",
        "--data",
        "./coord-data",
        "--database",
        "--base-url",
        "COORD_LISTEN",
        "COORD_DATABASE",
    ] {
        assert!(help.contains(word), "{word} is not in --help");
    }
    let document = Command::new(env!("CARGO_BIN_EXE_coord-server")).arg("openapi").output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document.stdout).unwrap();
    assert_eq!(document["info"]["title"], "Coord");
}

#[actix_web::test]
async fn acc_1_the_operator_makes_a_link_to_a_new_password_while_the_server_runs() {
    let helper = common::server();
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path()).spawn().unwrap();
    let url = ready(&mut child);
    let log = collect_log(&mut child);
    let mut ada: Person = helper.nobody();
    ada.base.clone_from(&url);
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": common::PASSWORD });
    ada.post(201, "/auth/register", body).await;

    let made = |email: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coord-server"));
        command
            .env_clear()
            .args(["reset-password", email, "--base-url", "https://coord.example.org", "--data"]);
        command.arg(folder.path());
        command
    };
    let said = refusal(made("eve@example.org"));
    assert!(said.contains("there is no account with the address eve@example.org"), "{said}");
    let output = made("Ada@example.org").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let code = said
        .trim()
        .rsplit_once("https://coord.example.org/reset-password#")
        .expect("a link")
        .1;
    let new = "a new long password";
    ada.post(204, "/auth/reset", json!({ "code": code, "password": new })).await;
    ada.post(409, "/auth/reset", json!({ "code": code, "password": new })).await;
    ada.post(200, "/auth/login", json!({ "email": "ada@example.org", "password": new }))
        .await;
    end(child, log);

    let mut elsewhere = Command::new(env!("CARGO_BIN_EXE_coord-server"));
    let none = folder.path().join("none");
    elsewhere
        .env_clear()
        .args(["reset-password", "ada@example.org", "--data"])
        .arg(&none);
    assert!(refusal(elsewhere).contains("there is no Coord data"));
    assert!(!none.exists());
}

#[actix_web::test]
async fn ops_2_a_copy_made_while_people_work_is_whole_and_can_be_served() {
    let helper = common::server();
    let folder = tempfile::tempdir().unwrap();
    let (data, copied) = (folder.path().join("data"), folder.path().join("copies/first"));
    let mut child = program(&data).spawn().unwrap();
    let url = ready(&mut child);
    let log = collect_log(&mut child);
    let mut ada: Person = helper.nobody();
    ada.base.clone_from(&url);
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": common::PASSWORD });
    let answer = ada.call(Method::POST, "/auth/register").json(&body).send().await.unwrap();
    ada.header = Some(("cookie", common::cookie_of(&answer)));
    let ws = text(&ada.post(201, "/workspaces", json!({ "name": "Orchard" })).await, "id");
    let job = text(
        &ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "First" })).await,
        "id",
    );
    let upload = async |name: String| {
        let path = format!("/jobs/{job}/attachments?name={name}");
        let answer = ada.call(Method::POST, &path).body(name.repeat(1000)).send().await.unwrap();
        text(&answer.json().await.unwrap(), "id")
    };
    upload("kept.txt".to_owned()).await;

    // Files come and go all the while.
    let work = async {
        for n in 0.. {
            let file = upload(format!("{n}.txt")).await;
            if n % 2 == 0 {
                ada.delete(204, &format!("/files/{file}")).await;
            }
        }
    };
    let (from, to) = (data.clone(), copied.clone());
    let copy = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coord-server"));
        let output = command
            .env_clear()
            .arg("--data")
            .args([&from])
            .arg("backup")
            .arg(&to)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap(),
        )
    });
    let (whole, said) = tokio::select! {
        () = work => unreachable!("it goes on for ever"),
        copy = copy => copy.unwrap(),
    };
    assert!(whole && said.starts_with("Copied the database"), "{said}");
    let mut again = Command::new(env!("CARGO_BIN_EXE_coord-server"));
    again.env_clear().arg("--data").arg(&data).arg("backup").arg(&copied);
    let said = refusal(again);
    assert!(said.contains("is there already"), "{said}");
    end(child, log);

    let mut child = program(&copied).spawn().unwrap();
    let base = ready(&mut child);
    let log = collect_log(&mut child);
    ada.base = base;
    let files = ada.get(&format!("/jobs/{job}/attachments?limit=200")).await;
    let files = files["items"].as_array().unwrap().clone();
    assert!(files.iter().any(|file| file["name"] == "kept.txt"), "{files:?}");
    for file in files {
        let path = format!("/files/{}/content", text(&file, "id"));
        let content = ada.call(Method::GET, &path).send().await.unwrap().text().await.unwrap();
        assert_eq!(content, text(&file, "name").repeat(1000));
    }
    ada.post(201, &format!("/workspaces/{ws}/jobs"), json!({ "title": "It goes on" }))
        .await;
    end(child, log);
}
