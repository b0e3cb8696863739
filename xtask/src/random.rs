//! The one place here that draws random numbers: passwords and names of temporary folders.

use anyhow::{Result, anyhow};

/// `length` lower-case letters and digits without those that are easily mistaken for others; about 5 bits each.
#[expect(clippy::disallowed_methods, reason = "this is the place that owns randomness in xtask")]
pub fn word(length: usize) -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_have_the_length_asked_for_and_differ() {
        let (one, two) = (super::word(20).unwrap(), super::word(20).unwrap());
        assert_eq!(one.len(), 20);
        assert_ne!(one, two);
    }
}
