//! What the server does to a document, and what it leaves alone.

mod model_common;

use coord_canvas::{
    Document, Ownership,
    model::{Done, Edit, Edited, ModelError, NewJob, compact, edit, from_file, planned, read, repair, to_file},
};
use coord_protocol::{canvas::CanvasFile, id::JobId};
use model_common::*;
use serde_json::json;
use yrs::{
    Array, ArrayRef, GetString, Out, ReadTxn, StateVector, Transact, Update,
    branch::{Branch, BranchPtr},
    updates::decoder::Decode,
};

fn job(text: &str) -> JobId {
    text.parse().unwrap()
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// Two ideas in a group, connected, and a note beside it.
fn board() -> Vec<u8> {
    made(41, |txn, objects, links| {
        object(txn, objects, "group", "group", "", 100.0);
        object(txn, objects, "idea", "idea", "group", 1.0).insert(txn, "c", "pink");
        object(txn, objects, "next", "idea", "group", 2.0);
        object(txn, objects, "note", "sticky", "", 3.0).insert(txn, "z", "a5");
        connect(txn, links, "then", "dep", "idea", "next");
        connect(txn, links, "near", "rel", "note", "idea");
    })
}

fn one(bytes: &[u8], edit_: Edit) -> Result<Edited, ModelError> {
    edit(bytes, SERVER, &[edit_])
}

fn promote(object: &str) -> Edit {
    Edit::Promote {
        object: object.to_owned(),
        job: job(JOB),
        clear_text: false,
    }
}

fn applied(bytes: &[u8], edit_: Edit) -> Vec<u8> {
    let edited = one(bytes, edit_).unwrap();
    after(bytes, &edited.update.expect("the edit changes something"))
}

#[test]
fn can_4_a_promoted_idea_keeps_text_place_and_connectors() {
    let before = read(&board()).unwrap();
    let edited = one(&board(), promote("idea")).unwrap();
    assert_eq!(
        edited.done,
        [Done {
            objects: words(["idea"]),
            links: vec![]
        }]
    );
    let view = read(&after(&board(), &edited.update.unwrap())).unwrap();
    let (was, is) = (before.object("idea").unwrap(), view.object("idea").unwrap());
    assert_eq!(
        (is.kind.as_str(), is.job, is.text.as_str(), is.color.as_str()),
        ("job", Some(job(JOB)), "idea", "pink")
    );
    assert_eq!((&is.parent, is.x, is.y), (&was.parent, was.x, was.y));
    assert_eq!(view.links, before.links);
    assert_eq!(view.objects.len(), before.objects.len());
}

#[test]
fn can_4_promoting_twice_to_the_same_job_changes_nothing_and_to_another_is_refused() {
    let bytes = applied(&board(), promote("idea"));
    assert_eq!(
        one(&bytes, promote("idea")).unwrap(),
        Edited {
            update: None,
            done: vec![Done::default()]
        }
    );
    let other = Edit::Promote {
        object: "idea".to_owned(),
        job: job(OTHER_JOB),
        clear_text: false,
    };
    assert!(matches!(one(&bytes, other), Err(ModelError::Missing(id)) if id == "idea"));
}

#[test]
fn can_4_only_ideas_and_sticky_notes_become_jobs() {
    assert!(one(&board(), promote("note")).unwrap().update.is_some());
    for id in ["group", "nowhere", "no id", "then"] {
        assert!(
            matches!(one(&board(), promote(id)), Err(ModelError::Missing(missing)) if missing == id),
            "{id}"
        );
    }
}

#[test]
fn can_4_a_private_job_takes_the_text_off_the_canvas() {
    let private = || Edit::Promote {
        object: "idea".to_owned(),
        job: job(JOB),
        clear_text: true,
    };
    let view = read(&applied(&board(), private())).unwrap();
    assert_eq!(view.object("idea").unwrap().text, "");
    // Formatted, with a picture in it and an emoji: all of it goes, in the text that is there.
    let doc = merged(50, [&*board()]);
    changed(&doc, |txn, objects, _| {
        let Some(Out::YMap(map)) = objects.get(txn, "idea") else { panic!() };
        let Some(Out::YText(text)) = map.get(txn, "txt") else { panic!() };
        text.insert(txn, 0, "👍👍");
        text.format(txn, 1, 3, [("b".into(), true.into())].into());
        text.insert_embed(txn, 2, yrs::any!({ "image": "x" }));
    });
    let view = read(&applied(&bytes(&doc), private())).unwrap();
    assert_eq!(view.object("idea").unwrap().text, "");
}

#[test]
fn can_4_what_is_typed_while_an_idea_is_promoted_stays() {
    let typing = merged(50, [&*board()]);
    changed(&typing, |txn, objects, _| {
        let Some(Out::YMap(map)) = objects.get(txn, "idea") else { panic!() };
        let Some(Out::YText(text)) = map.get(txn, "txt") else { panic!() };
        text.insert(txn, 4, " and more");
        map.insert(txn, "at", list(["".into(), 70.into(), 80.into()]));
    });
    let promoted = one(&board(), promote("idea")).unwrap().update.unwrap();
    let view = read(&bytes(&merged(51, [&*bytes(&typing), &*promoted]))).unwrap();
    let card = view.object("idea").unwrap();
    assert_eq!(
        (card.text.as_str(), card.job, card.x, card.parent.as_deref()),
        ("idea and more", Some(job(JOB)), 70.0, None)
    );
}

#[test]
fn can_6_planned_dependencies_of_an_object_are_found_and_settled() {
    let bytes = applied(&board(), promote("next"));
    let view = read(&bytes).unwrap();
    let at_idea = planned(&view, "idea");
    assert_eq!(at_idea.len(), 1);
    assert_eq!(
        (at_idea[0].link.as_str(), at_idea[0].first, at_idea[0].other_job),
        ("then", true, Some(job(JOB)))
    );
    let at_next = planned(&view, "next");
    assert_eq!(
        (at_next[0].first, at_next[0].other.as_str(), at_next[0].other_job),
        (false, "idea", None)
    );
    assert_eq!(planned(&view, "note"), []);

    let done = read(&applied(
        &bytes,
        Edit::PlannedDone {
            links: words(["then", "nowhere"]),
        },
    ))
    .unwrap();
    assert!(done.link("then").is_none() && done.link("near").is_some());
    let related = applied(&bytes, Edit::Relate { link: "then".to_owned() });
    assert_eq!(read(&related).unwrap().link("then").unwrap().kind, "rel");
    for nothing in [
        Edit::Relate { link: "near".to_owned() },
        Edit::Relate {
            link: "nowhere".to_owned(),
        },
        Edit::PlannedDone { links: words(["nowhere"]) },
    ] {
        assert_eq!(one(&related, nothing).unwrap().update, None);
    }
}

#[test]
fn can_1_the_version_is_written_once() {
    let bytes = applied(&board(), Edit::SetSchema);
    assert_eq!(read(&board()).unwrap().schema, None);
    assert_eq!(read(&bytes).unwrap().schema, Some(1));
    assert_eq!(one(&bytes, Edit::SetSchema).unwrap().update, None);
    // Of an empty document, and in a document of nothing.
    let empty = bytes_of_nothing();
    assert_eq!(read(&applied(&empty, Edit::SetSchema)).unwrap().schema, Some(1));
}

fn bytes_of_nothing() -> Vec<u8> {
    vec![0, 0]
}

#[test]
fn can_2_what_was_in_a_removed_group_stays_where_it_is_seen() {
    let nested = made(42, |txn, objects, links| {
        object(txn, objects, "outer", "group", "", 100.0);
        object(txn, objects, "inner", "group", "outer", 20.0);
        object(txn, objects, "note", "sticky", "inner", 3.0);
        object(txn, objects, "deep", "group", "inner", 4.0);
        object(txn, objects, "deeper", "sticky", "deep", 5.0);
        connect(txn, links, "at-inner", "rel", "inner", "note");
        connect(txn, links, "at-note", "rel", "deeper", "note");
    });
    let edited = one(
        &nested,
        Edit::Remove {
            objects: words(["outer", "inner", "nowhere"]),
        },
    )
    .unwrap();
    assert_eq!(
        edited.done,
        [Done {
            objects: words(["inner", "outer"]),
            links: words(["at-inner"])
        }]
    );
    let view = read(&after(&nested, &edited.update.unwrap())).unwrap();
    let seen: Vec<_> = view
        .objects
        .iter()
        .map(|object| (object.id.as_str(), object.parent.as_deref(), object.x))
        .collect();
    assert_eq!(seen, [("deep", None, 124.0), ("deeper", Some("deep"), 5.0), ("note", None, 123.0)]);
    assert_eq!(view.links.len(), 1);
}

#[test]
fn can_7_objects_move_between_groups_and_not_into_themselves() {
    let to = |object: &str, parent: Option<&str>| Edit::Move {
        object: object.to_owned(),
        parent: parent.map(str::to_owned),
        x: 7.5,
        y: f64::NAN,
    };
    let view = read(&applied(&board(), to("idea", None))).unwrap();
    let idea = view.object("idea").unwrap();
    // On top of the note, whose key is a5.
    assert_eq!((idea.parent.as_deref(), idea.x, idea.y, idea.z.as_str()), (None, 7.5, 0.0, "a6"));
    let view = read(&applied(&board(), to("note", Some("group")))).unwrap();
    assert_eq!(view.object("note").unwrap().parent.as_deref(), Some("group"));
    assert!(matches!(one(&board(), to("group", Some("group"))), Err(ModelError::Limit(_))));
    assert!(matches!(one(&board(), to("note", Some("idea"))), Err(ModelError::Missing(id)) if id == "idea"));
    assert!(matches!(one(&board(), to("nowhere", None)), Err(ModelError::Missing(_))));
}

#[test]
fn can_2_a_group_goes_no_deeper_than_what_is_in_it_allows() {
    // Seven groups within one another; beside them one with a group in it that holds a note.
    let board = made(41, |txn, objects, _| {
        for n in 0..7_u32 {
            let parent = n.checked_sub(1).map_or_else(String::new, |n| format!("g{n}"));
            object(txn, objects, &format!("g{n}"), "group", &parent, 0.0);
        }
        object(txn, objects, "outer", "group", "", 0.0);
        object(txn, objects, "inner", "group", "outer", 0.0);
        object(txn, objects, "note", "sticky", "inner", 0.0);
    });
    let to = |object: &str, parent: &str| Edit::Move {
        object: object.to_owned(),
        parent: Some(parent.to_owned()),
        x: 0.0,
        y: 0.0,
    };
    assert!(matches!(one(&board, to("outer", "g6")), Err(ModelError::Limit(_))));
    let view = read(&applied(&board, to("outer", "g5"))).unwrap();
    assert_eq!(view.object("note").unwrap().parent.as_deref(), Some("inner"), "eight levels");
    let view = read(&applied(&board, to("inner", "g6"))).unwrap();
    assert_eq!(view.object("note").unwrap().parent.as_deref(), Some("inner"));
}

#[test]
fn can_7_job_cards_are_added_on_top_once() {
    let cards = |parent: Option<&str>, jobs: &[(&str, &str)]| Edit::AddJobs {
        parent: parent.map(str::to_owned),
        jobs: jobs
            .iter()
            .map(|(id, of)| NewJob {
                id: (*id).to_owned(),
                job: job(of),
                x: 1.0,
                y: 2.0,
            })
            .collect(),
    };
    let bytes = applied(&board(), cards(None, &[("k1", JOB), ("k2", OTHER_JOB)]));
    let view = read(&bytes).unwrap();
    let card = view.object("k2").unwrap();
    assert_eq!(
        (card.kind.as_str(), card.job, card.z.as_str(), card.w),
        ("job", Some(job(OTHER_JOB)), "a7", 280.0)
    );
    assert_eq!(one(&bytes, cards(None, &[("k1", JOB)])).unwrap().update, None);
    assert!(one(&bytes, cards(None, &[("k1", OTHER_JOB)])).is_err());
    assert!(one(&bytes, cards(None, &[("no id", JOB)])).is_err());
    assert!(one(&bytes, cards(Some("note"), &[("k3", JOB)])).is_err());
}

#[test]
fn can_1_an_impossible_edit_leaves_out_those_beside_it() {
    assert!(edit(&board(), SERVER, &[promote("idea"), promote("nowhere")]).is_err());
    // One after another: the second meets what the first made.
    let edits = [promote("idea"), Edit::Remove { objects: words(["idea"]) }];
    let update = edit(&board(), SERVER, &edits).unwrap().update.unwrap();
    assert!(read(&after(&board(), &update)).unwrap().object("idea").is_none());
}

#[test]
fn can_1_an_update_holds_the_change_alone_and_the_same_one_each_time() {
    let edits = [
        promote("idea"),
        Edit::SetSchema,
        Edit::Insert {
            file: file(),
            ids: words(["x1", "x2", "x3"]),
        },
    ];
    let (update, again) = (
        edit(&board(), SERVER, &edits).unwrap().update,
        edit(&board(), SERVER, &edits).unwrap().update,
    );
    assert_eq!(update, again);
    assert!(one(&board(), promote("idea")).unwrap().update.unwrap().len() < 120);
}

#[test]
fn can_9_what_the_server_makes_passes_its_own_check_without_gaps() {
    let free = |_: u64| Ownership::Free;
    let mut document = Document::default();
    let mut bytes = board();
    let mut admit = |bytes: &[u8]| {
        let admitted = document.admit(bytes, &free).unwrap();
        document.apply(admitted);
        (document.encode(), document.clock(SERVER))
    };
    admit(&bytes);
    let mut clock = 0;
    for edit_ in [
        Edit::SetSchema,
        promote("idea"),
        Edit::Insert {
            file: file(),
            ids: words(["x1", "x2", "x3"]),
        },
        Edit::Move {
            object: "note".to_owned(),
            parent: Some("x1".to_owned()),
            x: 0.0,
            y: 0.0,
        },
        Edit::Remove {
            objects: words(["group", "x1"]),
        },
    ] {
        let update = one(&bytes, edit_).unwrap().update.unwrap();
        let (now, next) = admit(&update);
        assert!(next > clock, "the server's clock goes on");
        assert_eq!(read(&now).unwrap(), read(&after(&bytes, &update)).unwrap());
        (bytes, clock) = (now, next);
    }
    let smaller = compact(&bytes).unwrap();
    let mut document = Document::default();
    let admitted = document.admit(&smaller, &free).unwrap();
    document.apply(admitted);
    assert_eq!(read(&document.encode()).unwrap(), read(&bytes).unwrap());
}

#[test]
fn can_1_every_sample_passes_the_check() {
    for (name, bytes, _) in read_samples() {
        if let Err(why) = Document::default().admit(&bytes, &|_| Ownership::Free) {
            // One text in it is longer than may be sent.
            assert_eq!(name, "yjs-lengths", "{why}");
        }
    }
}

#[test]
fn can_11_a_file_comes_back_as_it_went_with_titles_of_what_its_reader_may_see() {
    let bytes = applied(&board(), promote("idea"));
    let view = read(&bytes).unwrap();
    let file = to_file(&view, "Plan", |id| {
        (id == job(JOB)).then(|| ("Title".to_owned(), "ready".to_owned()))
    });
    let card = file.objects.iter().find(|object| object.id == "idea").unwrap();
    assert_eq!(
        (card.job_title.as_deref(), card.job_state.as_deref()),
        (Some("Title"), Some("ready"))
    );
    assert!(
        to_file(&view, "Plan", |_| None)
            .objects
            .iter()
            .all(|object| object.job_title.is_none() && object.job_state.is_none())
    );

    let text = serde_json::to_string(&file).unwrap();
    let file: CanvasFile = serde_json::from_str(&text).unwrap();
    let back = from_file(&file).unwrap();
    assert_eq!((back.objects, back.links), (view.objects.clone(), view.links.clone()));
    // Onto an empty canvas, with the same ids.
    let ids = file
        .objects
        .iter()
        .map(|object| object.id.clone())
        .chain(file.links.iter().map(|link| link.id.clone()))
        .collect();
    let imported = read(&applied(&bytes_of_nothing(), Edit::Insert { file, ids })).unwrap();
    assert_eq!((imported.objects, imported.links), (view.objects, view.links));
}

fn file() -> CanvasFile {
    let object = |id: &str, kind: &str, parent: Option<&str>| json!({ "id": id, "type": kind, "parent": parent, "x": 1, "y": 2.5, "w": 100, "h": 50, "z": "a1", "text": id, "color": "teal" });
    let end = |object: &str| json!({ "object": object, "side": "top" });
    serde_json::from_value(json!({
        "coord_canvas": 1,
        "name": "Import",
        "objects": [object("g", "group", None), object("n", "sticky", Some("g"))],
        "links": [{ "id": "l", "from": end("g"), "to": end("n"), "kind": "dep", "color": "red", "text": "why" }],
    }))
    .unwrap()
}

#[test]
fn can_11_an_import_gets_new_ids_and_goes_on_top() {
    let ids = words(["x1", "x2", "x3"]);
    let view = read(&applied(
        &board(),
        Edit::Insert {
            file: file(),
            ids: ids.clone(),
        },
    ))
    .unwrap();
    assert_eq!(view.object("x1").unwrap().z, "a6");
    let note = view.object("x2").unwrap();
    assert_eq!(
        (note.parent.as_deref(), note.z.as_str(), note.w, note.text.as_str()),
        (Some("x1"), "a1", 100.0, "n")
    );
    let link = view.link("x3").unwrap();
    assert_eq!(
        (
            link.from.object.as_str(),
            link.to.object.as_str(),
            link.kind.as_str(),
            link.text.as_str()
        ),
        ("x1", "x2", "dep", "why")
    );
    for wrong in [
        words(["x1", "x2"]),
        words(["x1", "x1", "x3"]),
        words(["idea", "x2", "x3"]),
        words(["x 1", "x2", "x3"]),
    ] {
        assert!(matches!(
            one(&board(), Edit::Insert { file: file(), ids: wrong }),
            Err(ModelError::Limit(_))
        ));
    }
}

#[test]
fn can_11_a_bad_file_says_which_field_and_which_limit() {
    let faulty = |change: &dyn Fn(&mut CanvasFile)| {
        let mut file = file();
        change(&mut file);
        from_file(&file)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|(at, why)| format!("{at} {why}"))
            .collect::<Vec<String>>()
    };
    assert_eq!(faulty(&|_| ()), [""; 0]);
    assert_eq!(faulty(&|file| file.coord_canvas = 2), ["coord_canvas must be 1"]);
    assert_eq!(faulty(&|file| file.name.clear()), ["name must have 1 to 200 characters"]);
    assert_eq!(
        faulty(&|file| file.objects[1].id = "g".to_owned())[0],
        "objects[1].id must not be there twice"
    );
    assert_eq!(
        faulty(&|file| file.objects[0].id = "a b".to_owned())[0],
        "objects[0].id must be 1 to 64 letters, digits, _ or -"
    );
    assert_eq!(
        faulty(&|file| file.objects[1].x = 1e8),
        ["objects[1].x must be a number from -10000000 to 10000000"]
    );
    assert_eq!(
        faulty(&|file| file.objects[1].h = f64::NAN),
        ["objects[1].h must be a number from 8 to 20000"]
    );
    assert_eq!(
        faulty(&|file| file.objects[1].text = "👍".repeat(10_001)),
        ["objects[1].text must have at most 20000 characters"]
    );
    assert_eq!(
        faulty(&|file| file.objects[1].z = "a".repeat(65)),
        ["objects[1].z must have at most 64 characters"]
    );
    assert_eq!(
        faulty(&|file| file.objects[1].color = "mauve".to_owned()),
        ["objects[1].color must be one of gray, red, orange, amber, green, teal, blue, violet, pink"]
    );
    let circle = faulty(&|file| {
        file.objects[0].parent = Some("n".to_owned());
        file.objects[1].kind = "group".to_owned();
    });
    assert_eq!(
        circle,
        ["objects[0].parent must be a group of this file, without circles and at most 8 deep"]
    );
    assert_eq!(
        faulty(&|file| file.objects[1].kind = "job".to_owned()),
        ["objects[1].job must be the id of a job"]
    );
    assert_eq!(
        faulty(&|file| file.objects[1].url = Some("https://x".to_owned())),
        ["objects[1].url must not be there: only objects of type link have it"]
    );
    assert_eq!(
        faulty(&|file| file.links[0].to.object = "x".to_owned()),
        ["links[0].to.object must be an object of this file"]
    );
    assert_eq!(
        faulty(&|file| file.links[0].to.object = "g".to_owned()),
        ["links[0].to.object must be another object than from"]
    );
    assert_eq!(
        faulty(&|file| file.links[0].from.side = "north".to_owned()),
        ["links[0].from.side must be one of auto, top, right, bottom, left"]
    );
    let many = faulty(&|file| file.objects = vec![file.objects[0].clone(); 50]);
    assert_eq!(many.len(), 20);
    assert_eq!(
        faulty(&|file| file.objects = vec![file.objects[0].clone(); 20_001]),
        ["objects must be at most 20000"]
    );
}

