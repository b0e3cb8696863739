//! The figures of a period (ANA-1), out of the states jobs went through and the attempts made on them. Pure: the store only fetches.
//!
//! Times are microseconds. A span of a job is in a state from its begin to just before its end, so what happens at the moment between two
//! periods is in the later one, and figures that count add up however a period is cut.

use coord_protocol::{
    analytics::{Analytics, Day, Figures, Share, Standing},
    attempt::Outcome,
    id::{RunnerId, UserId},
    job::JobState,
    time::Timestamp,
};
use std::collections::BTreeMap;

/// A stretch of time; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its begin.
    pub from: i64,
    /// Its end.
    pub to: i64,
}

/// A state a job was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The state.
    pub state: JobState,
    /// Since when.
    pub from: i64,
    /// Until when; it still is without.
    pub to: Option<i64>,
}

/// What the figures look at in an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptFacts {
    /// 1, 2, 3…
    pub number: i64,
    /// When it began.
    pub started: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Who did it, when a program did.
    pub agent: Option<String>,
    /// The runner and its name at the time.
    pub runner: Option<(RunnerId, String)>,
    /// Tokens read.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// In millionths of a US dollar: sums of them are exact.
    pub cost_micros: i64,
}

/// What the figures look at in a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobFacts {
    /// Who answers for it.
    pub owner: UserId,
    /// Its labels.
    pub domains: Vec<String>,
    /// The states it went through, in order, without a gap.
    pub spans: Vec<Span>,
    /// Its attempts, in order.
    pub attempts: Vec<AttemptFacts>,
    /// When its agents waited for an answer, from and to.
    pub asked: Vec<(i64, Option<i64>)>,
}

impl Period {
    /// Whether the moment is in it.
    #[must_use]
    pub const fn has(self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// How long it is.
    #[must_use]
    pub const fn length(self) -> i64 {
        self.to - self.from
    }

    /// The one of the same length just before.
    #[must_use]
    pub const fn before(self) -> Self {
        Self {
            from: self.from - self.length(),
            to: self.from,
        }
    }

    /// How much of it lies between two moments; what has no end yet goes on until now.
    fn overlap(self, from: i64, to: Option<i64>, now: i64) -> i64 {
        let to = to.unwrap_or(now).min(self.to);
        (to - from.max(self.from)).max(0)
    }

    /// Its days in a zone that is so many minutes before UTC; at most `most`, then several are taken as one.
    #[must_use]
    pub fn days(self, offset_minutes: i64, most: i64) -> Vec<Self> {
        const DAY: i64 = 86_400_000_000;
        let offset = offset_minutes * 60_000_000;
        let step = DAY * (self.length() / DAY / most.max(1) + 1);
        let mut days = Vec::new();
        let mut from = self.from;
        let mut to = (self.from + offset).div_euclid(DAY) * DAY + step - offset;
        while from < self.to {
            days.push(Self { from, to: to.min(self.to) });
            from = to;
            to += step;
        }
        days
    }
}

/// A mean in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: i64,
    count: i64,
}

impl Mean {
    const fn add(&mut self, micros: i64) {
        self.sum += micros;
        self.count += 1;
    }

    /// In milliseconds.
    const fn ms(self) -> Option<i64> {
        if self.count == 0 {
            None
        } else {
            Some(self.sum / self.count / 1000)
        }
    }
}

/// Where the time from first ready to done went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Way {
    queue: i64,
    work: i64,
    review: i64,
    /// Failed, before somebody retried it, or done and taken back, and back in Backlog.
    aside: i64,
}

impl Way {
    const fn total(self) -> i64 {
        self.queue + self.work + self.review + self.aside
    }
}

/// How the job came to the span at `at`, in which it is done.
fn way(spans: &[Span], at: usize) -> Way {
    let mut way = Way::default();
    let begun = spans[..at].iter().position(|span| span.state != JobState::Backlog);
    // Nobody waits between two completions of a job that was reopened later: each counts from where the last one ended.
    let again = spans[..at]
        .iter()
        .rposition(|span| span.state == JobState::Done)
        .map(|done| done + 1);
    for span in &spans[begun.unwrap_or(at).max(again.unwrap_or(0))..at] {
        let length = span.to.map_or(0, |to| to - span.from);
        match span.state {
            JobState::Ready => way.queue += length,
            JobState::InProgress => way.work += length,
            JobState::AwaitingReview => way.review += length,
            JobState::Backlog | JobState::Done | JobState::Failed | JobState::Canceled => way.aside += length,
        }
    }
    way
}

