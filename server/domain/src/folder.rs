//! Backlog folders: a path of names with `/` between them, such as `Garden/Beds`. A folder exists when it was made or when a public job is
//! in it; jobs carry the path.

use crate::{Refusal, validate};
use coord_protocol::rule::Rule;

/// Most characters of one name in a path.
pub const MAX_NAME: usize = 60;
/// How deep folders nest.
pub const MAX_DEPTH: usize = 5;
/// Most folders of a workspace that can be made by hand.
pub const MAX_FOLDERS: i64 = 1000;

/// The path that these words mean: without the spaces around each name.
///
/// # Errors
///
/// A refusal of `rule` naming `field`.
pub fn path(rule: Rule, field: &str, words: &str) -> Result<String, Refusal> {
    let names: Vec<&str> = words.split('/').map(str::trim).collect();
    let why = if names.len() > MAX_DEPTH {
        Some(format!("must be at most {MAX_DEPTH} folders deep"))
    } else {
        names.iter().find_map(|name| validate::line(name, MAX_NAME).err())
    };
    match why {
        None => Ok(names.join("/")),
        Some(why) => Err(Refusal::invalid(rule, field, why)),
    }
}

/// The folder around this one; `None` of a folder that lies in no other.
#[must_use]
pub fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}

/// Its own name.
#[must_use]
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// How many names it has.
#[must_use]
pub fn depth(path: &str) -> usize {
    path.split('/').count()
}

/// The folders around it, outermost first, and itself.
pub fn chain(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| &path[..end])
}

/// Whether `path` is `folder` or lies in it.
#[must_use]
pub fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where what is at `path` is once `from` is called `to`, or, without `to`, once `from` is gone and what was in it lies where it lay.
/// `None` is no folder at all. What is not within `from` stays.
#[must_use]
pub fn moved(path: &str, from: &str, to: Option<&str>) -> Option<String> {
    if !is_within(path, from) {
        return Some(path.to_owned());
    }
    let rest = path[from.len()..].trim_start_matches('/');
    let base = to.or_else(|| parent(from)).unwrap_or_default();
    match (base, rest) {
        ("", "") => None,
        ("", rest) => Some(rest.to_owned()),
        (base, "") => Some(base.to_owned()),
        (base, rest) => Some(format!("{base}/{rest}")),
    }
}

/// Whether a folder, with folders in it down to `deepest` (a depth), may be called `to`.
///
/// # Errors
///
/// CAN-7 when it would lie in itself, or too deep.
pub fn may_move(from: &str, to: &str, deepest: usize) -> Result<(), Refusal> {
    if to != from && is_within(to, from) {
        return Err(Refusal::state(Rule::Can7, "a folder cannot be put into itself"));
    }
    if depth(to) + deepest.saturating_sub(depth(from)) > MAX_DEPTH {
        return Err(Refusal::state(
            Rule::Can7,
            format!("folders would lie more than {MAX_DEPTH} deep there"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn job_1_the_names_of_a_folder_are_short_lines_a_few_deep() {
        assert_eq!(path(Rule::Job1, "folder", " Garden / Beds ").unwrap(), "Garden/Beds");
        assert_eq!(path(Rule::Job1, "folder", &"x".repeat(60)).unwrap().len(), 60);
        for wrong in [
            "",
            "  ",
            "/",
            "a/",
            "/a",
            "a//b",
            "a/b/c/d/e/f",
            "a\nb",
            "a\u{202e}b",
            "\u{200b}",
            &"x".repeat(61),
        ] {
            let refusal = path(Rule::Job1, "folder", wrong).unwrap_err();
            assert_eq!((refusal.rule, refusal.errors.len()), (Rule::Job1, 1), "{wrong:?}");
        }
    }

    #[test]
    fn can_7_a_folder_knows_its_place() {
        assert_eq!((parent("a/b/c"), parent("a")), (Some("a/b"), None));
        assert_eq!((name("a/b/c"), name("a")), ("c", "a"));
        assert_eq!(chain("a/b/c").collect::<Vec<_>>(), ["a", "a/b", "a/b/c"]);
        assert!(is_within("a/b", "a") && is_within("a", "a") && !is_within("ab", "a") && !is_within("a", "a/b"));
    }

    #[test]
    fn can_7_what_is_in_a_folder_moves_with_it() {
        for (at, from, to, after) in [
            ("a", "a", Some("b"), Some("b")),
            ("a/x/y", "a", Some("b/c"), Some("b/c/x/y")),
            ("ab/x", "a", Some("b"), Some("ab/x")),
            ("a/b", "a/b", None, Some("a")),
            ("a/b/c", "a/b", None, Some("a/c")),
            ("a/b", "a", None, Some("b")),
            ("a", "a", None, None),
        ] {
            assert_eq!(moved(at, from, to).as_deref(), after, "{at} when {from} becomes {to:?}");
        }
    }

    #[test]
    fn can_7_a_folder_goes_neither_into_itself_nor_too_deep() {
        assert!(may_move("a", "b/c", 3).is_ok());
        assert!(may_move("a", "a", 1).is_ok());
        assert_eq!(may_move("a", "a/b", 1).unwrap_err().rule, Rule::Can7);
        assert!(may_move("a", "b/c/d/e", 2).is_ok());
        assert_eq!(may_move("a", "b/c/d/e", 3).unwrap_err().rule, Rule::Can7);
    }

    proptest! {
        #[test]
        fn can_7_moving_away_and_back_changes_nothing(names in prop::collection::vec("[a-c]{1,2}", 1..5), cut in 0usize..4) {
            let at = names.join("/");
            let from = chain(&at).nth(cut.min(names.len() - 1)).unwrap().to_owned();
            let there = moved(&at, &from, Some("elsewhere")).unwrap();
            prop_assert!(is_within(&there, "elsewhere"));
            prop_assert_eq!(moved(&there, "elsewhere", Some(&from)), Some(at));
        }
    }
}
