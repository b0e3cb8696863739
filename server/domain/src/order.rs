//! Positions in a list that people put in order: strings that sort by their bytes, with room between any two. They are fractional indexes of
//! the usual form (npm `fractional-indexing`): a letter that says how many digits the whole number has, its digits, then a fraction.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The first position of all.
const FIRST: &str = "a0";
/// Longest position made: about three hundred things put between the same two, one after another.
const MAX_LENGTH: usize = 64;
/// Numbers between one job's first position and the next one's.
const SPACING: i64 = 1000;

/// Where a job stands that nobody moved: in the order the jobs were made. The migration that brought positions says the same in SQL.
#[must_use]
pub fn of_number(number: i64) -> String {
    let at = number.clamp(0, 9_999_999) * SPACING;
    format!("j{at:010}")
}

/// A position between two, or beyond one, or the first. `None` when they are not in order, are no positions, or nothing more fits between.
#[must_use]
pub fn between(low: Option<&str>, high: Option<&str>) -> Option<String> {
    let made = match (low, high) {
        (None, None) => FIRST.to_owned(),
        (Some(low), None) => {
            let (whole, fraction) = parts(low)?;
            next_whole(whole).unwrap_or_else(|| format!("{whole}{}", midpoint(fraction.as_bytes(), None)))
        }
        (None, Some(high)) => {
            let (whole, fraction) = parts(high)?;
            if fraction.is_empty() {
                former_whole(whole)?
            } else {
                whole.to_owned()
            }
        }
        (Some(low), Some(high)) if low < high => {
            let ((low_whole, low_fraction), (high_whole, high_fraction)) = (parts(low)?, parts(high)?);
            let within = |fraction, to| format!("{low_whole}{}", midpoint(fraction, to));
            if low_whole == high_whole {
                within(low_fraction.as_bytes(), Some(high_fraction.as_bytes()))
            } else {
                next_whole(low_whole)
                    .filter(|next| next.as_str() < high)
                    .unwrap_or_else(|| within(low_fraction.as_bytes(), None))
            }
        }
        (Some(_), Some(_)) => return None,
    };
    let fits = made.len() <= MAX_LENGTH && low.is_none_or(|low| low < made.as_str()) && high.is_none_or(|high| made.as_str() < high);
    fits.then_some(made)
}

/// The whole number and the fraction of a position.
fn parts(position: &str) -> Option<(&str, &str)> {
    let count = match position.as_bytes().first()? {
        head @ b'a'..=b'z' => usize::from(head - b'a') + 1,
        head @ b'A'..=b'Z' => usize::from(b'Z' - head) + 1,
        _ => return None,
    };
    let known = position.bytes().skip(1).all(|byte| DIGITS.contains(&byte));
    (known && position.len() > count).then(|| position.split_at(count + 1))
}

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|each| *each == digit).unwrap_or_default()
}

/// A fraction between two; to the end when there is no `high`.
fn midpoint(low: &[u8], high: Option<&[u8]>) -> String {
    let first = |digits: &[u8]| digits.first().map_or(0, |digit| value(*digit));
    let tail = |digits: &[u8]| digits.get(1..).unwrap_or_default().to_vec();
    let (mut low, mut high, mut made) = (low.to_vec(), high.map(<[u8]>::to_vec), String::new());
    loop {
        let (from, to) = (first(&low), high.as_deref().map_or(DIGITS.len(), first));
        if to > from + 1 {
            made.push(char::from(DIGITS[(from + to).div_ceil(2)]));
            return made;
        }
        made.push(char::from(DIGITS[from]));
        if made.len() > MAX_LENGTH {
            return made;
        }
        // Below the same digit the upper end still holds; below the next one nothing does.
        high = if from == to { high.map(|high| tail(&high)) } else { None };
        low = tail(&low);
    }
}

fn next_whole(whole: &str) -> Option<String> {
    stepped(whole, DIGITS.len() - 1, 0, 1)
}

