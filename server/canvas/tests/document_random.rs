//! Several people edit one canvas in any order, with losses on the way: what the server keeps is what they have (CAN-1, CAN-9).

mod peers;

use coord_canvas::{Change, Document, NotAdmitted, model};
use peers::{Draw, Peer, World, made_of, says};
use proptest::{collection::vec, prelude::*};
use std::collections::VecDeque;
use yrs::{Doc, Update, updates::decoder::Decode as _};

fn played(draws: &[Draw], compacts: bool) -> World {
    let mut world = World::new();
    for draw in draws {
        world.step(compacts, *draw);
    }
    world
}

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    vec(any::<Draw>(), 0..160)
}

/// The parts of a sequence, several as one where the numbers say so.
fn together(changes: &[Change], sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut sizes = sizes.iter().copied().cycle();
    let (mut out, mut rest) = (vec![], changes);
    while !rest.is_empty() {
        let (these, others) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
        let mut one = Change::default();
        for change in these {
            one.append(change);
        }
        out.push(one.encode());
        rest = others;
    }
    out
}

fn of(bytes: &[u8]) -> Doc {
    made_of([bytes])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn can_1_the_server_keeps_what_people_have(draws in draws(), compacts: bool, sizes in vec(1..6_usize, 1..4)) {
        let mut world = played(&draws, compacts);
        world.meet();
        let server = &world.server.document;
        let whole = server.encode();
        let expected = says(&of(&whole));
        for peer in &world.peers {
            prop_assert_eq!(&says(&peer.doc), &expected);
        }

        // Read again, it is the same.
        let again = Document::load([whole.as_slice()]).unwrap();
        prop_assert_eq!(again.encode(), whole.clone());
        prop_assert_eq!(again.state_vector(), server.state_vector());
        prop_assert_eq!(again.size(), server.size());

        // The journal says the same, however much is committed at once.
        let parts = together(&world.server.journal, &sizes);
        let of_journal = Document::load(parts.iter().map(Vec::as_slice)).unwrap();
        if !compacts {
            prop_assert_eq!(of_journal.encode(), whole.clone());
        }
        prop_assert_eq!(&says(&of(&of_journal.encode())), &expected);

        // Made smaller, it still is.
        let smaller = model::compact(&whole).unwrap();
        let smaller = Document::load([smaller.as_slice()]).unwrap();
        prop_assert_eq!(smaller.state_vector(), server.state_vector());
        prop_assert_eq!(&says(&of(&smaller.encode())), &expected);

        // Whoever comes back with something older gets what they lack, and no block more.
        for earlier in &world.earlier {
            let (peer, before) = (Peer::new(6, false), Update::decode_v1(earlier).unwrap());
            peer.receive(earlier);
            for server in [server, &smaller] {
                let answer = server.answer(&peer.state_vector()).unwrap();
                let told = Update::decode_v1(&answer).unwrap();
                let known = before.state_vector();
                for (client, ends) in told.state_vector().iter() {
                    prop_assert!(*ends > known.get(client), "nothing new of {client}");
                }
                prop_assert_eq!(&says(&made_of([earlier.as_slice(), answer.as_slice()])), &expected);
            }
        }
    }

    #[test]
    fn can_9_what_comes_too_early_is_asked_for_and_damages_nothing(draws in draws(), order in vec(any::<u32>(), 1..200)) {
        let mut world = played(&draws, false);
        world.meet();
        let expected = says(&of(&world.server.document.encode()));
        let mut server = peers::Server::default();
        let mut early: VecDeque<(usize, Vec<u8>)> = world.sent.clone().into();
        for pick in order.iter().cycle().take(3 * world.sent.len()) {
            let Some((by, update)) = early.remove(*pick as usize % early.len().max(1)) else { break };
            let before = server.document.encode();
            match server.take(by, &update) {
                Ok(()) => {}
                Err(NotAdmitted::Unknown) => {
                    prop_assert_eq!(server.document.encode(), before);
                    early.push_back((by, update));
                }
                Err(NotAdmitted::Refused(why)) => prop_assert!(false, "an honest update was refused: {why}"),
            }
        }
        // In the order they were sent, nothing is too early, and what is known already is taken for that.
        for (by, update) in &world.sent {
            prop_assert_eq!(server.take(*by, update), Ok(()));
        }
        prop_assert_eq!(&says(&of(&server.document.encode())), &expected);
    }
}

/// Objects that were deleted long ago come back all at once: the server has forgotten all but that they were there.
#[test]
fn can_2_undoing_an_old_deletion_of_many_objects_is_admitted() {
    let mut world = World::new();
    let person = 1;
    for round in 0..3 {
        for object in 0..300 {
            world.peers[person].add(&format!("o{round}-{object}"));
        }
        world.peers[person].remove_all();
        for _ in 0..3 {
            world.reconnect(person);
            world.server.compact();
            world.peers[person].undo();
            world.reconnect(person);
            world.server.compact();
            world.peers[person].redo();
        }
    }
    world.peers[person].undo();
    world.meet();
    assert_eq!(says(&world.peers[0].doc), says(&world.peers[person].doc));
    assert_eq!(says(&of(&world.server.document.encode())), says(&world.peers[person].doc));
}
