use super::*;
use JobState::{AwaitingReview, Backlog, Canceled, Done, Failed, InProgress, Ready};
use proptest::prelude::*;

const ME: UserId = UserId(uuid::Uuid::from_u128(1));
const RUNNER: RunnerId = RunnerId(uuid::Uuid::from_u128(2));
/// An hour, and a day.
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// A job that was in these states since these hours.
fn job(states: &[(JobState, i64)]) -> JobFacts {
    let spans = states.iter().enumerate().map(|(n, (state, from))| Span {
        state: *state,
        from: from * HOUR,
        to: states.get(n + 1).map(|(_, to)| to * HOUR),
    });
    JobFacts {
        owner: ME,
        domains: vec![],
        spans: spans.collect(),
        attempts: vec![],
        asked: vec![],
    }
}

fn attempt(number: i64, hours: (i64, Option<i64>), outcome: Option<Outcome>) -> AttemptFacts {
    AttemptFacts {
        number,
        started: hours.0 * HOUR,
        ended: hours.1.map(|hour| hour * HOUR),
        outcome,
        agent: Some("claude".to_owned()),
        runner: Some((RUNNER, "box".to_owned())),
        input_tokens: 100,
        output_tokens: 10,
        cost_micros: 250_000,
    }
}

const fn hours(from: i64, to: i64) -> Period {
    Period {
        from: from * HOUR,
        to: to * HOUR,
    }
}

const fn ms(hours: i64) -> Option<i64> {
    Some(hours * 3_600_000)
}

#[test]
fn ana_1_the_time_to_done_is_split_into_queue_work_and_review() {
    // Sent back once: what comes again counts again.
    let one = job(&[
        (Backlog, 0),
        (Ready, 10),
        (InProgress, 12),
        (AwaitingReview, 15),
        (Ready, 16),
        (InProgress, 20),
        (AwaitingReview, 21),
        (Done, 26),
    ]);
    let figures = figures(&[one], hours(0, 48), 100 * HOUR);
    assert_eq!((figures.created, figures.completed, figures.failed), (1, 1, 0));
    assert_eq!(figures.time_to_done_ms, ms(16));
    assert_eq!((figures.queue_ms, figures.work_ms, figures.review_ms), (ms(6), ms(4), ms(6)));
    assert_eq!((figures.begun, figures.wait_ms, figures.wait_p90_ms), (2, ms(3), ms(4)));
    assert_eq!(figures.success_rate, Some(1.0));
    assert!((figures.queue_depth - 6.0 / 48.0).abs() < 1e-9);
}

#[test]
fn ana_1_what_was_reopened_counts_from_where_it_was_done() {
    let one = job(&[(Ready, 0), (InProgress, 1), (Done, 2), (Ready, 50), (InProgress, 53), (Done, 54)]);
    let all = figures(std::slice::from_ref(&one), hours(0, 100), 100 * HOUR);
    assert_eq!((all.completed, all.time_to_done_ms), (2, ms(3)));
    assert_eq!(figures(&[one], hours(50, 100), 100 * HOUR).time_to_done_ms, ms(4));
}

#[test]
fn ana_1_a_rate_needs_something_that_ended() {
    let jobs = [
        job(&[(InProgress, 1), (Failed, 2)]),
        job(&[(Ready, 0), (Done, 3)]),
        job(&[(Backlog, 0), (Canceled, 3)]),
    ];
    let figures = |from, to| figures(&jobs, hours(from, to), 10 * HOUR);
    assert_eq!(figures(0, 5).success_rate, Some(0.5));
    assert_eq!(figures(0, 5).canceled, 1);
    assert_eq!(figures(5, 9).success_rate, None);
    assert_eq!(
        (figures(5, 9).time_to_done_ms, figures(5, 9).wait_ms, figures(5, 9).wait_p90_ms),
        (None, None, None)
    );
}

#[test]
fn ana_1_retries_and_revisions_are_told_apart() {
    let mut one = job(&[(Ready, 0), (InProgress, 1)]);
    one.attempts = vec![
        attempt(1, (1, Some(2)), Some(Outcome::Failed)),
        attempt(2, (3, Some(5)), Some(Outcome::ChangesRequested)),
        attempt(3, (6, None), None),
    ];
    one.asked = vec![(HOUR, Some(2 * HOUR)), (7 * HOUR, None)];
    let now = 10 * HOUR;
    let figures = |from, to| figures(std::slice::from_ref(&one), hours(from, to), now);
    let all = figures(0, 20);
    assert_eq!((all.attempts, all.retries, all.revisions), (3, 1, 1));
    assert_eq!((all.input_tokens, all.output_tokens, all.cost_usd), (200, 20, 0.5));
    assert_eq!(Some(all.awaiting_answer_ms), ms(4));
    assert_eq!((figures(3, 4).retries, figures(3, 4).input_tokens), (1, 0));
    assert_eq!(standing(&[one], now).waiting, 1);
}