#[test]
fn can_9_beyond_the_limits_the_newest_objects_go_and_long_orders_and_texts_are_mended() {
    let bytes = made(60, |txn, objects, links| {
        for number in 0..20_010_u32 {
            // The first ten and the next two are as new as each other, and newer than the rest.
            let time = if number < 12 { 2 } else { 1 };
            add(txn, objects, &format!("o{number:05}"), &[("ts", time.into())]);
        }
        let long = add(
            txn,
            objects,
            "long",
            &[("z", "z".repeat(65).into()), ("txt", "👍".repeat(10_001).into())],
        );
        long.insert(txn, "t", "idea");
        connect(txn, links, "to-newest", "rel", "long", "o00011");
        connect(txn, links, "to-oldest", "rel", "long", "o00012");
    });
    let mended = after(&bytes, &repair(&bytes, SERVER).unwrap().unwrap());
    assert_eq!(repair(&mended, SERVER).unwrap(), None);
    let view = read(&mended).unwrap();
    assert_eq!(view.objects.len(), 20_000);
    assert!(view.object("o00000").is_some() && view.object("o00001").is_none() && view.object("o00011").is_none());
    assert_eq!(view.links.iter().map(|link| link.id.as_str()).collect::<Vec<_>>(), ["to-oldest"]);
    let raw = merged(62, [&*mended]);
    changed(&raw, |txn, objects, _| {
        let Some(Out::YMap(map)) = objects.get(txn, "long") else { panic!() };
        let Some(Out::YText(text)) = map.get(txn, "txt") else { panic!() };
        assert_eq!(text.len(txn), 20_000, "in the document too");
    });
    let long = view.object("long").unwrap();
    assert_eq!((long.text.encode_utf16().count(), long.z.len()), (20_000, 4));
    assert!(view.objects.iter().all(|object| object.z <= long.z), "it was on top and still is");
}