/// Millionths of a dollar as dollars.
fn dollars(micros: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a sum of money that is shown")]
    let micros = micros as f64;
    micros / 1e6
}

fn ratio(part: i64, whole: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a ratio that is shown")]
    let (part, whole) = (part as f64, whole as f64);
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// How much of a period that is not over yet has been.
fn so_far(period: Period, now: i64) -> i64 {
    (period.to.min(now) - period.from).max(0)
}

/// Whether the attempt at `at` follows one that came to nothing, or one that was sent back.
fn follows(attempts: &[AttemptFacts], at: usize) -> Option<Outcome> {
    at.checked_sub(1).and_then(|before| attempts[before].outcome)
}

const fn is_retry(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Failed | Outcome::Lost | Outcome::Canceled))
}

/// What happened in a period.
#[must_use]
pub fn figures(jobs: &[JobFacts], period: Period, now: i64) -> Figures {
    let mut figures = Figures::default();
    let (mut total, mut queue, mut work, mut review) = (Mean::default(), Mean::default(), Mean::default(), Mean::default());
    let (mut waits, mut ready, mut active, mut reviewing, mut asked) = (Vec::new(), 0, 0, 0, 0);
    let mut cost = 0;
    for job in jobs {
        figures.created += i64::from(job.spans.first().is_some_and(|span| period.has(span.from)));
        for (at, span) in job.spans.iter().enumerate() {
            let overlap = period.overlap(span.from, span.to, now);
            match span.state {
                JobState::Ready => ready += overlap,
                JobState::InProgress => active += overlap,
                JobState::AwaitingReview => reviewing += overlap,
                JobState::Backlog | JobState::Done | JobState::Failed | JobState::Canceled => {}
            }
            if !period.has(span.from) {
                continue;
            }
            match span.state {
                JobState::Done => {
                    figures.completed += 1;
                    let way = way(&job.spans, at);
                    total.add(way.total());
                    queue.add(way.queue);
                    work.add(way.work);
                    review.add(way.review);
                }
                JobState::Failed => figures.failed += 1,
                JobState::Canceled => figures.canceled += 1,
                JobState::InProgress => {
                    let before = at.checked_sub(1).map(|before| job.spans[before]);
                    waits.extend(
                        before
                            .filter(|before| before.state == JobState::Ready)
                            .map(|before| span.from - before.from),
                    );
                }
                JobState::Backlog | JobState::Ready | JobState::AwaitingReview => {}
            }
        }
        for (at, attempt) in job.attempts.iter().enumerate() {
            if period.has(attempt.started) {
                let before = follows(&job.attempts, at);
                figures.attempts += 1;
                figures.retries += i64::from(is_retry(before));
                figures.revisions += i64::from(before == Some(Outcome::ChangesRequested));
            }
            if attempt.ended.is_some_and(|ended| period.has(ended)) {
                figures.input_tokens += attempt.input_tokens;
                figures.output_tokens += attempt.output_tokens;
                cost += attempt.cost_micros;
            }
        }
        for (from, to) in &job.asked {
            asked += period.overlap(*from, *to, now);
        }
    }
    let ended = figures.completed + figures.failed;
    figures.success_rate = (ended > 0).then(|| ratio(figures.completed, ended));
    figures.time_to_done_ms = total.ms();
    (figures.queue_ms, figures.work_ms, figures.review_ms) = (queue.ms(), work.ms(), review.ms());
    waits.sort_unstable();
    figures.begun = i64::try_from(waits.len()).unwrap_or(i64::MAX);
    figures.wait_ms = (figures.begun > 0).then(|| waits.iter().sum::<i64>() / figures.begun / 1000);
    figures.wait_p90_ms = waits.get((waits.len() * 9).div_ceil(10).saturating_sub(1)).map(|wait| wait / 1000);
    let length = so_far(period, now);
    figures.queue_depth = ratio(ready, length);
    figures.active = ratio(active, length);
    figures.awaiting_review_ms = reviewing / 1000;
    figures.awaiting_answer_ms = asked / 1000;
    figures.cost_usd = dollars(cost);
    figures
}

