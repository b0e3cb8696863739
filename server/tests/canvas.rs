//! The live canvas, through the server's public face.

mod common;

use common::{
    canvas::Client,
    live::{End, team},
    server, server_with, text,
};
use reqwest::Method;
use serde_json::json;
use yrs::Any;

async fn canvas(by: &common::Person, ws: &str) -> String {
    text(
        &by.post(201, &format!("/workspaces/{ws}/canvases"), json!({ "name": "Plan" })).await,
        "id",
    )
}

#[actix_web::test]
async fn can_1_two_clients_edit_one_canvas_and_it_is_there_after_a_restart() {
    let mut server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    let mut two = Client::join(&bob, &id, 2).await;
    one.add("a", "idea", "first").await;
    two.until(|two| two.text("a").as_deref() == Some("first")).await;
    two.type_text("a", " and second 🎉").await;
    one.type_text("a", " and third").await;
    one.saved().await;
    two.saved().await;
    let whole = |client: &Client| {
        client
            .text("a")
            .is_some_and(|text| text.contains("second 🎉") && text.contains("third"))
    };
    one.until(whole).await;
    two.until(whole).await;
    assert_eq!(one.text("a"), two.text("a"));
    server.stop().await;
    let again = server_with(server.same_data());
    let ada = ada.at(&again);
    let three = Client::join(&ada, &id, 3).await;
    assert_eq!(three.text("a"), one.text("a"));
}

#[actix_web::test]
async fn can_9_an_update_of_somebody_else_s_id_ends_that_connection_only() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 5).await;
    let mut two = Client::join(&bob, &id, 6).await;
    one.add("a", "idea", "mine").await;
    one.saved().await;
    two.until(|two| two.text("a").is_some()).await;
    // The next clock of Ada's client id, taken by Bob with a block of forgotten content.
    let clock = one.clock();
    two.send(coord_canvas::wire::update(&[1, 1, 5, clock, 0, 0x80, 0x80, 0x04, 0]))
        .await;
    assert_eq!(two.end().await, End::Closed(4400));
    one.type_text("a", " still").await;
    one.saved().await;
    let three = Client::join(&bob, &id, 7).await;
    assert_eq!(three.text("a").as_deref(), Some("mine still"));
}

#[actix_web::test]
async fn can_9_changes_that_rest_on_unknown_ones_are_asked_for() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 5).await;
    one.add("a", "idea", "").await;
    one.saved().await;
    // A change that is lost on the way, and one after it.
    let lost = one.lose("a", "lost").await;
    assert!(lost);
    one.type_text("a", " found").await;
    one.saved().await;
    let two = Client::join(&ada, &id, 6).await;
    assert_eq!(two.text("a").as_deref(), Some("lost found"));
}

#[actix_web::test]
async fn can_10_viewers_watch_and_who_is_removed_leaves() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    assert_eq!(eve.socket(&format!("/canvases/{id}/sync")).await.err(), Some(404));
    let mut one = Client::join(&ada, &id, 1).await;
    let mut watching = Client::join(&vic, &id, 2).await;
    one.add("a", "sticky", "seen").await;
    watching.until(|vic| vic.text("a").is_some()).await;
    watching.type_text("a", " changed").await;
    watching.until(|vic| !vic.denied.is_empty()).await;
    one.saved().await;
    let fresh = Client::join(&ada, &id, 3).await;
    assert_eq!(fresh.text("a").as_deref(), Some("seen"));
    let mut leaving = Client::join(&bob, &id, 4).await;
    ada.delete(204, &format!("/workspaces/{ws}/members/{}", bob.id)).await;
    assert_eq!(leaving.end().await, End::Closed(coord_protocol::runner::CLOSE_REVOKED));
}