#[test]
fn ana_1_how_it_stands_is_that_of_now() {
    let jobs = [
        job(&[(Backlog, 0)]),
        job(&[(Ready, 1)]),
        job(&[(Backlog, 0), (Ready, 4)]),
        job(&[(InProgress, 3)]),
        job(&[(AwaitingReview, 3)]),
        job(&[(Done, 3)]),
    ];
    let standing = standing(&jobs, 5 * HOUR);
    assert_eq!((standing.active, standing.waiting, standing.queued), (1, 1, 2));
    assert_eq!(Some(standing.longest_ms), ms(4));
}

#[test]
fn ana_1_each_share_has_what_is_its() {
    let mut one = job(&[(Ready, 0), (InProgress, 1), (Failed, 2), (Ready, 3), (InProgress, 3), (Done, 5)]);
    let mut two = job(&[(InProgress, 0), (Done, 1)]);
    one.domains = vec!["api".to_owned(), "web".to_owned()];
    one.attempts = vec![
        attempt(1, (1, Some(2)), Some(Outcome::Failed)),
        attempt(2, (3, Some(5)), Some(Outcome::Approved)),
    ];
    one.attempts[1].agent = Some("codex".to_owned());
    two.owner = UserId(uuid::Uuid::from_u128(9));
    let all = analytics(&[one, two], hours(0, 10), 0, 10 * HOUR, |id| Some(format!("P{}", id.0.as_u128())));
    let shown = |shares: &[Share]| -> Vec<_> {
        let line = |share: &Share| {
            (
                share.name.clone().unwrap_or_default(),
                share.completed,
                share.failed,
                share.attempts,
                share.retries,
                share.tokens,
            )
        };
        shares.iter().map(line).collect()
    };
    let line = |name: &str, completed, failed, attempts, retries, tokens| (name.to_owned(), completed, failed, attempts, retries, tokens);
    assert_eq!(
        shown(&all.by_agent),
        [line("codex", 1, 0, 1, 1, 110), line("claude", 0, 1, 1, 0, 110)]
    );
    assert_eq!(shown(&all.by_runner), [line("box", 1, 1, 2, 1, 220)]);
    assert_eq!(
        shown(&all.by_domain),
        [line("api", 1, 1, 2, 1, 220), line("web", 1, 1, 2, 1, 220), line("", 1, 0, 0, 0, 0)]
    );
    assert_eq!(shown(&all.by_person), [line("P1", 1, 1, 2, 1, 220), line("P9", 1, 0, 0, 0, 0)]);
    assert_eq!(all.by_domain[2].name, None);
    assert_eq!((all.period.completed, all.before.completed), (2, 0));
}

#[test]
fn ana_1_days_begin_at_midnight_where_one_is() {
    // Two hours before UTC: a day begins at 22 o'clock.
    let days = hours(30, 70).days(120, 92);
    assert_eq!(days, [hours(30, 46), hours(46, 70)]);
    assert_eq!(hours(30, 70).days(-300, 92), [hours(30, 53), hours(53, 70)]);
    assert_eq!(hours(24, 48).days(0, 92), [hours(24, 48)]);
    assert!(Period { from: 0, to: 366 * DAY }.days(0, 92).len() <= 93);
    assert_eq!(hours(3, 3).days(0, 92), []);
}

fn any_job() -> impl Strategy<Value = JobFacts> {
    let state = prop::sample::select(vec![Backlog, Ready, InProgress, AwaitingReview, Done, Failed, Canceled]);
    let spans = prop::collection::vec((state, 1i64..9), 1..12);
    let outcome = prop::option::of(prop::sample::select(vec![
        Outcome::Completed,
        Outcome::ChangesRequested,
        Outcome::Approved,
        Outcome::Failed,
        Outcome::Canceled,
        Outcome::Lost,
    ]));
    let attempts = prop::collection::vec((0i64..60, 0i64..9, outcome), 0..4);
    let domains = prop::collection::vec(prop::sample::select(vec!["api", "web", "docs"]), 0..3);
    let asked = prop::collection::vec((0i64..60, prop::option::of(1i64..9)), 0..3);
    (0i64..20, spans, attempts, domains, asked, 1u128..4).prop_map(|(mut at, spans, attempts, domains, asked, owner)| {
        let mut states: Vec<(JobState, i64)> = vec![];
        for (state, length) in spans {
            if states.last().is_none_or(|(last, _)| *last != state) {
                states.push((state, at));
            }
            at += length;
        }
        let mut one = job(&states);
        one.owner = UserId(uuid::Uuid::from_u128(owner));
        one.domains = domains.into_iter().map(str::to_owned).collect();
        one.domains.dedup();
        one.asked = asked
            .into_iter()
            .map(|(from, length)| (from * HOUR, length.map(|length| (from + length) * HOUR)))
            .collect();
        one.attempts = attempts
            .into_iter()
            .enumerate()
            .map(|(n, (from, length, outcome))| attempt(n as i64 + 1, (from, outcome.map(|_| from + length)), outcome))
            .collect();
        one.attempts.sort_by_key(|attempt| attempt.started);
        one
    })
}

