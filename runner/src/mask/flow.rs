//! Text that comes in pieces: no secret slips through between two of them.

use super::{MOST_HELD, Masker, replaced};

/// What was told already is masked as the beginning of a secret from this share of it on, and at least so many bytes.
const SHARE: usize = 3;
const TELLING: usize = 4;

/// One stream of text.
#[derive(Debug, Default)]
pub struct Flow {
    /// What is out and may be the beginning of a secret, then what waits.
    text: Vec<u8>,
    /// Bytes of it that are out.
    out: usize,
    /// How often something was masked.
    masked: usize,
}

/// How much goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// Not what may be the beginning of a secret.
    Ready,
    /// All; more of it may follow elsewhere.
    All,
    /// All; nothing follows.
    Last,
}

impl Flow {
    /// More text comes.
    pub fn push(&mut self, piece: &[u8]) {
        self.text.extend_from_slice(piece);
    }

    /// Bytes that wait.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.text.len() - self.out
    }

    /// What can go out now, masked: all but an end that may be the beginning of a secret.
    pub fn ready(&mut self, masker: &Masker) -> Vec<u8> {
        self.take(masker, Take::Ready)
    }

    /// All that is there, masked. An end that is a good part of a secret is masked too, and what follows is looked at together with it.
    pub fn all(&mut self, masker: &Masker) -> Vec<u8> {
        self.take(masker, Take::All)
    }

    /// The rest, masked: nothing follows it.
    pub fn last(&mut self, masker: &Masker) -> Vec<u8> {
        self.take(masker, Take::Last)
    }

    /// How often something was masked.
    #[must_use]
    pub const fn masked(&self) -> usize {
        self.masked
    }

    fn take(&mut self, masker: &Masker, how: Take) -> Vec<u8> {
        let mut found = masker.find(&self.text);
        let end = self.text.len();
        let mut cut = found.open.max(self.out);
        while cut > self.out && (0x80..0xc0).contains(self.text.get(cut).unwrap_or(&0)) {
            cut -= 1;
        }
        // What is known to be of a secret needs not wait to be so of another one too.
        if let Some(whole) = found.whole.iter().find(|whole| whole.start < cut && cut < whole.end) {
            cut = whole.end;
        }
        if how != Take::Ready || end - cut > MOST_HELD {
            cut = end;
            let (come, goal) = found.begun;
            if how != Take::Last && come >= TELLING && come * SHARE >= goal {
                found.runs.push(found.open..end);
                found.runs.sort_unstable_by_key(|run| run.start);
            }
        }
        self.masked += found.runs.iter().filter(|run| run.end > self.out && run.start < cut).count();
        let masked = replaced(&self.text, &found.runs, self.out..cut);
        let kept = found.open.min(cut).max(cut.saturating_sub(MOST_HELD));
        self.text.drain(..kept);
        self.out = cut - kept;
        masked
    }
}

/// Bytes as text; what a cut left of a character becomes a mark.
#[must_use]
pub fn words(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
