//! Updates that no library writes but the check lets in: any content anywhere (CAN-9).

mod model_common;

use coord_canvas::{
    Document, Ownership,
    model::{Edit, compact, edit, read, repair},
};
use model_common::*;
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::panic::catch_unwind;
use yrs::{Transact, Update, updates::decoder::Decode};

/// A block of a hostile update. Places are among the blocks before, wrapped around.
#[derive(Debug, Clone)]
struct Block {
    left: Option<(usize, u32)>,
    right: Option<(usize, u32)>,
    parent: Parent,
    key: Option<&'static str>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Parent {
    Root(&'static str),
    Type(usize),
}

#[derive(Debug, Clone)]
enum Content {
    Deleted(u8),
    Binary,
    Text(&'static str),
    Embed(&'static str),
    Format(&'static str),
    /// Map, text, array, element, fragment, XML text.
    Type(u8),
    Numbers(u8),
    Word(&'static str),
    Place,
}

const KEYS: &[&str] = &["a", "b", "c", "t", "at", "sz", "z", "txt", "f", "to", "schema"];

fn block() -> impl Strategy<Value = Block> {
    let content = prop_oneof![
        1 => (1_u8..4).prop_map(Content::Deleted),
        1 => Just(Content::Binary),
        5 => select(vec!["x", "👍👍", "a👍b", "long enough"]).prop_map(Content::Text),
        1 => select(vec!["7", "{\"a\":[null]}"]).prop_map(Content::Embed),
        2 => select(vec!["true", "null"]).prop_map(Content::Format),
        8 => select(vec![1, 1, 1, 1, 2, 2, 0, 3, 4, 6]).prop_map(Content::Type),
        1 => (1_u8..4).prop_map(Content::Numbers),
        2 => select(vec!["group", "idea", "a", "zz"]).prop_map(Content::Word),
        2 => Just(Content::Place),
    ];
    let parent = prop_oneof![
        3 => select(vec!["objects", "objects", "links", "meta", "other"]).prop_map(Parent::Root),
        5 => any::<usize>().prop_map(Parent::Type),
    ];
    let place = || option::weighted(0.3, (any::<usize>(), 0_u32..12));
    (place(), place(), parent, option::weighted(0.8, select(KEYS)), content).prop_map(|(left, right, parent, key, content)| Block {
        left,
        right,
        parent,
        key,
        content,
    })
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).unwrap());
    out.extend_from_slice(text.as_bytes());
}

/// One update of client 7, and how many units each block stands for.
fn update(blocks: &[Block], deletes: &[(usize, u32)]) -> Vec<u8> {
    let mut starts: Vec<(u32, u32)> = vec![];
    let mut types: Vec<u32> = vec![];
    let mut body = vec![];
    let mut clock = 0_u32;
    let id = |out: &mut Vec<u8>, clock: u32| {
        out.push(7);
        let mut clock = clock;
        while clock >= 0x80 {
            out.push((clock & 0x7f) as u8 | 0x80);
            clock >>= 7;
        }
        out.push(clock as u8);
    };
    let unit = |starts: &[(u32, u32)], place: Option<(usize, u32)>| {
        let (at, offset) = place?;
        let (start, len) = *starts.get(at % starts.len().max(1))?;
        Some(start + offset % len)
    };
    for block in blocks {
        let (left, right) = (unit(&starts, block.left), unit(&starts, block.right));
        let (kind, len, bytes) = content(&block.content);
        let flags = [
            (left.is_some(), 0x80),
            (right.is_some(), 0x40),
            (block.key.is_some() && left.is_none() && right.is_none(), 0x20),
        ];
        body.push(flags.iter().filter(|(on, _)| *on).map(|(_, flag)| flag).sum::<u8>() | kind);
        for clock in [left, right].into_iter().flatten() {
            id(&mut body, clock);
        }
        if left.is_none() && right.is_none() {
            match block.parent {
                Parent::Type(at) if !types.is_empty() => {
                    body.push(0);
                    id(&mut body, types[at % types.len()]);
                }
                Parent::Root(name) => {
                    body.push(1);
                    string(&mut body, name);
                }
                Parent::Type(_) => {
                    body.push(1);
                    string(&mut body, "objects");
                }
            }
            if let Some(key) = block.key {
                string(&mut body, key);
            }
        }
        body.extend(bytes);
        starts.push((clock, len));
        if matches!(block.content, Content::Type(_)) {
            types.push(clock);
        }
        clock += len;
    }
    let mut gone: Vec<u32> = deletes.iter().filter_map(|place| unit(&starts, Some(*place))).collect();
    gone.sort_unstable();
    gone.dedup();
    gone.dedup_by(|later, earlier| *later == *earlier + 1);
    let mut out = vec![1, u8::try_from(blocks.len()).unwrap(), 7, 0];
    out.extend(body);
    if gone.is_empty() {
        out.push(0);
        return out;
    }
    out.extend([1, 7, u8::try_from(gone.len()).unwrap()]);
    for clock in gone {
        // Without the client, which was said.
        let mut range = vec![];
        id(&mut range, clock);
        out.extend(&range[1..]);
        out.push(1);
    }
    out
}

/// Number of the kind, units, bytes.
fn content(content: &Content) -> (u8, u32, Vec<u8>) {
    let mut out = vec![];
    match content {
        Content::Deleted(len) => return (1, u32::from(*len), vec![*len]),
        Content::Binary => return (3, 1, vec![2, 1, 2]),
        Content::Text(text) => {
            string(&mut out, text);
            return (4, u32::try_from(text.encode_utf16().count()).unwrap(), out);
        }
        Content::Embed(json) => {
            string(&mut out, json);
            return (5, 1, out);
        }
        Content::Format(json) => {
            string(&mut out, "b");
            string(&mut out, json);
            return (6, 1, out);
        }
        Content::Type(3) => return (7, 1, vec![3, 1, b'p']),
        Content::Type(kind) => return (7, 1, vec![*kind]),
        Content::Numbers(len) => {
            out.push(*len);
            out.extend([125, 5].repeat(usize::from(*len)));
            return (8, u32::from(*len), out);
        }
        Content::Word(word) => {
            out.extend([1, 119]);
            string(&mut out, word);
        }
        Content::Place => {
            out.extend([1, 117, 3, 119]);
            string(&mut out, "a");
            out.extend([125, 1, 125, 2]);
        }
    }
    (8, 1, out)
}

/// Something to build on: two objects, one with a text, and a connector.
fn start() -> Vec<Block> {
    let made = |parent, key, content| Block {
        left: None,
        right: None,
        parent,
        key: Some(key),
        content,
    };
    vec![
        made(Parent::Root("objects"), "a", Content::Type(1)),
        made(Parent::Root("objects"), "b", Content::Type(1)),
        made(Parent::Root("links"), "c", Content::Type(1)),
        made(Parent::Type(0), "txt", Content::Type(2)),
    ]
}

/// The document of `bytes` after an update, with everything that is deleted.
fn with(bytes_before: &[u8], update: &[u8]) -> Vec<u8> {
    let doc = remembering(2);
    for update in [bytes_before, update] {
        doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }
    bytes(&doc)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn can_9_whatever_passes_the_check_is_read_mended_and_edited(
        blocks in vec(block(), 1..60),
        deletes in vec((any::<usize>(), 0_u32..12), 0..12),
    ) {
        let blocks = [start(), blocks].concat();
        let bytes = update(&blocks, &deletes);
        let mut document = Document::default();
        let Ok(admitted) = document.admit(&bytes, &|_| Ownership::Free) else { return Ok(()) };
        document.apply(admitted);
        let stored = document.encode();
        let view = read(&stored).unwrap();
        prop_assert_eq!(&view, &read(&bytes).unwrap());
        // Several units under one key of a map, cut in pieces, come to light one after another.
        let mut mended = stored.clone();
        let mut rounds = 0;
        while let Some(update) = repair(&mended, SERVER).unwrap() {
            mended = with(&mended, &update);
            rounds += 1;
            prop_assert!(rounds <= blocks.len(), "mending comes to an end");
        }
        read(&mended).unwrap();
        if let Ok(edited) = edit(&stored, SERVER, &[Edit::Promote { object: "a".to_owned(), job: JOB.parse().unwrap(), clear_text: true }]) {
            let promoted = read(&with(&stored, &edited.update.unwrap())).unwrap();
            // Of units cut in pieces, another piece may be the object after a change.
            prop_assert!(promoted.object("a").is_none_or(|card| card.job.is_none() || card.text.is_empty()));
        }
        // yrs gives up on collecting some of these; then the document stays as it is.
        if let Ok(Ok(smaller)) = catch_unwind(|| compact(&stored)) {
            prop_assert_eq!(&read(&smaller).unwrap(), &view);
        }
    }
}