#[test]
fn can_9_a_text_with_other_things_in_it_is_cut_like_any() {
    let bytes = made(63, |txn, objects, _| {
        let map = object(txn, objects, "a", "idea", "", 0.0);
        let Some(Out::YText(text)) = map.get(txn, "txt") else { panic!() };
        text.insert(txn, 0, &"x".repeat(20_001));
        // What no editor does.
        ArrayRef::from(BranchPtr::from(AsRef::<Branch>::as_ref(&text))).insert(txn, 0, 7);
    });
    let mended = after(&bytes, &repair(&bytes, SERVER).unwrap().unwrap());
    assert_eq!(read(&mended).unwrap(), read(&bytes).unwrap());
    assert_eq!(repair(&mended, SERVER).unwrap(), None);
}

#[test]
fn can_9_a_version_from_the_future_keeps_nobody_out() {
    let doc = merged(50, [&*board()]);
    changed(&doc, |txn, _, _| {
        let meta = txn.get_or_insert_map("meta");
        meta.insert(txn, "schema", 99);
    });
    let bytes = bytes(&doc);
    assert_eq!(
        read(&after(&bytes, &repair(&bytes, SERVER).unwrap().unwrap())).unwrap().schema,
        Some(1)
    );
}

#[test]
fn can_9_a_document_with_gaps_is_neither_edited_nor_compacted() {
    let doc = client(61);
    changed(&doc, |txn, objects, _| {
        object(txn, objects, "first", "idea", "", 0.0);
    });
    let seen: StateVector = doc.transact().state_vector();
    changed(&doc, |txn, objects, _| {
        object(txn, objects, "second", "idea", "", 0.0);
    });
    let part = doc.transact().encode_diff_v1(&seen);
    assert!(matches!(one(&part, Edit::SetSchema), Err(ModelError::Gaps)));
    assert!(matches!(compact(&part), Err(ModelError::Gaps)));
    assert!(matches!(repair(&part, SERVER), Err(ModelError::Gaps)));
    assert!(matches!(read(&part), Err(ModelError::Gaps)));
    assert!(matches!(read(b"rubbish"), Err(ModelError::Decode(_))));
}

