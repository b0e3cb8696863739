//! Documents as bad as clients can make them: read, mended, compacted and edited (CAN-9).

mod model_common;

use coord_canvas::{
    Document, Ownership,
    model::{CanvasView, Edit, ModelError, NewJob, compact, edit, from_file, read, repair, to_file},
};
use coord_protocol::canvas::schema;
use model_common::*;
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::collections::BTreeSet;
use yrs::{Doc, In, MapPrelim, MapRef, Out, TextPrelim, Transact, XmlElementPrelim, XmlFragmentPrelim, XmlTextPrelim};

const IDS: &[&str] = &["a", "b", "c", "d", "e", "F", "g", "h", "i", "no id", "", "é"];
const KEYS: &[&str] = &[
    "t", "at", "sz", "z", "c", "by", "ts", "lock", "job", "url", "file", "fold", "f", "to", "k", "txt", "other",
];

/// Something to be put anywhere.
#[derive(Debug, Clone)]
enum Thing {
    Plain(Any),
    Text(String),
    Map,
    Array(Vec<Any>),
    Element,
    Fragment,
    XmlText,
}

#[derive(Debug, Clone)]
enum Step {
    /// Puts an entry of a root, made as it should be.
    Object {
        id: &'static str,
        kind: &'static str,
        parent: &'static str,
        order: String,
    },
    Link {
        id: &'static str,
        from: &'static str,
        to: &'static str,
        kind: &'static str,
    },
    /// Puts anything in place of an entry.
    Entry {
        links: bool,
        id: &'static str,
        thing: Thing,
    },
    Set {
        links: bool,
        id: &'static str,
        key: &'static str,
        thing: Thing,
    },
    Unset {
        links: bool,
        id: &'static str,
        key: Option<&'static str>,
    },
    Type {
        id: &'static str,
        at: u32,
        remove: u32,
        text: String,
    },
    Meta(Any),
    /// Who acts next.
    Turn(usize),
    /// All see what all did.
    Meet,
}

fn plain() -> impl Strategy<Value = Any> {
    let number = prop_oneof![
        select(vec![
            0.0,
            -0.0,
            1.5,
            -1e7,
            1e7,
            1.1e7,
            1e300,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            5e-324,
            19_999.5
        ])
        .prop_map(Any::from),
        any::<i64>().prop_map(Any::from),
        (-500_i64..500).prop_map(Any::from),
        any::<f64>().prop_map(Any::from),
    ];
    let word = prop_oneof![
        select(
            [
                "sticky", "idea", "job", "group", "text", "image", "link", "", "x y", "auto", "top", "dep", "rel", "red", "pink", JOB,
                OTHER_JOB
            ]
            .to_vec()
        )
        .prop_map(str::to_owned),
        select(IDS).prop_map(str::to_owned),
        select(
            [
                "https://example.org/a",
                "javascript:alert(1)",
                "HTTP://x",
                "https://",
                "👍",
                "{018f2b1e-7c3a-7000-8000-000000000101}"
            ]
            .to_vec()
        )
        .prop_map(str::to_owned),
        "[a-zA-Z0-9 👍é]{0,80}",
        (60_usize..70).prop_map(|length| "z".repeat(length)),
    ]
    .prop_map(Any::from);
    let leaf = prop_oneof![
        3 => number,
        5 => word,
        1 => select(vec![Any::Null, Any::Undefined, Any::Bool(true), Any::Bool(false), Any::from(vec![1_u8, 2])]),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 0..4).prop_map(Any::from),
            1 => vec((select(KEYS).prop_map(str::to_owned), inner), 0..3)
                .prop_map(|entries| Any::from(entries.into_iter().collect::<std::collections::HashMap<String, Any>>())),
        ]
    })
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        12 => plain().prop_map(Thing::Plain),
        2 => "[a-z👍é]{0,6}".prop_map(Thing::Text),
        1 => (19_998_usize..20_003).prop_map(|length| Thing::Text("👍".to_owned() + &"x".repeat(length - 3) + "👍")),
        1 => Just(Thing::Map),
        1 => vec(plain(), 0..3).prop_map(Thing::Array),
        1 => select(vec![Thing::Element, Thing::Fragment, Thing::XmlText]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let kind = || select(["group", "group", "group", "idea", "sticky", "job", "link"].to_vec());
    prop_oneof![
        8 => (select(IDS), kind(), select(IDS), "[a-z0-9]{0,3}|z{60,70}")
            .prop_map(|(id, kind, parent, order)| Step::Object { id, kind, parent, order }),
        4 => (select(IDS), select(IDS), select(IDS), select(["rel", "dep", "what"].to_vec()))
            .prop_map(|(id, from, to, kind)| Step::Link { id, from, to, kind }),
        2 => (any::<bool>(), select(IDS), thing()).prop_map(|(links, id, thing)| Step::Entry { links, id, thing }),
        10 => (any::<bool>(), select(IDS), select(KEYS), thing()).prop_map(|(links, id, key, thing)| Step::Set { links, id, key, thing }),
        3 => (any::<bool>(), select(IDS), option::of(select(KEYS))).prop_map(|(links, id, key)| Step::Unset { links, id, key }),
        4 => (select(IDS), 0_u32..8, 0_u32..4, "[a-z👍é]{0,5}").prop_map(|(id, at, remove, text)| Step::Type { id, at, remove, text }),
        1 => plain().prop_map(Step::Meta),
        3 => (0_usize..3).prop_map(Step::Turn),
        2 => Just(Step::Meet),
    ]
}