/// How it stands.
#[must_use]
pub fn standing(jobs: &[JobFacts], now: i64) -> Standing {
    let mut standing = Standing::default();
    for job in jobs {
        let Some(span) = job.spans.last() else { continue };
        let asks = job.asked.iter().any(|(_, to)| to.is_none());
        match span.state {
            JobState::Ready => {
                standing.queued += 1;
                standing.longest_ms = standing.longest_ms.max((now - span.from) / 1000);
            }
            JobState::InProgress => {
                standing.active += 1;
                standing.waiting += i64::from(asks);
            }
            JobState::AwaitingReview => standing.waiting += 1,
            JobState::Backlog | JobState::Done | JobState::Failed | JobState::Canceled => {}
        }
    }
    standing
}

/// The figures of each part of a period. One pass over the jobs, whatever the number of parts.
#[must_use]
pub fn days(jobs: &[JobFacts], parts: &[Period], now: i64) -> Vec<Day> {
    let day = |part: &Period| Day {
        from: Timestamp(part.from),
        completed: 0,
        failed: 0,
        queue_depth: 0.0,
        active: 0.0,
        in_review: 0.0,
        tokens: 0,
        cost_usd: 0.0,
    };
    let mut days: Vec<Day> = parts.iter().map(day).collect();
    let mut times = vec![[0; 3]; parts.len()];
    let mut costs = vec![0; parts.len()];
    let part_of = |at: i64| {
        let n = parts.partition_point(|part| part.from <= at).checked_sub(1)?;
        parts[n].has(at).then_some(n)
    };
    for job in jobs {
        for span in &job.spans {
            if let Some(n) = part_of(span.from) {
                days[n].completed += i64::from(span.state == JobState::Done);
                days[n].failed += i64::from(span.state == JobState::Failed);
            }
            let which = match span.state {
                JobState::Ready => 0,
                JobState::InProgress => 1,
                JobState::AwaitingReview => 2,
                JobState::Backlog | JobState::Done | JobState::Failed | JobState::Canceled => continue,
            };
            let first = parts.partition_point(|part| part.to <= span.from);
            for (n, part) in parts.iter().enumerate().skip(first) {
                if part.from >= span.to.unwrap_or(now) {
                    break;
                }
                times[n][which] += part.overlap(span.from, span.to, now);
            }
        }
        for attempt in &job.attempts {
            if let Some(n) = attempt.ended.and_then(part_of) {
                days[n].tokens += attempt.input_tokens + attempt.output_tokens;
                costs[n] += attempt.cost_micros;
            }
        }
    }
    for (n, day) in days.iter_mut().enumerate() {
        let length = so_far(parts[n], now);
        [day.queue_depth, day.active, day.in_review] = times[n].map(|time| ratio(time, length));
        day.cost_usd = dollars(costs[n]);
    }
    days
}

/// What one agent, runner, label or person has of a period.
#[derive(Debug, Default)]
struct Part {
    name: Option<String>,
    completed: i64,
    failed: i64,
    total: Mean,
    attempts: i64,
    retries: i64,
    tokens: i64,
    cost: i64,
}

impl Part {
    fn end(&mut self, job: &JobFacts, at: usize) {
        match job.spans[at].state {
            JobState::Done => {
                self.completed += 1;
                self.total.add(way(&job.spans, at).total());
            }
            JobState::Failed => self.failed += 1,
            JobState::Backlog | JobState::Ready | JobState::InProgress | JobState::AwaitingReview | JobState::Canceled => {}
        }
    }

    fn attempt(&mut self, job: &JobFacts, at: usize, period: Period) {
        let attempt = &job.attempts[at];
        if period.has(attempt.started) {
            self.attempts += 1;
            self.retries += i64::from(is_retry(follows(&job.attempts, at)));
        }
        if attempt.ended.is_some_and(|ended| period.has(ended)) {
            self.tokens += attempt.input_tokens + attempt.output_tokens;
            self.cost += attempt.cost_micros;
        }
    }
}

/// Ends of a job in the period: done or failed, at which span.
fn ends(job: &JobFacts, period: Period) -> impl Iterator<Item = usize> {
    let ends = move |(_, span): &(usize, &Span)| matches!(span.state, JobState::Done | JobState::Failed) && period.has(span.from);
    job.spans.iter().enumerate().filter(ends).map(|(at, _)| at)
}

