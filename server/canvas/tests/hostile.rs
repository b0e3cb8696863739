//! Every hostile input that is known by name, at the door (CAN-9). Sockets try the same in `server/tests/canvas_hostile.rs`, and chance
//! tries others in `hostile_fuzz.rs`.

mod peers;

use coord_canvas::{Document, NotAdmitted, Ownership, presence, wire};
use coord_protocol::canvas::schema;
use peers::{
    World,
    mutate::{number, text},
};
use std::time::{Duration, Instant};

/// A generous bound for what takes a few milliseconds, in a build without optimisation on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// An update of some sections, each a client's blocks from a clock on.
fn update(sections: &[(u64, u64, Vec<Vec<u8>>)]) -> Vec<u8> {
    let mut out = vec![];
    number(&mut out, sections.len() as u64);
    for (client, clock, blocks) in sections {
        number(&mut out, blocks.len() as u64);
        number(&mut out, *client);
        number(&mut out, *clock);
        out.extend(blocks.concat());
    }
    out.push(0);
    out
}

fn one(client: u64, clock: u64, block: Vec<u8>) -> Vec<u8> {
    update(&[(client, clock, vec![block])])
}

/// A value under a key of a root.
fn value(root: &str, key: &str, content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 1];
    text(&mut out, root);
    text(&mut out, key);
    out.extend_from_slice(content);
    out
}

/// A text or other content in a root, beside nothing.
fn in_root(info: u8, content: &[u8]) -> Vec<u8> {
    [&[info, 1, 1, b'a'], content].concat()
}

fn encoded(of: u64) -> Vec<u8> {
    let mut out = vec![];
    number(&mut out, of);
    out
}

fn free(_: u64) -> Ownership {
    Ownership::Free
}

fn taken(document: &mut Document, update: &[u8]) {
    let admitted = document.admit(update, &free).unwrap();
    document.apply(admitted);
}

fn is_refused(document: &Document, update: &[u8]) -> bool {
    matches!(document.admit(update, &free), Err(NotAdmitted::Refused(_)))
}

#[test]
fn can_9_values_nested_without_end_are_refused() {
    for depth in [33, 8_000, 200_000] {
        let deep = [vec![1], [117, 1].repeat(depth), vec![126]].concat();
        assert!(is_refused(&Document::default(), &one(77, 0, value("a", "a", &deep))));
    }
    // Shared types in one another, over several updates.
    let mut document = Document::default();
    taken(&mut document, &one(77, 0, in_root(7, &[0])));
    for clock in 0..7_u8 {
        taken(&mut document, &one(77, u64::from(clock) + 1, vec![7, 0, 77, clock, 0]));
    }
    assert!(is_refused(&document, &one(77, 8, vec![7, 0, 77, 7, 0])));
}

#[test]
fn can_9_forged_clocks_and_ids_are_refused_or_asked_about() {
    let document = Document::default();
    // 11 bytes by which the server would take all of client 5's later edits for known.
    assert!(is_refused(&document, &[1, 1, 5, 5, 0, 0x80, 0x80, 0x80, 0x80, 4, 0]));
    assert!(is_refused(&document, &one((1 << 60) + 7, 0, value("a", "a", &[1, 126]))));
    assert!(is_refused(&document, &one(1 << 53, 0, value("a", "a", &[1, 126]))));
    for len in [0, (1 << 24) + 1, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, u64::MAX] {
        assert!(is_refused(&document, &one(77, 0, [vec![0], encoded(len)].concat())), "{len}");
    }
    // A clock that wraps on the way.
    let long = [vec![0], encoded(1 << 24)].concat();
    assert!(is_refused(&document, &update(&[(77, (1 << 31) - 2, vec![long])])));
    // A jump: nothing is known of what is left out.
    assert_eq!(
        document.admit(&one(77, 5, value("a", "a", &[1, 126])), &free).err(),
        Some(NotAdmitted::Unknown)
    );
}

#[test]
fn can_9_nobody_writes_under_the_id_of_somebody_else() {
    let mut document = Document::default();
    taken(&mut document, &one(5, 0, value("a", "a", &[1, 126])));
    let adas = |client: u64| if client == 5 { Ownership::Other } else { Ownership::Free };
    for block in [vec![0, 3], vec![0x21, 1, 1, b'a', 1, b'k', 3], value("a", "b", &[1, 126])] {
        let forged = one(5, 1, block);
        assert!(matches!(document.admit(&forged, &adas), Err(NotAdmitted::Refused(_))));
    }
    // What is known of hers may be repeated: that is what an answer to the server's question does.
    let again = document.admit(&document.encode(), &adas).unwrap();
    assert!(again.change.is_empty() && again.taken.is_empty());
    // The second socket with one id, of somebody else, comes too late.
    assert_eq!(document.admit(&one(9, 0, value("a", "b", &[1, 126])), &adas).unwrap().taken, [9]);
}

