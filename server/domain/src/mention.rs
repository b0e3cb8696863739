//! `@name` in words of people: whom it mentions (NOTE-2).
//!
//! The text stays as it was written. A name counts when it stands whole behind an `@` that begins a word, in whatever case, and outside of
//! code; of two names that fit the longer one is meant. Where several members have the name, the writer says by id who is meant.

use crate::{
    job::Access,
    rights::{Act, Who, may},
};
use coord_protocol::{
    id::UserId,
    job::{Mention, NotMentioned, NotMentionedReason},
    workspace::Role,
};

/// Most people that one text mentions; further names are words.
pub const MAX_MENTIONS: usize = 50;

/// A member of the workspace who may be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub user: UserId,
    /// Its name.
    pub name: String,
    /// Role in the workspace.
    pub role: Role,
}

impl Candidate {
    /// Whether they can be mentioned on a job: whoever sees it.
    #[must_use]
    pub fn sees(&self, access: &Access) -> bool {
        let who = Who {
            user: self.user,
            role: Some(self.role),
        };
        may(who, Act::See, Some(access)).is_ok()
    }
}

/// Whom a text mentions, and whom it names without effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Each once, in the order of the text.
    pub mentioned: Vec<Mention>,
    /// Each name once.
    pub not_mentioned: Vec<NotMentioned>,
}

/// Whom `text` mentions on a job with this access. `chosen` says who is meant by a name that several have. Who writes it mentions others
/// only.
#[must_use]
pub fn find(text: &str, members: &[Candidate], access: &Access, author: UserId, chosen: &[UserId]) -> Found {
    let mut names: Vec<(Vec<char>, Vec<&Candidate>)> = Vec::new();
    for member in members {
        let name = lower(member.name.trim());
        match names.iter_mut().find(|(known, _)| *known == name) {
            _ if name.is_empty() => {}
            Some((_, people)) => people.push(member),
            None => names.push((name, vec![member])),
        }
    }
    // The longest first: "@Ada Lovelace" is not "Ada" and a surname.
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut found = Found::default();
    for at in signs(text) {
        let rest = &text[at + 1..];
        let fitting = names
            .iter()
            .find_map(|(name, people)| starts_with(rest, name).map(|length| (&rest[..length], people)));
        let Some((written, people)) = fitting else { continue };
        let meant: Vec<_> = match people[..] {
            [one] => vec![one],
            _ => people.iter().copied().filter(|person| chosen.contains(&person.user)).collect(),
        };
        if meant.is_empty() {
            found.refuse(written, NotMentionedReason::Ambiguous);
        }
        for person in meant {
            if person.user == author || found.mentioned.iter().any(|known| known.user == person.user) {
                continue;
            }
            if !person.sees(access) {
                found.refuse(written, NotMentionedReason::MayNotSee);
            } else if found.mentioned.len() < MAX_MENTIONS {
                found.mentioned.push(Mention {
                    user: person.user,
                    name: written.to_owned(),
                });
            }
        }
    }
    found
}

impl Found {
    fn refuse(&mut self, name: &str, why: NotMentionedReason) {
        let known = |one: &NotMentioned| lower(&one.name) == lower(name);
        if self.not_mentioned.len() < MAX_MENTIONS && !self.not_mentioned.iter().any(known) {
            self.not_mentioned.push(NotMentioned {
                name: name.to_owned(),
                why,
            });
        }
    }
}

fn lower(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// How many bytes of `text` are the name, when it begins with it and ends there.
fn starts_with(text: &str, name: &[char]) -> Option<usize> {
    let mut wanted = name.iter();
    let mut letters = text.char_indices();
    loop {
        let (at, letter) = match letters.next() {
            Some((at, letter)) => (at, Some(letter)),
            None => (text.len(), None),
        };
        if wanted.len() == 0 {
            // An underscore may end what is emphasised.
            let goes_on = match letter {
                Some('_') => letters.next().is_some_and(|(_, next)| next.is_alphanumeric()),
                Some(letter) => letter.is_alphanumeric(),
                None => false,
            };
            return (!goes_on).then_some(at);
        }
        for low in letter?.to_lowercase() {
            if wanted.next() != Some(&low) {
                return None;
            }
        }
    }
}

/// Where an `@` begins a word: not in an address of mail or of a page, not escaped, not in code.
fn signs(text: &str) -> Vec<usize> {
    let mut signs = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let mark = trimmed.chars().next().filter(|first| matches!(first, '`' | '~'));
        let length = mark.map_or(0, |mark| trimmed.chars().take_while(|c| *c == mark).count());
        match (fence, mark) {
            (Some((open, least)), Some(mark)) if mark == open && length >= least => fence = None,
            (Some(_), _) => {}
            (None, Some(mark)) if length >= 3 => fence = Some((mark, length)),
            (None, _) => signs.extend(signs_of_line(line).map(|at| start + at)),
        }
        start += line.len();
    }
    signs
}

