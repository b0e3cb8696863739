//! Documents made by Yjs and by yrs, read by both (CAN-1): the samples in `protocol/fixtures/canvas`.
//!
//! Those of Yjs come from `canvas-web/scripts/make-fixtures.mjs`, those of yrs from here: `UPDATE_FIXTURES=1 cargo test -p coord-canvas`.

mod model_common;

use coord_canvas::model::{Edit, NewJob, compact, edit, read, repair};
use coord_protocol::canvas::CanvasFile;
use model_common::*;
use serde_json::{Value, json};
use std::fs;

#[test]
fn can_1_documents_of_yjs_and_of_yrs_are_read_alike() {
    let samples = read_samples();
    for maker in ["yjs-", "yrs-"] {
        assert!(
            samples.iter().filter(|(name, ..)| name.starts_with(maker)).count() >= 6,
            "samples of {maker} are missing"
        );
    }
    for (name, bytes, view) in samples {
        assert_same(&name, &as_json(&read(&bytes).unwrap()), &view);
    }
}

#[test]
fn can_1_samples_survive_compaction_and_repair() {
    for (name, bytes, view) in read_samples() {
        let smaller = compact(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_same(&name, &as_json(&read(&smaller).unwrap()), &view);
        if name != "yjs-lengths" {
            let mended = repair(&bytes, SERVER)
                .unwrap()
                .map_or_else(|| bytes.clone(), |update| after(&bytes, &update));
            assert_same(&name, &as_json(&read(&mended).unwrap()), &view);
            assert_eq!(repair(&mended, SERVER).unwrap(), None, "{name}: mended twice");
        }
    }
}

/// Numbers of JavaScript have one kind; whole ones are written without a point there. -0 is not 0 here.
fn assert_same(name: &str, found: &Value, expected: &Value) {
    for list in ["objects", "links"] {
        let (found, expected) = (found[list].as_array().unwrap(), expected[list].as_array().unwrap());
        let ids = |list: &[Value]| list.iter().map(|entry| entry["id"].to_string()).collect::<Vec<String>>();
        assert_eq!(ids(found), ids(expected), "{name}: {list}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(equal(found, expected), "{name}: {list}\n   found {found}\nexpected {expected}");
        }
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().map(f64::to_bits) == b.as_f64().map(f64::to_bits),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b))),
        (a, b) => a == b,
    }
}