#[actix_web::test]
async fn can_3_a_locked_canvas_has_one_editor_who_hands_over() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    let mut two = Client::join(&bob, &id, 2).await;
    let locked = ada.patch(200, &format!("/canvases/{id}"), json!({ "locked": true })).await;
    assert_eq!(locked["editor"]["id"], ada.id.as_str());
    two.add("b", "idea", "not now").await;
    two.until(|two| !two.denied.is_empty()).await;
    one.add("a", "idea", "mine").await;
    one.saved().await;
    let refused = bob.patch(403, &format!("/canvases/{id}"), json!({ "editor": bob.id })).await;
    assert_eq!(refused["rule"], "CAN-3");
    ada.patch(200, &format!("/canvases/{id}"), json!({ "editor": bob.id })).await;
    // What was not taken is asked for and kept.
    two.saved().await;
    one.until(|one| one.text("b").as_deref() == Some("not now")).await;
}

#[actix_web::test]
async fn can_4_an_idea_becomes_a_job_once_though_two_ask_at_once() {
    let server = server();
    let ([ada, bob, vic, _], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    one.add("i", "idea", "Paint the shed\nIn green.").await;
    one.saved().await;
    let path = format!("/canvases/{id}/ideas/i/promote");
    vic.post(403, &path, json!({})).await;
    let ask = |by: &common::Person| by.call(Method::POST, &path).json(&json!({})).send();
    let (first, second) = futures_util::future::join(ask(&ada), ask(&bob)).await;
    let (first, second) = (first.unwrap(), second.unwrap());
    let mut statuses = [first.status().as_u16(), second.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let (first, second): (serde_json::Value, serde_json::Value) = (first.json().await.unwrap(), second.json().await.unwrap());
    assert_eq!(first["id"], second["id"]);
    assert_eq!(first["title"], "Paint the shed");
    assert_eq!(first["description"], "In green.");
    one.until(|one| one.value("i", "t") == Some(Any::from("job"))).await;
    assert_eq!(one.value("i", "job"), Some(Any::from(text(&first, "id").as_str())));
    assert_eq!(
        ada.get(&format!("/workspaces/{ws}/jobs")).await["items"].as_array().unwrap().len(),
        1
    );
}

#[actix_web::test]
async fn can_6_planned_dependencies_become_real_when_both_ends_are_jobs() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    one.add("a", "idea", "Dig").await;
    one.add("b", "idea", "Plant").await;
    one.connect("l", "a", "b", "dep").await;
    one.saved().await;
    let waits = ada
        .post(201, &format!("/canvases/{id}/ideas/b/promote"), json!({ "auto_ready": true }))
        .await;
    assert_eq!(waits["state"], "backlog");
    let first = ada.post(201, &format!("/canvases/{id}/ideas/a/promote"), json!({})).await;
    let waits = ada.get(&format!("/jobs/{}", text(&waits, "id"))).await;
    assert_eq!(waits["dependencies"], json!([first["id"]]));
    let exported = ada.get(&format!("/canvases/{id}/export.json")).await;
    assert_eq!(exported["links"], json!([]));
    one.until(|one| one.value("b", "t") == Some(Any::from("job"))).await;
}

#[actix_web::test]
async fn can_11_what_is_exported_can_be_imported_and_duplicated() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    one.add("a", "idea", "Dig").await;
    one.add("b", "sticky", "Where?").await;
    one.connect("l", "a", "b", "rel").await;
    one.saved().await;
    let secret = ada
        .post(
            201,
            &format!("/workspaces/{ws}/jobs"),
            json!({ "title": "Surprise", "private": true }),
        )
        .await;
    one.card("c", &text(&secret, "id")).await;
    one.saved().await;
    let file = ada.get(&format!("/canvases/{id}/export.json")).await;
    assert_eq!(file["objects"].as_array().unwrap().len(), 3);
    assert!(file.to_string().contains("Surprise"));
    assert!(
        !bob.get(&format!("/canvases/{id}/export.json"))
            .await
            .to_string()
            .contains("Surprise"),
        "CAN-5"
    );
    let other = canvas(&bob, &ws).await;
    let imported = bob.post(200, &format!("/canvases/{other}/import"), file.clone()).await;
    assert_eq!(imported, json!({ "objects": 3, "links": 1 }));
    let copy = text(&bob.post(201, &format!("/canvases/{id}/duplicate"), json!({})).await, "id");
    for id in [&other, &copy] {
        let again = bob.get(&format!("/canvases/{id}/export.json")).await;
        let texts = |file: &serde_json::Value| {
            let mut texts: Vec<_> = file["objects"]
                .as_array()
                .unwrap()
                .iter()
                .map(|object| text(object, "text"))
                .collect();
            texts.sort();
            texts
        };
        assert_eq!(texts(&again), texts(&file));
        assert_eq!(again["links"].as_array().unwrap().len(), 1);
    }
    let mut wrong = file;
    wrong["objects"][0]["x"] = json!(1e300);
    let refused = bob.post(422, &format!("/canvases/{other}/import"), wrong).await;
    assert_eq!(refused["rule"], "CAN-11");
}