#[test]
fn can_9_changes_with_gaps_cost_nothing_and_leave_nothing() {
    let (document, began) = (Document::default(), Instant::now());
    for n in 0..10_000 {
        let gapped = one(77, 10 + 2 * n, value("a", "a", &[1, 126]));
        assert_eq!(document.admit(&gapped, &free).err(), Some(NotAdmitted::Unknown));
    }
    assert!(began.elapsed() < SOON && document.size() == 0);
    // Deletions of what is not known, likewise.
    assert_eq!(document.admit(&[0, 1, 5, 1, 0, 9], &free).err(), Some(NotAdmitted::Unknown));
}

#[test]
fn can_9_lengths_that_promise_the_world_take_no_memory() {
    let document = Document::default();
    let huge = [0xff, 0xff, 0xff, 0x7a];
    assert!(document.answer(&huge).is_err());
    assert!(is_refused(&document, &huge));
    assert!(is_refused(&document, &[[1].as_slice(), &huge, &[5, 0]].concat()));
    assert!(is_refused(&document, &[[0].as_slice(), &huge].concat()));
    assert!(is_refused(&document, &[[0, 1, 5].as_slice(), &huge].concat()));
    for kind in [118, 117, 119, 116] {
        let bomb = one(77, 0, value("a", "a", &[[1, kind].as_slice(), &huge].concat()));
        assert!(is_refused(&document, &bomb));
    }
    assert!(presence::parse(&huge, None, |_| true).is_err());
}

#[test]
fn can_9_what_is_too_large_or_too_much_is_refused_and_the_rest_goes_on() {
    let long = "x".repeat(schema::MAX_TEXT + 1);
    let mut content = vec![];
    text(&mut content, &long);
    assert!(is_refused(&Document::default(), &one(77, 0, in_root(4, &content))));

    let object = |n: usize| {
        let mut out = vec![0x27, 1];
        text(&mut out, "objects");
        text(&mut out, &format!("o{n}"));
        out.push(1);
        out
    };
    let mut document = Document::default();
    for from in [0, 10_000] {
        taken(
            &mut document,
            &update(&[(77, from as u64, (from..from + 10_000).map(object).collect())]),
        );
    }
    let after = schema::MAX_OBJECTS as u64;
    assert!(is_refused(&document, &one(77, after, object(20_000))));
    // Without one, there is room for one.
    taken(&mut document, &[0, 1, 77, 1, 3, 1]);
    taken(&mut document, &one(77, after, object(20_000)));

    let mut document = Document::default();
    let big = {
        let mut content = vec![1, 119];
        text(&mut content, &"x".repeat(500_000));
        content
    };
    let mut clock = 0;
    while document.size() + 500_100 < schema::MAX_DOCUMENT {
        taken(&mut document, &one(77, clock, value("meta", "k", &big)));
        clock += 1;
    }
    assert!(is_refused(&document, &one(77, clock, value("meta", "k", &big))));
    taken(&mut document, &one(77, clock, value("meta", "small", &[1, 126])));
}

#[test]
fn can_9_a_state_vector_of_thousands_is_answered_quickly() {
    let mut world = World::new();
    for n in 0..200 {
        world.peers[0].add(&format!("o{n}"));
    }
    world.meet();
    let mut known = encoded(5_000);
    for client in 0..5_000 {
        number(&mut known, client + 10_000_000_000);
        number(&mut known, 7);
    }
    let began = Instant::now();
    assert_eq!(world.server.document.answer(&known).unwrap(), world.server.document.encode());
    assert!(began.elapsed() < SOON);
}