fn former_whole(whole: &str) -> Option<String> {
    stepped(whole, 0, DIGITS.len() - 1, usize::MAX)
}

/// The whole number one further: a digit at `end` becomes `over` and the one before it steps too.
fn stepped(whole: &str, end: usize, over: usize, by: usize) -> Option<String> {
    let (head, digits) = whole.as_bytes().split_first()?;
    let mut digits: Vec<usize> = digits.iter().map(|digit| value(*digit)).collect();
    for digit in digits.iter_mut().rev() {
        if *digit != end {
            *digit = digit.wrapping_add(by);
            return Some(joined(*head, &digits));
        }
        *digit = over;
    }
    let up = over == 0;
    let head = match (*head, up) {
        // 9 becomes 10 and -10 becomes -9; likewise downwards.
        (b'Z', true) => b'a',
        (b'a', false) => b'Z',
        (b'z', true) | (b'A', false) => return None,
        (head, true) => head + 1,
        (head, false) => head - 1,
    };
    let count = if head >= b'a' {
        usize::from(head - b'a') + 1
    } else {
        usize::from(b'Z' - head) + 1
    };
    digits.resize(count, over);
    Some(joined(head, &digits))
}

fn joined(head: u8, digits: &[usize]) -> String {
    std::iter::once(head)
        .chain(digits.iter().map(|digit| DIGITS[*digit]))
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn job_1_positions_follow_the_numbers_of_the_jobs() {
        let made: Vec<_> = [1, 2, 9, 10, 99, 1000, 9_999_999].map(of_number).into();
        assert!(
            made.is_sorted() && made.iter().all(|position| parts(position).is_some()),
            "{made:?}"
        );
    }

    #[test]
    fn job_1_positions_are_those_of_the_usual_form() {
        for (low, high, made) in [
            (None, None, "a0"),
            (None, Some("a0"), "Zz"),
            (None, Some("Zz"), "Zy"),
            (None, Some("Z0"), "Yzz"),
            (None, Some("a0V"), "a0"),
            (Some("a0"), None, "a1"),
            (Some("az"), None, "b00"),
            (Some("Zz"), None, "a0"),
            (Some("Yzz"), None, "Z0"),
            (Some("a0"), Some("a1"), "a0V"),
            (Some("a0V"), Some("a1"), "a0l"),
            (Some("Zz"), Some("a0"), "ZzV"),
            (Some("Zz"), Some("a1"), "a0"),
            (Some("a0"), Some("a0V"), "a0G"),
            (Some("a0"), Some("a0G"), "a08"),
            (Some("b125"), Some("b129"), "b127"),
            (Some("a0"), Some("a1V"), "a1"),
            (Some("a0"), Some("a001"), "a000V"),
        ] {
            assert_eq!(between(low, high).as_deref(), Some(made), "{low:?} {high:?}");
        }
        for (low, high) in [
            (Some("a1"), Some("a0")),
            (Some("a0"), Some("a0")),
            (Some("!"), None),
            (None, Some("b0")),
        ] {
            assert_eq!(between(low, high), None, "{low:?} {high:?}");
        }
    }

    proptest! {
        #[test]
        fn job_1_there_is_room_between_any_two_neighbours(places in prop::collection::vec(any::<prop::sample::Index>(), 1..120)) {
            let mut all: Vec<String> = (1..5).map(of_number).collect();
            for place in places {
                let at = place.index(all.len() + 1);
                let made = between(at.checked_sub(1).map(|low| all[low].as_str()), all.get(at).map(String::as_str)).unwrap();
                all.insert(at, made);
            }
            prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn job_1_a_few_hundred_fit_between_the_same_two() {
        let (low, mut high) = (of_number(1), of_number(2));
        let mut count = 0;
        while let Some(made) = between(Some(&low), Some(&high)) {
            assert!(low < made && made < high);
            high = made;
            count += 1;
        }
        assert!(count > 250, "{count}");
    }
}