fn signs_of_line(line: &str) -> impl Iterator<Item = usize> + '_ {
    let mut code = Vec::new();
    let mut at = 0;
    while let Some(open) = line[at..].find('`').map(|found| at + found) {
        let ticks = line[open..].chars().take_while(|c| *c == '`').count();
        let inside = open + ticks;
        at = match closing(&line[inside..], ticks) {
            Some(end) => {
                code.push(open..inside + end);
                inside + end + ticks
            }
            None => inside,
        };
    }
    let begins_word = |at: usize| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '.' | '%' | '+' | '-' | '/' | '@' | '\\'))
    };
    line.match_indices('@')
        .map(|(at, _)| at)
        .filter(move |at| begins_word(*at) && !code.iter().any(|span| span.contains(at)))
}

/// Where the next run of exactly `ticks` backticks begins.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`').map(|found| at + found) {
        let run = text[found..].chars().take_while(|c| *c == '`').count();
        if run == ticks {
            return Some(found);
        }
        at = found + run;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::job::{TeamMember, TeamRole};
    use uuid::Uuid;

    const fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn members() -> Vec<Candidate> {
        let names = [
            (1, "Ada", Role::Owner),
            (2, "Ada Lovelace", Role::Member),
            (3, "Bob", Role::Member),
            (4, "José Öztürk", Role::Member),
            (5, "Sam", Role::Member),
            (6, "sam", Role::Member),
            (7, "Vic", Role::Viewer),
        ];
        names
            .into_iter()
            .map(|(n, name, role)| Candidate {
                user: user(n),
                name: name.to_owned(),
                role,
            })
            .collect()
    }

    fn access(private: bool, team: &[u128]) -> Access {
        let team = team.iter().map(|n| TeamMember {
            user: user(*n),
            role: TeamRole::Viewer,
        });
        Access {
            private,
            owner: user(1),
            creator: user(1),
            team: team.collect(),
        }
    }

    fn mentioned(text: &str) -> Vec<u128> {
        let found = find(text, &members(), &access(false, &[]), user(99), &[]);
        found.mentioned.iter().map(|mention| mention.user.0.as_u128()).collect()
    }

    #[test]
    fn note_2_a_name_behind_an_at_sign_mentions_in_any_case_and_the_longer_one_is_meant() {
        assert_eq!(mentioned("@Bob please look"), [3]);
        assert_eq!(mentioned("Hello @bob, (@BOB) and @Ada!"), [3, 1]);
        assert_eq!(mentioned("@ada lovelace and @Ada."), [2, 1]);
        assert_eq!(mentioned("ask @JOSÉ öZTÜRK"), [4]);
        assert_eq!(mentioned("**@Bob**: _@Vic_"), [3, 7]);
        assert_eq!(mentioned("@Ada\nLovelace"), [1]);
        assert_eq!(mentioned(""), [0; 0]);
    }

    #[test]
    fn note_2_what_only_looks_like_a_name_mentions_nobody() {
        for text in [
            "@Bobby",
            "@Bob_2",
            "mail bob@Bob",
            "x.@Bob",
            "https://host/@Bob",
            "@@Bob",
            "\\@Bob",
            "`@Bob`",
            "``a ` @Bob``",
            "```\n@Bob\n```",
            "~~~~\n@Bob\n~~~\n@Bob\n~~~~",
            "@ Bob",
            "@nobody",
            "@",
        ] {
            assert_eq!(mentioned(text), [0; 0], "{text}");
        }
        assert_eq!(mentioned("`code` @Bob `more`"), [3]);
        assert_eq!(mentioned("a ` alone, @Bob"), [3]);
        assert_eq!(mentioned("```\ncode\n```\n@Bob"), [3]);
    }

    #[test]
    fn note_2_a_name_that_several_have_mentions_the_one_who_was_chosen() {
        let found = find("@Sam @sam", &members(), &access(false, &[]), user(1), &[]);
        assert!(found.mentioned.is_empty());
        let told = NotMentioned {
            name: "Sam".to_owned(),
            why: NotMentionedReason::Ambiguous,
        };
        assert_eq!(found.not_mentioned, [told]);
        let found = find("@Sam", &members(), &access(false, &[]), user(1), &[user(6), user(3)]);
        assert_eq!(found.mentioned.iter().map(|mention| mention.user).collect::<Vec<_>>(), [user(6)]);
        assert!(found.not_mentioned.is_empty());
    }

    #[test]
    fn note_2_only_who_sees_a_private_job_is_mentioned_and_the_writer_is_told() {
        let found = find("@Bob @Vic @Ada", &members(), &access(true, &[7]), user(1), &[]);
        let names: Vec<_> = found.mentioned.iter().map(|mention| mention.name.as_str()).collect();
        assert_eq!(names, ["Vic"], "nobody mentions oneself");
        let told = NotMentioned {
            name: "Bob".to_owned(),
            why: NotMentionedReason::MayNotSee,
        };
        assert_eq!(found.not_mentioned, [told]);
    }

    #[test]
    fn note_2_a_text_full_of_names_mentions_everybody_once_and_not_endlessly() {
        assert_eq!(mentioned(&"@Bob ".repeat(3_000)), [3]);
        let many: Vec<_> = (0..200)
            .map(|n| Candidate {
                user: user(1_000 + n),
                name: format!("p{n}x"),
                role: Role::Member,
            })
            .collect();
        let text: String = (0..200).map(|n| format!("@p{n}x ")).collect();
        let found = find(&text, &many, &access(false, &[]), user(1), &[]);
        assert_eq!(found.mentioned.len(), MAX_MENTIONS);
    }
}
