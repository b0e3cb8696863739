//! What is deleted: per client, ranges of clocks, sorted and apart from one another.

use crate::bytes::{Malformed, Reader, put_number};
use std::collections::BTreeMap;

/// Half-open range of clocks.
type Range = (u32, u32);

/// A set of deleted units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Deletes(BTreeMap<u64, Vec<Range>>);

impl Deletes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a range.
    pub(crate) fn add(&mut self, client: u64, (mut start, mut end): Range) {
        let ranges = self.0.entry(client).or_default();
        // Those that touch it become one with it.
        let from = ranges.partition_point(|(_, other)| *other < start);
        let to = ranges.partition_point(|(other, _)| *other <= end);
        if from < to {
            start = start.min(ranges[from].0);
            end = end.max(ranges[to - 1].1);
        }
        ranges.splice(from..to, [(start, end)]);
    }

    /// The parts of a range that are not in the set.
    pub(crate) fn missing(&self, client: u64, (mut start, end): Range, mut each: impl FnMut(Range)) {
        let ranges = self.0.get(&client).map(Vec::as_slice).unwrap_or_default();
        let from = ranges.partition_point(|(_, other)| *other <= start);
        for (known, known_end) in &ranges[from..] {
            if *known >= end {
                break;
            }
            if start < *known {
                each((start, *known));
            }
            start = *known_end;
        }
        if start < end {
            each((start, end));
        }
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        for (client, range) in other.ranges() {
            self.add(client, range);
        }
    }

    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u64, Range)> {
        self.0
            .iter()
            .flat_map(|(client, ranges)| ranges.iter().map(move |range| (*client, *range)))
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_number(out, self.0.len() as u64);
        for (client, ranges) in &self.0 {
            put_number(out, *client);
            put_number(out, ranges.len() as u64);
            for (start, end) in ranges {
                put_number(out, u64::from(*start));
                put_number(out, u64::from(end - start));
            }
        }
    }
}

/// Walks an encoded set without keeping it. Ranges of a client rise.
pub(crate) fn walk<E: From<Malformed>>(reader: &mut Reader<'_>, mut each: impl FnMut(u64, Range) -> Result<(), E>) -> Result<(), E> {
    for _ in 0..reader.small()? {
        let client = reader.number()?;
        let mut last = 0;
        for _ in 0..reader.small()? {
            let (start, len) = (reader.small()?, reader.small()?);
            let end = start
                .checked_add(len)
                .filter(|end| *end < 1 << 31)
                .ok_or(Malformed("a deletion is too long"))?;
            if len == 0 || start < last {
                return Err(Malformed("deletions are not in order").into());
            }
            last = end;
            each(client, (start, end))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn can_9_ranges_say_the_same_as_single_units(added in prop::collection::vec((0..40_u32, 1..8_u32), 0..20), asked in (0..40_u32, 1..12_u32)) {
            let mut deletes = Deletes::default();
            let mut units = std::collections::BTreeSet::new();
            for (start, len) in added {
                deletes.add(7, (start, start + len));
                units.extend(start..start + len);
            }
            let listed: Vec<u32> = deletes.ranges().flat_map(|(_, (from, to))| from..to).collect();
            prop_assert_eq!(listed, units.iter().copied().collect::<Vec<_>>());
            let (start, len) = asked;
            let mut missing = vec![];
            deletes.missing(7, (start, start + len), |(from, to)| missing.extend(from..to));
            let expected: Vec<u32> = (start..start + len).filter(|unit| !units.contains(unit)).collect();
            prop_assert_eq!(missing, expected);
            let mut bytes = vec![];
            deletes.encode(&mut bytes);
            let mut again = Deletes::default();
            walk::<Malformed>(&mut Reader::new(&bytes), |client, range| {
                again.add(client, range);
                Ok(())
            }).unwrap();
            prop_assert_eq!(again, deletes);
        }
    }
}