#[actix_web::test]
async fn can_3_presence_is_stamped_by_the_server_and_is_one_s_own() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    let mut two = Client::join(&bob, &id, 2).await;
    one.say(1, r#"{"cur":[1,2],"user":{"name":"Bob"}}"#).await;
    // Of somebody else's: not hers to say.
    one.say(2, r#"{"cur":[9,9]}"#).await;
    two.until(|two| !two.people.is_empty()).await;
    let told = two.told();
    assert_eq!(told.len(), 1, "{told:?}");
    let state: serde_json::Value = serde_json::from_str(&told[0].1).unwrap();
    assert_eq!((told[0].0, &state["user"]["id"]), (1, &json!(ada.id)));
    assert_eq!(state["cur"], json!([1, 2]));
    drop(one);
    two.until(|two| two.told().iter().any(|(client, state)| *client == 1 && state == "null"))
        .await;
}

#[actix_web::test]
async fn acc_1_a_ticket_lets_in_once() {
    let server = server();
    let ([ada, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let ticket = text(&ada.post(201, "/tickets", json!({})).await, "ticket");
    let nobody = server.nobody();
    let path = format!("/canvases/{id}/sync?ticket={ticket}");
    assert!(nobody.socket(&path).await.is_ok());
    assert_eq!(nobody.socket(&path).await.err(), Some(401));
}

#[actix_web::test]
async fn can_2_images_are_uploaded_to_a_canvas_and_seen_by_its_people() {
    let server = server();
    let ([ada, bob, vic, eve], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let path = format!("/canvases/{id}/files");
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 5000]].concat();
    let upload = |by: &common::Person, bytes: &[u8]| by.call(Method::POST, &path).body(bytes.to_vec()).send();
    assert_eq!(upload(&vic, &png).await.unwrap().status(), 403);
    assert_eq!(upload(&eve, &png).await.unwrap().status(), 404);
    let refused = upload(&bob, b"<svg xmlns='http://www.w3.org/2000/svg'/>").await.unwrap();
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["rule"], "FILE-3");
    let made = upload(&bob, &png).await.unwrap();
    assert_eq!(made.status(), 201);
    let file = text(&made.json().await.unwrap(), "id");
    let content = format!("/files/{file}/content");
    let seen = vic.call(Method::GET, &content).send().await.unwrap();
    assert_eq!(seen.headers()["content-type"], "image/png");
    assert_eq!(seen.headers()["x-content-type-options"], "nosniff");
    assert_eq!(seen.bytes().await.unwrap().as_ref(), png);
    assert_eq!(eve.call(Method::GET, &content).send().await.unwrap().status(), 404);
    ada.delete(204, &format!("/canvases/{id}")).await;
    assert_eq!(ada.call(Method::GET, &content).send().await.unwrap().status(), 404);
}

#[actix_web::test]
async fn can_7_a_group_and_a_backlog_folder_have_the_same_jobs_both_ways() {
    let server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let jobs = format!("/workspaces/{ws}/jobs");
    let make = async |title: &str, more: serde_json::Value| {
        let mut new = json!({ "title": title });
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        text(&ada.post(201, &jobs, new).await, "id")
    };
    let inside = make("In the folder", json!({ "folder": "Garden" })).await;
    let secret = make("Hidden in it", json!({ "folder": "Garden", "private": true })).await;
    let drawn = make("On the canvas", json!({})).await;
    let mut one = Client::join(&ada, &id, 1).await;
    one.add("g", "group", "").await;
    one.card("c", &drawn).await;
    one.move_into("c", "g").await;
    one.saved().await;
    let path = format!("/canvases/{id}/folders/g");
    // Of a job of hers Bob may not change the folder: he is told, and the rest is done.
    let done = bob.expect(200, Method::PUT, &path, Some(json!({ "folder": "Garden" }))).await;
    assert_eq!(done["jobs"], 1);
    assert!(done["refused"][0].as_str().unwrap().starts_with("#3"), "{done}");
    let done = ada.expect(200, Method::PUT, &path, Some(json!({ "folder": "Garden" }))).await;
    assert_eq!(done, json!({ "jobs": 3, "refused": [] }));
    assert_eq!(ada.get(&format!("/jobs/{drawn}")).await["folder"], "Garden");
    one.until(|one| one.parent_of_card(&inside).as_deref() == Some("g")).await;
    assert_eq!(one.parent_of_card(&secret), None, "a private job's card would tell of it (ACC-4)");
    // A job that leaves the folder takes its card out; one that comes brings it in.
    ada.patch(200, &format!("/jobs/{inside}"), json!({ "folder": "" })).await;
    one.until(|one| one.parent_of_card(&inside).as_deref() == Some("")).await;
    ada.patch(200, &format!("/jobs/{inside}"), json!({ "folder": "Garden" })).await;
    one.until(|one| one.parent_of_card(&inside).as_deref() == Some("g")).await;
    // Nor does the card that somebody drew of it say which folder it is in.
    one.card("s", &secret).await;
    one.saved().await;
    ada.patch(200, &format!("/jobs/{secret}"), json!({ "folder": "" })).await;
    ada.patch(200, &format!("/jobs/{secret}"), json!({ "folder": "Garden" })).await;
    let late = make("Comes later", json!({ "folder": "Garden" })).await;
    one.until(|one| one.parent_of_card(&late).as_deref() == Some("g")).await;
    assert_eq!(one.parent_of_card(&secret).as_deref(), Some(""), "ACC-4");
    // Another name for the group is another name for the folder.
    ada.expect(200, Method::PUT, &path, Some(json!({ "folder": "Orchard" }))).await;
    for job in [&inside, &secret, &drawn, &late] {
        assert_eq!(ada.get(&format!("/jobs/{job}")).await["folder"], "Orchard");
    }
    ada.delete(204, &path).await;
    one.until(|one| one.value("g", "fold").is_none()).await;
}

#[actix_web::test]
async fn can_8_a_long_history_becomes_a_snapshot_and_nothing_changes() {
    let mut server = server();
    let ([ada, bob, ..], ws) = team(&server).await;
    let id = canvas(&ada, &ws).await;
    let mut one = Client::join(&ada, &id, 1).await;
    let mut two = Client::join(&bob, &id, 2).await;
    one.add("a", "sticky", "").await;
    two.until(|two| two.text("a").is_some()).await;
    for n in 0..700 {
        one.type_text("a", &format!("{n} ")).await;
        one.saved().await;
    }
    // Made in the background; the journal before the former snapshot is gone with the second.
    let mut snapshots = vec![];
    for _ in 0..200 {
        snapshots = server.rows("SELECT CAST(seq AS TEXT) FROM canvas_snapshots").await;
        if !snapshots.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(snapshots.len(), 1, "{snapshots:?}");
    one.type_text("a", "end").await;
    one.saved().await;
    two.until(|two| two.text("a").is_some_and(|text| text.ends_with("end"))).await;
    assert_eq!(Client::join(&bob, &id, 3).await.text("a"), one.text("a"));
    // Somebody who was away since before it merges all the same.
    let away = two.doc.clone();
    drop(two);
    server.stop().await;
    let again = server_with(server.same_data());
    let back = Client::rejoin(&bob.at(&again), &id, away).await;
    assert_eq!(back.text("a"), one.text("a"));
    assert!(back.text("a").unwrap().ends_with("699 end"));
}
