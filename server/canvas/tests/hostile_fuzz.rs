//! Hostile updates by chance, for a bounded time (CAN-9): nothing panics, nothing hangs, and what is admitted can be read, mended, made
//! smaller and loaded again.
//!
//! `COORD_FUZZ_SECONDS` is how long (20), `COORD_FUZZ_SEED` where it begins. An input that fails is kept in the folder of temporary files
//! and named; `COORD_FUZZ_REPLAY=<file>` tries it again alone.

mod peers;

use coord_canvas::{Document, Ownership, model};
use peers::mutate::{Base, Chance};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use yrs::{Doc, OffsetKind, Options, Transact as _, Update, updates::decoder::Decode as _};

/// No input takes longer, in a build without optimisation on a busy machine.
const SLOWEST: Duration = Duration::from_secs(20);

/// As `server/src/actors/canvas/heavy.rs` has it.
const STACK: usize = 16 * 1024 * 1024;

/// Inputs per document to begin with.
const PER_BASE: usize = 400;

/// What is being tried, to be kept if it is the last thing that is.
static TRIED: Mutex<Input> = Mutex::new(Input {
    before: vec![],
    update: vec![],
});
static COUNT: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Input {
    /// The document.
    before: Vec<u8>,
    update: Vec<u8>,
}

fn tried() -> MutexGuard<'static, Input> {
    TRIED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Input {
    /// Writes it where it can be replayed from.
    fn keep(&self) -> PathBuf {
        let file = std::env::temp_dir().join(format!("coord-canvas-{}.input", std::process::id()));
        let mut bytes = u32::try_from(self.before.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.before);
        bytes.extend_from_slice(&self.update);
        fs::write(&file, bytes).unwrap();
        file
    }

    fn load(file: &str) -> Self {
        let bytes = fs::read(file).unwrap();
        let (length, rest) = bytes.split_first_chunk::<4>().unwrap();
        let (before, update) = rest.split_at(u32::from_be_bytes(*length) as usize);
        Self {
            before: before.to_vec(),
            update: update.to_vec(),
        }
    }
}

/// Tries an update on a document; whether it was admitted.
fn attempt(document: &Document, update: &[u8]) -> bool {
    let Ok(admitted) = document.admit(update, &|_| Ownership::Free) else {
        return false;
    };
    let mut after = document.clone();
    let change = after.apply(admitted);
    // What is committed can be loaded: from the journal, and as a whole.
    let whole = after.encode();
    let of_journal = Document::load([document.encode().as_slice(), change.encode().as_slice()]).expect("the journal loads");
    assert_eq!(of_journal.encode(), whole);
    let again = Document::load([whole.as_slice()]).expect("the whole loads");
    assert_eq!(again.encode(), whole);
    understood(&whole, &again, &after);
    true
}

/// What needs a whole Yjs document can do with it.
fn understood(whole: &[u8], again: &Document, after: &Document) {
    // It can be handed on.
    let doc = Doc::with_options(Options {
        offset_kind: OffsetKind::Utf16,
        ..Options::default()
    });
    doc.transact_mut()
        .apply_update(Update::decode_v1(whole).expect("yrs decodes it"))
        .expect("yrs takes it");
    model::read(whole).expect("it is read");
    let mended = model::repair(whole, 3).expect("it is mended");
    // What cannot be made smaller stays as it is.
    if let Ok(smaller) = model::compact(whole) {
        let smaller = Document::load([smaller.as_slice()]).expect("the smaller one loads");
        assert_eq!(smaller.state_vector(), again.state_vector());
    }
    if let Some(mended) = mended {
        after.admit(&mended, &|_| Ownership::Free).expect("what mends is admitted");
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

#[expect(
    clippy::disallowed_methods,
    reason = "every run of this test tries something else; the seed is printed"
)]
fn seed() -> u64 {
    variable("COORD_FUZZ_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_micros()).unwrap()
    })
}

fn fuzz(seed: u64, time: Duration) -> (u64, u64) {
    let (mut chance, began, mut admitted) = (Chance(seed), Instant::now(), 0);
    while began.elapsed() < time {
        let steps = chance.below(60);
        let base = Base::draw(&mut chance, steps);
        let before = base.document.encode();
        for _ in 0..PER_BASE {
            let update = base.hostile(&mut chance);
            *tried() = Input {
                before: before.clone(),
                update: update.clone(),
            };
            COUNT.fetch_add(1, Ordering::Relaxed);
            admitted += u64::from(attempt(&base.document, &update));
        }
    }
    (COUNT.load(Ordering::Relaxed), admitted)
}

/// Ends the program when one input takes too long; nothing else ends an endless loop.
fn watch() {
    std::thread::spawn(|| {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let count = COUNT.load(Ordering::Relaxed);
            if count != seen {
                (seen, since) = (count, Instant::now());
            } else if since.elapsed() > SLOWEST {
                eprintln!(
                    "one input takes longer than {SLOWEST:?}; it is kept in {}",
                    tried().keep().display()
                );
                std::process::abort();
            }
        }
    });
}

#[test]
fn can_9_hostile_updates_neither_panic_nor_hang_and_what_is_admitted_is_good() {
    // A panic while one unwinds ends the program at once, so the input is kept before anything unwinds.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        eprintln!("the input is kept in {}", tried().keep().display());
    }));
    let on_a_large_stack = |work: Box<dyn FnOnce() -> (u64, u64) + Send>| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || catch_unwind(AssertUnwindSafe(work)));
        thread.unwrap().join().unwrap()
    };
    if let Ok(file) = std::env::var("COORD_FUZZ_REPLAY") {
        let input = Input::load(&file);
        let replayed = on_a_large_stack(Box::new(move || {
            let document = Document::load([input.before.as_slice()]).unwrap();
            (1, u64::from(attempt(&document, &input.update)))
        }));
        println!("{replayed:?}");
        assert!(replayed.is_ok());
        return;
    }
    let (seed, time) = (seed(), Duration::from_secs(variable("COORD_FUZZ_SECONDS").unwrap_or(20)));
    watch();
    let done = on_a_large_stack(Box::new(move || fuzz(seed, time)));
    let (inputs, admitted) = done.unwrap_or_else(|_| panic!("seed {seed}: an input failed, see above"));
    println!("seed {seed}: {inputs} inputs in {time:?}, {admitted} admitted");
    // Neither is everything refused at the door nor is everything let in.
    assert!(admitted * 50 > inputs && admitted < inputs, "{admitted} of {inputs}");
}