#[test]
fn can_9_parts_that_wait_for_one_another_are_sorted_out_quickly_or_refused() {
    // Two clients whose blocks lean on one another in turn, and 198 that wait for the very last.
    const TURNS: u64 = 4_000;
    let beside = |client: u64, clock: u64| {
        let mut out = vec![0x84];
        number(&mut out, client);
        number(&mut out, clock);
        text(&mut out, "x");
        out
    };
    let first = std::iter::once(in_root(4, &[1, b'x'])).chain((1..TURNS).map(|clock| beside(12, clock - 1)));
    let second = (0..TURNS).map(|clock| beside(11, clock));
    let mut sections = vec![(11, 0, first.collect::<Vec<_>>()), (12, 0, second.collect())];
    sections.extend((0..198).map(|n| (100 + n, 0, vec![beside(12, TURNS - 1)])));
    sections.reverse();
    let began = Instant::now();
    let admitted = Document::default().admit(&update(&sections), &free).unwrap();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(admitted.change.clients().count(), 200);
    // A circle leads nowhere.
    let circle = update(&[(11, 0, vec![beside(12, 0)]), (12, 0, vec![beside(11, 0)])]);
    assert_eq!(Document::default().admit(&circle, &free).err(), Some(NotAdmitted::Unknown));
    assert!(is_refused(
        &Document::default(),
        &update(&[(11, 0, vec![vec![0, 1]]), (11, 1, vec![vec![0, 1]])])
    ));
}

#[test]
fn can_9_what_refers_to_far_away_places_is_found_quickly_or_refused() {
    // A large document of short texts by one client, and an update whose every type stands beside another of them.
    const UNITS: u64 = 200_000;
    let letters = |from: u64, count: u64| -> Vec<Vec<u8>> {
        (from..from + count)
            .map(|clock| match clock {
                0 => in_root(4, &[1, b'x']),
                _ => [vec![0x84], encoded(77), encoded(clock - 1), vec![1, b'x']].concat(),
            })
            .collect()
    };
    let mut document = Document::default();
    for from in (0..UNITS).step_by(20_000) {
        taken(&mut document, &update(&[(77, from, letters(from, 20_000))]));
    }
    let types = (0..10_000).map(|n| [vec![0x87], encoded(77), encoded(n * 19 % UNITS), vec![2]].concat());
    let far = update(&[(78, 0, types.collect())]);
    let began = Instant::now();
    let answer = document.admit(&far, &free);
    assert!(began.elapsed() < 2 * SOON, "{:?}", began.elapsed());
    assert!(matches!(answer, Ok(_) | Err(NotAdmitted::Refused(_))));
    // Stored, such a thing does not keep the canvas from opening.
    let began = Instant::now();
    let whole = document.encode();
    Document::load([whole.as_slice(), far.as_slice()]).unwrap();
    assert!(began.elapsed() < 4 * SOON, "{:?}", began.elapsed());
}

#[test]
fn can_9_a_frame_holds_one_message() {
    assert!(wire::parse(&wire::step1(&[0])).is_ok());
    assert!(wire::parse(&wire::step1(&[0]).repeat(2_000)).is_err());
    for broken in [&[][..], &[0], &[0, 9, 0], &[0, 0, 5, 1], &[77], &[100, 1], &[2, 0, 0], &[0x80, 0]] {
        assert!(wire::parse(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn can_9_presence_is_one_s_own_small_and_an_object() {
    let entry = |client: u64, clock: u64, state: &str| {
        let mut out = vec![];
        number(&mut out, client);
        number(&mut out, clock);
        text(&mut out, state);
        out
    };
    let of = |entries: &[Vec<u8>]| [encoded(entries.len() as u64), entries.concat()].concat();
    let all = |_: u64| true;
    let crowd: Vec<_> = (0..8_000).map(|client| entry(client, 1, "{}")).collect();
    assert!(presence::parse(&of(&crowd), None, all).is_err());
    for state in [
        "<img>",
        "[1]",
        "7",
        "",
        "{",
        &format!("\"{}\"", "x".repeat(5_000)),
        &"[".repeat(4_000),
    ] {
        assert!(presence::parse(&of(&[entry(9, 1, state)]), None, all).is_err(), "{state}");
    }
    assert!(presence::parse(&of(&[entry(9, u64::from(u32::MAX), "{}")]), None, all).is_err());
    // Of others nothing is taken.
    let both = of(&[entry(8, 1, "{\"cur\":1}"), entry(9, 2, "{}")]);
    let said = presence::parse(&both, Some(9), all).unwrap().unwrap();
    assert_eq!((said.client, said.clock), (9, 2));
    assert_eq!(presence::parse(&of(&[entry(8, 1, "{}")]), Some(9), all), Ok(None));
    assert_eq!(presence::parse(&of(&[entry(8, 1, "{}")]), None, |client| client != 8), Ok(None));
}