/// An object as a sample writes it, with `rest` in place of what is usual.
fn expected(id: &str, kind: &str, rest: &Value) -> Value {
    let (w, h, color) = match kind {
        "idea" => (240.0, 120.0, "violet"),
        "job" => (280.0, 136.0, "gray"),
        "group" => (640.0, 400.0, "gray"),
        "text" => (240.0, 40.0, "gray"),
        _ => (200.0, 200.0, "amber"),
    };
    let mut object = json!({
        "id": id, "type": kind, "parent": null, "x": 0.0, "y": 0.0, "w": w, "h": h, "z": "", "text": "", "color": color, "ts": 0, "locked": false,
    });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

fn expected_link(id: &str, from: &str, to: &str, kind: &str) -> Value {
    let end = |object: &str| json!({ "object": object, "side": "auto" });
    json!({ "id": id, "from": end(from), "to": end(to), "kind": kind, "color": "gray", "text": "" })
}

fn applied(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    after(bytes, &edit(bytes, SERVER, edits).unwrap().update.unwrap())
}

fn board() -> Vec<u8> {
    made(41, |txn, objects, links| {
        object(txn, objects, "plan", "group", "", 10.5);
        object(txn, objects, "idea", "idea", "plan", 20.0);
        object(txn, objects, "next", "sticky", "plan", -300.0);
        connect(txn, links, "then", "dep", "idea", "next");
        connect(txn, links, "near", "rel", "plan", "next");
    })
}

/// Name, document, what it has to be read as.
fn made_here() -> Vec<(&'static str, Vec<u8>, Value)> {
    let plan = expected("plan", "group", &json!({ "x": 10.5, "text": "plan" }));
    let next = expected("next", "sticky", &json!({ "parent": "plan", "x": -300.0, "text": "next" }));
    let near = expected_link("near", "plan", "next", "rel");
    let card = |id: &str, rest: Value| {
        let mut rest = rest;
        rest["job"] = json!(if id == "new" { OTHER_JOB } else { JOB });
        expected(id, "job", &rest)
    };
    let in_plan = |text: &str| json!({ "parent": "plan", "x": 20.0, "text": text, "color": "gray" });
    vec![
        (
            "yrs-board",
            board(),
            json!({
                "objects": [expected("idea", "idea", &json!({ "parent": "plan", "x": 20.0, "text": "idea" })), next, plan],
                "links": [near, expected_link("then", "idea", "next", "dep")],
            }),
        ),
        (
            "yrs-promoted",
            applied(
                &board(),
                &[
                    Edit::SetSchema,
                    Edit::Promote {
                        object: "idea".to_owned(),
                        job: JOB.parse().unwrap(),
                        clear_text: true,
                    },
                    Edit::PlannedDone {
                        links: vec!["then".to_owned()],
                    },
                    Edit::AddJobs {
                        parent: Some("plan".to_owned()),
                        jobs: vec![NewJob {
                            id: "new".to_owned(),
                            job: OTHER_JOB.parse().unwrap(),
                            x: 1.25,
                            y: 2.0,
                        }],
                    },
                ],
            ),
            json!({
                "objects": [
                    card("idea", in_plan("")),
                    card("new", json!({ "parent": "plan", "x": 1.25, "y": 2.0, "z": "a0" })),
                    next, plan,
                ],
                "links": [near],
            }),
        ),
        (
            "yrs-imported",
            applied(
                &board(),
                &[Edit::Insert {
                    file: file(),
                    ids: ["o1", "o2", "k1"].map(str::to_owned).to_vec(),
                }],
            ),
            {
                json!({
                    "objects": [
                        expected("idea", "idea", &json!({ "parent": "plan", "x": 20.0, "text": "idea" })), next,
                        expected("o1", "group", &json!({ "x": 7.0, "z": "a0", "folder": "Büro" })),
                        expected("o2", "text", &json!({ "parent": "o1", "y": 1.5, "z": "a5", "text": "👋 there", "ts": 1_795_000_000_000_i64, "locked": true })),
                        plan,
                    ],
                    "links": [expected_link("k1", "o1", "o2", "rel"), near, expected_link("then", "idea", "next", "dep")],
                })
            },
        ),
        ("yrs-compacted", compact(&long_life()).unwrap(), lived()),
        (
            "yrs-repaired",
            after(&broken(), &repair(&broken(), SERVER).unwrap().unwrap()),
            mended(),
        ),
        ("yrs-merged", two_people(), {
            json!({
                "objects": [
                    expected("a", "idea", &json!({ "x": 5.0, "text": "left 👍 a right", "color": "pink" })),
                    expected("b", "group", &json!({ "text": "b" })),
                    expected("c", "group", &json!({ "parent": "b", "text": "c" })),
                ],
                "links": [],
            })
        }),
    ]
}

fn file() -> CanvasFile {
    serde_json::from_value(json!({
        "coord_canvas": 1,
        "name": "Import",
        "objects": [
            expected("a", "group", &json!({ "x": 7.0, "z": "a3", "folder": "Büro" })),
            expected("b", "text", &json!({ "parent": "a", "y": 1.5, "z": "a5", "text": "👋 there", "ts": 1_795_000_000_000_i64, "locked": true })),
        ],
        "links": [expected_link("l", "a", "b", "rel")],
    }))
    .unwrap()
}

fn long_life() -> Vec<u8> {
    let doc = client(42);
    changed(&doc, |txn, objects, _| {
        object(txn, objects, "kept", "idea", "", 0.0);
    });
    for round in 0..100 {
        changed(&doc, |txn, objects, links| {
            object(txn, objects, "short", "sticky", "", f64::from(round));
            connect(txn, links, "to-short", "rel", "kept", "short");
            let Some(yrs::Out::YMap(kept)) = objects.get(txn, "kept") else {
                panic!()
            };
            kept.insert(txn, "at", list(["".into(), f64::from(round).into(), 0.5.into()]));
            let Some(yrs::Out::YText(text)) = kept.get(txn, "txt") else {
                panic!()
            };
            text.insert(txn, 4, "👍👍");
            text.remove_range(txn, 4, 4);
        });
        changed(&doc, |txn, objects, links| {
            objects.remove(txn, "short");
            links.remove(txn, "to-short");
        });
    }
    bytes(&doc)
}

fn lived() -> Value {
    json!({ "objects": [expected("kept", "idea", &json!({ "x": 99.0, "y": 0.5, "text": "kept" }))], "links": [] })
}

fn broken() -> Vec<u8> {
    made(43, |txn, objects, links| {
        for (id, order) in [("a", "a1"), ("b", &*"b".repeat(70)), ("c", "a0")] {
            object(txn, objects, id, "sticky", "", 0.0).insert(txn, "z", order);
        }
        objects.insert(txn, "no map", "rubbish");
        objects.insert(txn, "number", 7);
        connect(txn, links, "bad", "rel", "a", "nowhere");
        connect(txn, links, "good", "rel", "a", "b");
    })
}

fn mended() -> Value {
    let one = |id: &str, order: &str| expected(id, "sticky", &json!({ "z": order, "text": id }));
    json!({ "objects": [one("a", "a1"), one("b", "a2"), one("c", "a0")], "links": [expected_link("good", "a", "b", "rel")] })
}

/// Both edit a text and a value while apart.
fn two_people() -> Vec<u8> {
    let start = made(44, |txn, objects, _| {
        object(txn, objects, "a", "idea", "", 0.0);
        object(txn, objects, "b", "group", "", 0.0);
        object(txn, objects, "c", "group", "", 0.0);
    });
    let apart = |id: u64, before: &str, behind: &str, x: f64, parent: (&str, &str)| {
        let doc = merged(id, [&*start]);
        changed(&doc, |txn, objects, _| {
            let Some(yrs::Out::YMap(map)) = objects.get(txn, "a") else {
                panic!()
            };
            let Some(yrs::Out::YText(text)) = map.get(txn, "txt") else {
                panic!()
            };
            text.insert(txn, 0, before);
            let end = text.len(txn);
            text.insert(txn, end, behind);
            map.insert(txn, "at", list(["".into(), x.into(), 0.into()]));
            if id == 45 {
                map.insert(txn, "c", "pink");
            }
            let Some(yrs::Out::YMap(group)) = objects.get(txn, parent.0) else {
                panic!()
            };
            group.insert(txn, "at", list([parent.1.into(), 0.into(), 0.into()]));
        });
        bytes(&doc)
    };
    let (one, other) = (apart(45, "left 👍 ", "", 4.0, ("b", "c")), apart(46, "", " right", 5.0, ("c", "b")));
    bytes(&merged(47, [&*other, &*one]))
}

#[test]
fn can_1_samples_of_yrs_are_as_they_are_made_now() {
    for (name, bytes, view) in made_here() {
        assert_same(name, &as_json(&read(&bytes).unwrap()), &view);
        let sample = json!({ "name": name, "update": encode(&bytes), "view": view });
        let path = samples().join(format!("{name}.json"));
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&sample).unwrap())).unwrap();
        }
        let stored: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(
            equal(&stored, &sample),
            "{name} is made differently now; UPDATE_FIXTURES=1 writes it again"
        );
    }
}
