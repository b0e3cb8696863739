//! Signing in a runner by a short code that a person approves in the browser (RUN-1).
//!
//! The program that asks gets a code and a secret. The code is shown to people and gives nothing by itself; the secret stays with the
//! program, and only with both does it get the runner's token, once, after a person approved.

use crate::{account::Person, id::RunnerId, time::Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Letters of a code: no vowels, so that no words come out, and none that looks like another or like a digit.
pub const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How many letters a code has.
pub const LENGTH: usize = 8;

/// The code as it is kept and compared: without the dash, spaces and case that people type. `None` when it cannot be a code.
#[must_use]
pub fn plain(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .take(LENGTH + 1)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let fits = code.len() == LENGTH && code.bytes().all(|letter| LETTERS.contains(&letter));
    fits.then_some(code)
}

/// The code as it is shown: `BCDF-GHJK`.
#[must_use]
pub fn shown(plain: &str) -> String {
    match plain.split_at_checked(LENGTH / 2) {
        Some((first, second)) => format!("{first}-{second}"),
        None => plain.to_owned(),
    }
}

/// Body of `POST /runner_codes`: what the program says of its machine, to be recognised by.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRunnerCode {
    /// The machine's own name, at most 80 characters.
    pub machine: String,
    /// `linux-x86_64` and the like.
    pub platform: String,
    /// Program version.
    pub version: String,
}

/// Answer of `POST /runner_codes`. The secret is in this answer only.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedRunnerCode {
    /// To be shown to the person, `BCDF-GHJK`.
    pub code: String,
    /// What the code is redeemed with; nobody else may have it.
    pub secret: String,
    /// Until when somebody may approve.
    pub expires_at: Timestamp,
    /// Seconds from now until then, for programs whose clock is off.
    pub expires_in_s: u32,
    /// Shortest pause between two tries to redeem.
    pub interval_ms: u32,
    /// Page of the web app where it is approved, with the code in it: a whole address when the server knows its own, else a path.
    pub page: String,
}

/// Answer of `GET /runner_codes/{code}`: who asks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RunnerCode {
    /// As it is shown, `BCDF-GHJK`.
    pub code: String,
    /// What the machine calls itself. It may say what it likes.
    pub machine: String,
    /// Platform, by its own words.
    pub platform: String,
    /// Program version, by its own words.
    pub version: String,
    /// Network address it asks from.
    pub address: Option<String>,
    /// Whether you come from the same address.
    pub same_address: bool,
    /// When it asked.
    pub created_at: Timestamp,
    /// Until when it may be approved.
    pub expires_at: Timestamp,
}

/// Body of `POST /runner_codes/{code}/approve`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRunnerCode {
    /// Name of the runner, 1 to 80 characters.
    pub name: String,
    /// Whether others' jobs may use it. Defaults to false.
    #[serde(default)]
    pub shared: bool,
}

/// Answer of `POST /runner_codes/{code}/approve`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApprovedRunnerCode {
    /// The runner as it will be listed, once the program has fetched its token.
    pub runner: RunnerId,
}

/// Body of `POST /runner_codes/{code}/redeem`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemRunnerCode {
    /// The secret given with the code.
    pub secret: String,
}

/// Answer of `POST /runner_codes/{code}/redeem`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RedeemedRunnerCode {
    /// Nobody has decided yet; ask again.
    Waiting,
    /// Somebody said no.
    Refused,
    /// Here is the runner. The token is in this answer only, and the code is used up.
    Approved {
        /// The runner.
        id: RunnerId,
        /// Its name.
        name: String,
        /// Whose it is.
        owner: Person,
        /// Its secret.
        token: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_1_a_code_is_read_as_people_type_it_and_nothing_else_is_one() {
        for typed in ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk ", "bc-df-gh-jk"] {
            assert_eq!(plain(typed).as_deref(), Some("BCDFGHJK"), "{typed}");
        }
        for other in ["", "BCDF-GHJ", "BCDF-GHJKL", "BCDF-GHJA", "BCDF-GHJ1", "BCDFGHJ\u{301}", "ⒷCDFGHJK"] {
            assert_eq!(plain(other), None, "{other}");
        }
        assert_eq!(shown("BCDFGHJK"), "BCDF-GHJK");
    }
}