/// What counts in a period, and so adds up.
fn counted(figures: &Figures) -> [i64; 13] {
    let cost = figures.cost_usd * 1e6;
    [
        figures.created,
        figures.completed,
        figures.failed,
        figures.canceled,
        figures.begun,
        figures.awaiting_review_ms,
        figures.awaiting_answer_ms,
        figures.attempts,
        figures.retries,
        figures.revisions,
        figures.input_tokens,
        figures.output_tokens,
        cost.round() as i64,
    ]
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

proptest! {
    #[test]
    fn ana_1_the_parts_of_a_period_add_up(jobs in prop::collection::vec(any_job(), 0..20), from in 0i64..120, first in 0i64..80, second in 0i64..80, now in 130i64..200) {
        let now = now * HOUR;
        let whole = figures(&jobs, hours(from, from + first + second), now);
        let parts = [hours(from, from + first), hours(from + first, from + first + second)];
        let [a, b] = parts.map(|part| figures(&jobs, part, now));
        let sum: Vec<i64> = counted(&a).iter().zip(counted(&b)).map(|(a, b)| a + b).collect();
        prop_assert_eq!(counted(&whole).to_vec(), sum);
        // An average over the whole is that of its parts, by how long they have been.
        let been = |part: Period| so_far(part, now) as f64;
        let length = been(parts[0]) + been(parts[1]);
        prop_assert!((whole.active * length - a.active * been(parts[0]) - b.active * been(parts[1])).abs() < 1e4);
        let split = [whole.queue_ms, whole.work_ms, whole.review_ms].into_iter().flatten().sum::<i64>();
        prop_assert!(split <= whole.time_to_done_ms.unwrap_or(0) + 2);
        prop_assert!(whole.wait_p90_ms.is_none() == (whole.begun == 0));
        prop_assert!(whole.success_rate.is_none_or(|rate| (0.0..=1.0).contains(&rate)));
        prop_assert!(whole.retries + whole.revisions <= whole.attempts);
    }

    #[test]
    fn ana_1_days_and_shares_add_up_to_the_period(jobs in prop::collection::vec(any_job(), 0..20), from in 0i64..50, length in 0i64..200, zone in -14i64..14) {
        let now = 400 * HOUR;
        let all = analytics(&jobs, hours(from, from + length), zone * 60, now, |_| None);
        let period = all.period;
        let tokens = period.input_tokens + period.output_tokens;
        let days = &all.days;
        prop_assert_eq!(days.iter().map(|day| day.completed).sum::<i64>(), period.completed);
        prop_assert_eq!(days.iter().map(|day| day.failed).sum::<i64>(), period.failed);
        prop_assert_eq!(days.iter().map(|day| day.tokens).sum::<i64>(), tokens);
        prop_assert!(near(days.iter().map(|day| day.cost_usd).sum::<f64>(), period.cost_usd));
        let parts = hours(from, from + length).days(zone * 60, 92);
        let active: f64 = days.iter().zip(&parts).map(|(day, part)| day.active * part.length() as f64).sum();
        prop_assert!((active - period.active * (length * HOUR) as f64).abs() < 1e4);
        for shares in [&all.by_agent, &all.by_runner, &all.by_person] {
            prop_assert_eq!(shares.iter().map(|share| share.tokens).sum::<i64>(), tokens);
            prop_assert_eq!(shares.iter().map(|share| share.attempts).sum::<i64>(), period.attempts);
            prop_assert_eq!(shares.iter().map(|share| share.retries).sum::<i64>(), period.retries);
        }
        prop_assert_eq!(all.by_person.iter().map(|share| share.completed).sum::<i64>(), period.completed);
        prop_assert!(all.by_domain.iter().map(|share| share.completed).sum::<i64>() >= period.completed);
    }
}