#[test]
fn can_1_compaction_forgets_what_was_deleted_and_takes_what_comes_late() {
    let (doc, late) = (remembering(50), merged(51, [&*board()]));
    doc.transact_mut().apply_update(Update::decode_v1(&board()).unwrap()).unwrap();
    for round in 0..200 {
        changed(&doc, |txn, objects, _| {
            object(txn, objects, "short", "idea", "", f64::from(round));
        });
    }
    changed(&doc, |txn, objects, _| {
        objects.remove(txn, "short");
        objects.remove(txn, "next");
    });
    let long = bytes(&doc);
    let smaller = compact(&long).unwrap();
    assert!(smaller.len() * 5 < long.len(), "{} of {}", smaller.len(), long.len());
    // Somebody who was offline typed into what is gone, and into what is not.
    let before = late.transact().state_vector();
    changed(&late, |txn, objects, _| {
        for id in ["next", "idea"] {
            let Some(Out::YMap(map)) = objects.get(txn, id) else { panic!() };
            let Some(Out::YText(text)) = map.get(txn, "txt") else { panic!() };
            text.insert(txn, 0, "late ");
            assert!(text.get_string(txn).starts_with("late"));
        }
    });
    let update = late.transact().encode_diff_v1(&before);
    let (from_long, from_smaller) = (read(&after(&long, &update)).unwrap(), read(&after(&smaller, &update)).unwrap());
    assert_eq!(from_long, from_smaller);
    assert_eq!(from_smaller.object("idea").unwrap().text, "late idea");
}