type Parts<K> = BTreeMap<K, Part>;

/// By what was in the attempts: `of` says whose an attempt was. An end counts where the attempt before it counts.
fn by_attempt<K: Ord>(jobs: &[JobFacts], period: Period, of: impl Fn(&AttemptFacts) -> Option<(K, String)>) -> Parts<K> {
    let mut parts = Parts::new();
    for job in jobs {
        for at in 0..job.attempts.len() {
            let attempt = &job.attempts[at];
            let concerned = period.has(attempt.started) || attempt.ended.is_some_and(|ended| period.has(ended));
            if let Some((key, name)) = of(attempt).filter(|_| concerned) {
                let part: &mut Part = parts.entry(key).or_default();
                part.name = Some(name);
                part.attempt(job, at, period);
            }
        }
        for at in ends(job, period) {
            let latest = job.attempts.iter().rev().find(|attempt| attempt.started <= job.spans[at].from);
            if let Some((key, name)) = latest.and_then(&of) {
                let part = parts.entry(key).or_default();
                part.name = Some(name);
                part.end(job, at);
            }
        }
    }
    parts
}

/// By what the job has: `of` says the keys it counts under.
fn by_job<K: Ord + Clone>(jobs: &[JobFacts], period: Period, of: impl Fn(&JobFacts) -> Vec<K>) -> Parts<K> {
    let mut parts = Parts::new();
    for job in jobs {
        let concerned = |attempt: &AttemptFacts| period.has(attempt.started) || attempt.ended.is_some_and(|ended| period.has(ended));
        if ends(job, period).next().is_none() && !job.attempts.iter().any(concerned) {
            continue;
        }
        for key in of(job) {
            let part: &mut Part = parts.entry(key).or_default();
            for at in ends(job, period) {
                part.end(job, at);
            }
            for at in 0..job.attempts.len() {
                part.attempt(job, at, period);
            }
        }
    }
    parts
}

/// Most done first, then most tried.
fn shares<K>(parts: Parts<K>, id: impl Fn(&K) -> Option<String>, name: impl Fn(&K, Option<String>) -> Option<String>) -> Vec<Share> {
    let mut shares: Vec<Share> = parts
        .into_iter()
        .map(|(key, part)| Share {
            id: id(&key),
            name: name(&key, part.name),
            completed: part.completed,
            failed: part.failed,
            time_to_done_ms: part.total.ms(),
            attempts: part.attempts,
            retries: part.retries,
            tokens: part.tokens,
            cost_usd: dollars(part.cost),
        })
        .collect();
    shares.sort_by(|a, b| (b.completed, b.attempts, &a.name).cmp(&(a.completed, a.attempts, &b.name)));
    shares
}

/// Most parts that a period is shown in.
const MOST_DAYS: i64 = 92;

/// All figures of a period. `jobs` are those the reader may see, `name` tells who people are.
#[must_use]
pub fn analytics(jobs: &[JobFacts], period: Period, offset_minutes: i64, now: i64, name: impl Fn(UserId) -> Option<String>) -> Analytics {
    let agents = by_attempt(jobs, period, |attempt| attempt.agent.clone().map(|agent| (agent.clone(), agent)));
    let runners = by_attempt(jobs, period, |attempt| attempt.runner.clone());
    let domains = by_job(jobs, period, |job| match job.domains.is_empty() {
        true => vec![None],
        false => job.domains.iter().cloned().map(Some).collect(),
    });
    let people = by_job(jobs, period, |job| vec![job.owner]);
    Analytics {
        from: Timestamp(period.from),
        to: Timestamp(period.to),
        now: standing(jobs, now),
        period: figures(jobs, period, now),
        before: figures(jobs, period.before(), now),
        days: days(jobs, &period.days(offset_minutes, MOST_DAYS), now),
        by_agent: shares(agents, |_| None, |_, name| name),
        by_runner: shares(runners, |id| Some(id.to_string()), |_, name| name),
        by_domain: shares(domains, |_| None, |domain, _| domain.clone()),
        by_person: shares(people, |id| Some(id.to_string()), |id, _| name(*id)),
    }
}

#[cfg(test)]
mod tests;
