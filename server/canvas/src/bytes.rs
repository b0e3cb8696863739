//! lib0's encoding of numbers, strings and values, read without trust and without allocation.
//!
//! Source: `lib0/encoding` (npm), whose forms yrs shares. Only the shortest form of a number is taken: there is one way to write each.

use std::fmt;

/// Highest number that JavaScript holds exactly; ids beyond alias one another in some readers.
pub(crate) const MAX_SAFE: u64 = (1 << 53) - 1;

/// Values within values.
const MAX_DEPTH: u8 = 32;

/// The bytes are not what they have to be; says what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bytes are malformed: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// A place in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(Malformed("bytes are left over"))
        }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed("it ends too early"))?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or(Malformed("it ends too early"))?;
        let taken = self.bytes.get(self.at..end).ok_or(Malformed("it ends too early"))?;
        self.at = end;
        Ok(taken)
    }

    /// An unsigned number of at most 53 bits, in its shortest form.
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    return Err(Malformed("a number is not in its shortest form"));
                }
                return if value <= MAX_SAFE {
                    Ok(value)
                } else {
                    Err(Malformed("a number is too large"))
                };
            }
        }
        Err(Malformed("a number is too large"))
    }

    /// A number below 2^31: a clock, a length or a count.
    pub(crate) fn small(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?)
            .ok()
            .filter(|number| *number < 1 << 31)
            .ok_or(Malformed("a clock or length is too large"))
    }

    pub(crate) fn buffer(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.number()?;
        self.take(usize::try_from(length).map_err(|_| Malformed("it ends too early"))?)
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.buffer()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    /// A signed number: a sign and six bits in the first byte. Of at most 53 bits: JavaScript gives up on more.
    fn signed(&mut self) -> Result<(), Malformed> {
        let mut byte = self.byte()?;
        let mut value = u64::from(byte & 0x3f);
        for shift in (6..56).step_by(7) {
            if byte & 0x80 == 0 {
                break;
            }
            byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
        }
        if byte & 0x80 == 0 && value <= MAX_SAFE {
            Ok(())
        } else {
            Err(Malformed("a number is too large"))
        }
    }

    /// Steps over a JSON-like value (`writeAny`).
    pub(crate) fn any(&mut self) -> Result<(), Malformed> {
        self.any_within(MAX_DEPTH)
    }

    fn any_within(&mut self, depth: u8) -> Result<(), Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed("values are nested too deeply"))?;
        match self.byte()? {
            // undefined, null, true, false
            127 | 126 | 121 | 120 => Ok(()),
            125 => self.signed(),
            124 => self.take(4).map(drop),
            123 | 122 => self.take(8).map(drop),
            119 => self.string().map(drop),
            118 => {
                for _ in 0..self.small()? {
                    self.string()?;
                    self.any_within(depth)?;
                }
                Ok(())
            }
            117 => {
                for _ in 0..self.small()? {
                    self.any_within(depth)?;
                }
                Ok(())
            }
            116 => self.buffer().map(drop),
            _ => Err(Malformed("a value of an unknown kind")),
        }
    }
}

/// Writes an unsigned number in its shortest form.
pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes bytes after their length.
pub(crate) fn put_buffer(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn can_9_numbers_have_one_form_and_a_limit() {
        for value in [0, 1, 127, 128, 16_383, 16_384, MAX_SAFE] {
            let mut out = vec![];
            put_number(&mut out, value);
            assert_eq!(Reader::new(&out).number(), Ok(value));
        }
        assert!(Reader::new(&[0x80, 0x00]).number().is_err());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).number().is_err());
        assert!(Reader::new(&[0xff; 20]).number().is_err());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0x7a]).small().is_ok());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).small().is_err());
    }

    #[test]
    fn can_9_values_nested_too_deeply_are_refused() {
        let nested = |depth: usize| {
            let mut bytes = [117, 1].repeat(depth);
            bytes.push(126);
            bytes
        };
        assert_eq!(Reader::new(&nested(31)).any(), Ok(()));
        assert!(Reader::new(&nested(32)).any().is_err());
        assert!(Reader::new(&nested(8000)).any().is_err());
    }
}