fn put(txn: &mut TransactionMut<'_>, map: &MapRef, key: &str, thing: &Thing) {
    let value = match thing {
        Thing::Plain(any) => In::Any(any.clone()),
        Thing::Text(text) => In::from(TextPrelim::new(text.as_str())),
        Thing::Map => In::from(MapPrelim::from_iter([("t", "idea")])),
        Thing::Array(values) => In::from(yrs::ArrayPrelim::from_iter(values.iter().cloned())),
        Thing::Element => In::from(XmlElementPrelim::new("p", [yrs::types::xml::XmlIn::from(XmlTextPrelim::new("x"))])),
        Thing::Fragment => In::from(XmlFragmentPrelim::default()),
        Thing::XmlText => In::from(XmlTextPrelim::new("x")),
    };
    map.insert(txn, key, value);
}

fn entry(txn: &TransactionMut<'_>, root: &MapRef, id: &str) -> Option<MapRef> {
    match root.get(txn, id) {
        Some(Out::YMap(map)) => Some(map),
        _ => None,
    }
}

fn take(doc: &Doc, step: &Step) {
    changed(doc, |txn, objects, links| {
        let root = |of_links: bool| if of_links { links } else { objects };
        match step {
            Step::Object { id, kind, parent, order } => {
                object(txn, objects, id, kind, parent, 3.0).insert(txn, "z", order.as_str());
            }
            Step::Link { id, from, to, kind } => connect(txn, links, id, kind, from, to),
            Step::Entry { links, id, thing } => put(txn, root(*links), id, thing),
            Step::Set { links, id, key, thing } => {
                if let Some(map) = entry(txn, root(*links), id) {
                    put(txn, &map, key, thing);
                }
            }
            Step::Unset { links, id, key } => match (entry(txn, root(*links), id), key) {
                (Some(map), Some(key)) => drop(map.remove(txn, key)),
                _ => drop(root(*links).remove(txn, id)),
            },
            Step::Type { id, at, remove, text } => {
                if let Some(Out::YText(typed)) = entry(txn, objects, id).and_then(|map| map.get(txn, "txt")) {
                    let at = (*at).min(typed.len(txn));
                    typed.insert(txn, at, text);
                    let remove = (*remove).min(typed.len(txn) - at);
                    typed.remove_range(txn, at, remove);
                }
            }
            Step::Meta(value) => drop(txn.get_or_insert_map("meta").insert(txn, "schema", value.clone())),
            Step::Turn(_) | Step::Meet => {}
        }
    });
}

/// What three people make of these steps, in two orders of arrival.
fn played(steps: &[Step]) -> [Vec<u8>; 2] {
    let people = [client(71), remembering(72), client(73)];
    let mut turn = 0;
    let meet = || {
        let all = people.each_ref().map(bytes);
        for person in &people {
            for update in &all {
                person
                    .transact_mut()
                    .apply_update(yrs::updates::decoder::Decode::decode_v1(update).unwrap())
                    .unwrap();
            }
        }
    };
    for step in steps {
        match step {
            Step::Turn(next) => turn = *next,
            Step::Meet => meet(),
            _ => take(&people[turn], step),
        }
    }
    let all = people.each_ref().map(bytes);
    [
        bytes(&merged(74, all.iter().map(Vec::as_slice))),
        bytes(&merged(75, all.iter().rev().map(Vec::as_slice))),
    ]
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// That a view is as the schema promises, by another way than the reader's own.
fn obeys(view: &CanvasView) {
    let ids: Vec<&str> = view.objects.iter().map(|object| object.id.as_str()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(view.links.windows(2).all(|pair| pair[0].id < pair[1].id));
    for object in &view.objects {
        assert!(object.x.abs() <= schema::MAX_COORDINATE && object.y.abs() <= schema::MAX_COORDINATE);
        assert!(
            [object.w, object.h]
                .iter()
                .all(|size| (schema::MIN_SIZE..=schema::MAX_SIZE).contains(size))
        );
        assert!(units(&object.text) <= schema::MAX_TEXT && units(&object.z) <= schema::MAX_ORDER);
        assert!(schema::COLORS.contains(&object.color.as_str()));
        assert_eq!(object.kind == "job", object.job.is_some());
        let mut above = BTreeSet::new();
        let mut parent = object.parent.as_deref();
        while let Some(id) = parent {
            assert!(above.insert(id) && above.len() <= schema::MAX_DEPTH);
            let group = view.object(id).unwrap();
            assert_eq!(group.kind, "group");
            parent = group.parent.as_deref();
        }
    }
    for link in &view.links {
        assert!(ids.contains(&link.from.object.as_str()) && ids.contains(&link.to.object.as_str()) && link.from.object != link.to.object);
        assert!(schema::SIDES.contains(&link.from.side.as_str()) && schema::SIDES.contains(&link.to.side.as_str()));
        assert!(schema::KINDS.contains(&link.kind.as_str()) && schema::COLORS.contains(&link.color.as_str()));
        assert!(units(&link.text) <= schema::MAX_TEXT);
    }
    // A view is a good file.
    from_file(&to_file(view, "x", |_| None)).unwrap();
}

/// Without order keys, which mending may write anew; in the order that they give within each group.
fn without_orders(view: &CanvasView) -> CanvasView {
    let mut view = view.clone();
    view.objects.sort_by(|a, b| {
        a.parent
            .cmp(&b.parent)
            .then(a.z.encode_utf16().cmp(b.z.encode_utf16()))
            .then(a.id.cmp(&b.id))
    });
    for object in &mut view.objects {
        object.z = String::new();
    }
    view.schema = None;
    view
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn can_9_any_document_is_read_mended_and_compacted(steps in vec(step(), 0..80)) {
        let [one, other] = played(&steps);
        let view = read(&one).unwrap();
        prop_assert_eq!(&view, &read(&other).unwrap(), "the order of arrival does not matter");
        obeys(&view);

        let smaller = compact(&one).unwrap();
        prop_assert_eq!(&view, &read(&smaller).unwrap());
        prop_assert_eq!(compact(&smaller).unwrap().len(), smaller.len());

        let mended = repair(&one, SERVER).unwrap().map_or_else(|| one.clone(), |update| after(&one, &update));
        let mended_view = read(&mended).unwrap();
        prop_assert_eq!(without_orders(&view), without_orders(&mended_view));
        // One unit less: half a pair may have been cut off.
        if view.objects.iter().all(|object| object.z.len() + 1 < schema::MAX_ORDER) {
            prop_assert_eq!(&view.objects, &mended_view.objects);
        }
        prop_assert_eq!(repair(&mended, SERVER).unwrap(), None);
        // Mending is one more edit to everybody else.
        if let Some(update) = repair(&one, SERVER).unwrap() {
            prop_assert_eq!(read(&after(&other, &update)).unwrap(), mended_view);
        }
    }

    #[test]
    fn can_9_edits_of_the_server_fit_any_document(steps in vec(step(), 0..60), object in select(IDS), parent in option::of(select(IDS)), which in 0..5) {
        let [one, other] = played(&steps);
        let made = match which {
            0 => Edit::Promote { object: object.to_owned(), job: JOB.parse().unwrap(), clear_text: true },
            1 => Edit::Remove { objects: vec![object.to_owned(), "g".to_owned()] },
            2 => Edit::Move { object: object.to_owned(), parent: parent.map(str::to_owned), x: 1.0, y: f64::NAN },
            3 => Edit::AddJobs {
                parent: parent.map(str::to_owned),
                jobs: vec![NewJob { id: "new".to_owned(), job: JOB.parse().unwrap(), x: 1e9, y: 0.0 }],
            },
            _ => Edit::SetSchema,
        };
        let edited = match edit(&one, SERVER, &[made]) {
            Err(ModelError::Missing(_) | ModelError::Limit(_)) => return Ok(()),
            edited => edited.unwrap(),
        };
        let Some(update) = edited.update else { return Ok(()) };
        let view = read(&after(&one, &update)).unwrap();
        prop_assert_eq!(&view, &read(&after(&other, &update)).unwrap());
        obeys(&view);
        match which {
            0 => prop_assert!(view.object(object).is_some_and(|card| card.job.is_some() && (card.text.is_empty() || edited.done[0].objects.is_empty()))),
            1 => prop_assert!(view.object(object).is_none()),
            2 => prop_assert_eq!(view.object(object).unwrap().parent.as_deref(), parent),
            3 => prop_assert_eq!(view.object("new").unwrap().parent.as_deref(), parent),
            _ => prop_assert!(view.schema.is_some()),
        }
    }

    #[test]
    fn can_9_what_yrs_makes_passes_the_check(steps in vec(step(), 0..60)) {
        let [one, _] = played(&steps);
        let mut document = Document::default();
        match document.admit(&one, &|_| Ownership::Free) {
            Ok(admitted) => {
                document.apply(admitted);
                prop_assert_eq!(read(&document.encode()).unwrap(), read(&one).unwrap());
            }
            // One of the texts may be longer than what may be sent at once.
            Err(why) => prop_assert!(why.to_string().contains("too long"), "{}", why),
        }
    }

    /// Rule 4, said the other way round: an object is in the group it names unless one of three reasons holds.
    #[test]
    fn can_2_an_object_leaves_its_group_for_a_reason_alone(parents in vec((0_usize..45, 0_u8..6), 1..45)) {
        let name = |at: usize| format!("o{at:02}");
        let is_group = |at: usize| parents.get(at).is_some_and(|(_, kind)| *kind > 0);
        let bytes = made(70, |txn, objects, _| {
            for (at, (parent, _)) in parents.iter().enumerate() {
                object(txn, objects, &name(at), if is_group(at) { "group" } else { "idea" }, &name(*parent), 0.0);
            }
        });
        let view = read(&bytes).unwrap();
        obeys(&view);
        for (at, (named, _)) in parents.iter().enumerate() {
            match view.object(&name(at)).unwrap().parent.as_deref() {
                Some(parent) => prop_assert_eq!(parent, &name(*named)),
                None => {
                    let mut circle = vec![];
                    let mut next = at;
                    while is_group(next) && !circle.contains(&next) {
                        circle.push(next);
                        next = parents[next].0;
                    }
                    let is_cut = next == at && circle.iter().min() == Some(&at);
                    let mut depth = 1;
                    let mut above = view.object(&name(*named));
                    while let Some(parent) = above.and_then(|group| group.parent.as_deref()) {
                        depth += 1;
                        above = view.object(parent);
                    }
                    prop_assert!(!is_group(*named) || is_cut || depth > schema::MAX_DEPTH, "{} is in no group", name(at));
                }
            }
        }
    }
}
