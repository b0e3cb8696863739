//! What must be true at the end.

use super::{
    Outages,
    ledger::Ledger,
    people::{Known, is_at_end},
    plan::{Plan, PlannedJob, lines_in},
    world::World,
};
use crate::{client::http::Person, report::Figures};
use anyhow::Result;
use coord_protocol::{
    attempt::{Attempt, Outcome},
    file::File,
    id::{AttemptId, JobId},
    job::{Job, Note},
    log::{LogBody, LogEntry},
    request::Request,
    time::Timestamp,
};
use reqwest::Method;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Everything that is not as it must be, in words.
///
/// # Errors
/// When it cannot be looked at.
pub async fn everything(
    world: &World,
    plan: &Plan,
    known: &Known,
    ledger: &Ledger,
    outages: &Outages,
    figures: &mut Figures,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut count = Count::default();
    let mut logs: HashMap<AttemptId, Vec<LogEntry>> = HashMap::new();
    for (n, planned) in plan.jobs.iter().enumerate() {
        let Some(id) = known.ids.get(&n) else { continue };
        wrong.extend(job(world, planned, *id, outages, &mut logs, &mut count).await?);
    }
    for (attempt, told) in &known.logs {
        let kept = logs.get(attempt).map(Vec::as_slice).unwrap_or_default();
        if told != kept {
            let at = told.iter().zip(kept).position(|(told, kept)| told != kept);
            wrong.push(format!(
                "the log of {attempt} was told otherwise than it is kept ({} and {}, from {at:?})",
                told.len(),
                kept.len()
            ));
        }
    }
    wrong.extend(notes(&world.person, known, ledger, &mut count).await?);
    wrong.extend(answers(&world.person, ledger, &logs, outages, &mut count).await?);
    let open: Vec<Request> = world
        .person
        .list(&format!("/workspaces/{}/requests?open=true", world.workspace))
        .await?;
    wrong.extend(
        open.iter()
            .map(|request| format!("{} still asks “{}”", request.job_title, request.ask.title)),
    );
    let approved = ledger.lock().approved.clone();
    for id in &approved {
        let job: Job = world.person.get(&format!("/jobs/{id}")).await?;
        if job.state != coord_protocol::job::JobState::Done {
            wrong.push(format!("the approval of {} was acknowledged, and it is {:?}", job.title, job.state));
        }
    }
    count.0.insert("approvals", approved.len());
    for (name, value) in count.0 {
        figures.add(name, f64::from(u32::try_from(value)?));
    }
    Ok(wrong)
}

#[derive(Default)]
struct Count(BTreeMap<&'static str, usize>);

impl Count {
    fn add(&mut self, name: &'static str, more: usize) {
        *self.0.entry(name).or_default() += more;
    }
}

async fn job(
    world: &World,
    planned: &PlannedJob,
    id: JobId,
    outages: &Outages,
    logs: &mut HashMap<AttemptId, Vec<LogEntry>>,
    count: &mut Count,
) -> Result<Vec<String>> {
    let (person, tag) = (&world.person, &planned.tag);
    let mut wrong = Vec::new();
    let job: Job = person.get(&format!("/jobs/{id}")).await?;
    if !is_at_end(planned, &job) {
        wrong.push(format!("{tag} ended as {:?} {:?}", job.state, job.activity));
    }
    let attempts: Vec<Attempt> = person.list(&format!("/jobs/{id}/attempts")).await?;
    count.add("jobs", 1);
    count.add("attempts", attempts.len());
    for (n, attempt) in attempts.iter().enumerate() {
        let log = whole_log(person, attempt.id).await?;
        count.add("log_entries", log.len());
        let kills = overlapping(outages, attempt);
        let last = n + 1 == attempts.len();
        match attempt.outcome {
            Some(Outcome::Completed | Outcome::Approved) if last => {}
            Some(Outcome::Lost) if !last && kills > 0 => count.add("attempts_lost_and_begun_again", 1),
            outcome => wrong.push(format!(
                "{tag}, attempt {}: {outcome:?}, {kills} kills of the runner: {:?}",
                attempt.number, attempt.summary
            )),
        }
        let whole = last.then_some(planned.lines);
        let read = read_log(tag, &log, attempt.log_head, whole, kills);
        count.add("lines_lost_with_a_killed_agent", read.missing);
        count.add("scripts_begun_again", read.again);
        wrong.extend(
            read.wrong
                .into_iter()
                .map(|words| format!("{tag}, attempt {}: {words}", attempt.number)),
        );
        logs.insert(attempt.id, log);
    }
    if planned.repository {
        wrong.extend(branch(world, planned, &job));
    } else {
        wrong.extend(deliverable(person, planned, id).await?);
    }
    Ok(wrong)
}

/// How many times the runner was away while the attempt was open.
fn overlapping(outages: &Outages, attempt: &Attempt) -> usize {
    let end = attempt.ended_at.unwrap_or(Timestamp(i64::MAX));
    outages
        .iter()
        .filter(|(from, to)| *from <= end && attempt.started_at <= *to)
        .count()
}

async fn whole_log(person: &Person, attempt: AttemptId) -> Result<Vec<LogEntry>> {
    let mut log: Vec<LogEntry> = Vec::new();
    loop {
        let from = log.last().map_or(1, |entry| entry.seq + 1);
        let page = person.log(attempt, from, 1000).await?;
        if page.items.is_empty() {
            return Ok(log);
        }
        log.extend(page.items);
    }
}

/// What a log says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    wrong: Vec<String>,
    /// Lines that a killed agent said and nobody read any more.
    missing: usize,
    /// How often the agent began its script again.
    again: usize,
}

/// Numbers without gap or repeat, and the same of the lines that the agent numbered itself. Only an agent that was killed with its runner
/// may miss lines, or begin again. With `lines`, the last must be there.
fn read_log(tag: &str, log: &[LogEntry], head: i64, lines: Option<u32>, kills: usize) -> Read {
    let mut read = Read::default();
    if let Some((entry, due)) = log.iter().zip(1..).find(|(entry, due)| entry.seq != *due) {
        read.wrong.push(format!("entry {} where {due} was due", entry.seq));
    }
    if log.last().map_or(0, |entry| entry.seq) != head {
        read.wrong.push(format!("{} entries, though the head is {head}", log.len()));
    }
    let text: String = log
        .iter()
        .filter_map(|entry| match &entry.body {
            LogBody::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let mut before = 0;
    for line in lines_in(tag, &text) {
        if line == 1 && before > 0 {
            read.again += 1;
        } else if line <= before {
            read.wrong.push(format!("line {line} after {before}"));
        } else {
            read.missing += usize::try_from(line - before - 1).unwrap_or(0);
        }
        before = line;
    }
    if let Some(lines) = lines {
        read.missing += usize::try_from(lines.saturating_sub(before)).unwrap_or(0);
    }
    if kills == 0 && read.missing > 0 {
        read.wrong
            .push(format!("{} lines are missing, and the runner was never killed", read.missing));
    }
    if read.again > kills {
        read.wrong
            .push(format!("the script began again {} times, in {kills} kills", read.again));
    }
    read
}

fn branch(world: &World, planned: &PlannedJob, job: &Job) -> Vec<String> {
    let tag = &planned.tag;
    let Some(branch) = job.attempt.as_ref().and_then(|attempt| attempt.branch.as_ref()) else {
        return vec![format!("{tag} has no branch")];
    };
    let mut wrong = Vec::new();
    let mut places = vec![branch.head_commit.as_str()];
    if planned.approve {
        places.push("main");
    } else {
        places.push(&branch.name);
    }
    for place in places {
        match world.git(&["show", &format!("{place}:{tag}.txt")]) {
            Ok(content) if content == planned.content => {}
            Ok(_) => wrong.push(format!("{tag}: the file at {place} is not what the agent wrote")),
            Err(error) => wrong.push(format!("{tag}: {error}")),
        }
    }
    let merges = world.git(&["log", "main", "--merges", "--format=%s"]);
    let subject = format!("Merge #{}: {tag}", job.number);
    match merges.map(|text| text.lines().filter(|line| *line == subject).count()) {
        Ok(count) if count == usize::from(planned.approve) => {}
        Ok(count) => wrong.push(format!("{tag} was merged {count} times")),
        Err(error) => wrong.push(format!("{tag}: {error}")),
    }
    wrong
}

async fn deliverable(person: &Person, planned: &PlannedJob, id: JobId) -> Result<Vec<String>> {
    let tag = &planned.tag;
    let files: Vec<File> = person.list(&format!("/jobs/{id}/deliverables")).await?;
    let named: Vec<_> = files.iter().filter(|file| file.name == format!("{tag}.txt")).collect();
    let [file] = named[..] else {
        let names: Vec<_> = files.iter().map(|file| &file.name).collect();
        return Ok(vec![format!(
            "{tag} has {} deliverables of its name, in all {names:?}",
            named.len()
        )]);
    };
    let content = person.call(Method::GET, &format!("/files/{}/content", file.id), None, None).await?;
    let same = content == planned.content.as_bytes();
    Ok(if same {
        vec![]
    } else {
        vec![format!("{tag}: the deliverable is not what the agent wrote")]
    })
}

/// Every note that was taken is there once, and no other.
async fn notes(person: &Person, known: &Known, ledger: &Ledger, count: &mut Count) -> Result<Vec<String>> {
    let taken = ledger.lock().notes.clone();
    let mut wrong = Vec::new();
    let mut there: HashMap<String, usize> = HashMap::new();
    let mut ids = HashSet::new();
    for job in known.ids.values() {
        let notes: Vec<Note> = person.notes(*job).await?;
        for note in notes {
            ids.insert((*job, note.id));
            *there.entry(note.body.unwrap_or_default()).or_default() += 1;
        }
    }
    for (job, id, body) in &taken {
        if !ids.contains(&(*job, *id)) {
            wrong.push(format!("“{body}” was acknowledged and is gone"));
        }
    }
    wrong.extend(
        there
            .iter()
            .filter(|(_, times)| **times > 1)
            .map(|(body, times)| format!("“{body}” is there {times} times")),
    );
    count.add("notes", taken.len());
    Ok(wrong)
}

/// Every answer that was taken is kept, and reached its agent once, unless the agent was killed meanwhile.
async fn answers(
    person: &Person,
    ledger: &Ledger,
    logs: &HashMap<AttemptId, Vec<LogEntry>>,
    outages: &Outages,
    count: &mut Count,
) -> Result<Vec<String>> {
    let taken = ledger.lock().answers.clone();
    let mut wrong = Vec::new();
    for (id, answer) in &taken {
        let request: Request = person.get(&format!("/requests/{id}")).await?;
        if request.answer.as_ref() != Some(answer) {
            wrong.push(format!(
                "the answer to “{}” was acknowledged and is {:?}",
                request.ask.title, request.answer
            ));
        }
        let log = logs.get(&request.attempt).map(Vec::as_slice).unwrap_or_default();
        let told = log
            .iter()
            .filter(|entry| matches!(&entry.body, LogBody::Answer { request, answer: told, .. } if request == id && told == answer))
            .count();
        let attempt: Attempt = person.get(&format!("/attempts/{}", request.attempt)).await?;
        if told > 1 || (told == 0 && overlapping(outages, &attempt) == 0) {
            wrong.push(format!("the answer to “{}” reached its agent {told} times", request.ask.title));
        }
    }
    count.add("answers", taken.len());
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kill::plan::said;

    fn log(lines: &[u32]) -> Vec<LogEntry> {
        let entry = |(seq, line): (i64, &u32)| LogEntry {
            seq,
            at: Timestamp(0),
            body: LogBody::Text { text: said("J001", *line) },
        };
        (1..).zip(lines).map(entry).collect()
    }

    #[test]
    fn agt_10_a_gap_or_a_repeat_in_a_log_is_found() {
        let good = log(&[1, 2, 3]);
        assert_eq!(read_log("J001", &good, 3, Some(3), 0), Read::default());
        assert!(!read_log("J001", &good[..2], 3, None, 0).wrong.is_empty(), "the head is not there");
        let mut gap = good.clone();
        gap.remove(1);
        assert!(!read_log("J001", &gap, 3, None, 9).wrong.is_empty());
        let twice = log(&[1, 2, 2, 3]);
        assert_eq!(read_log("J001", &twice, 4, Some(3), 9).wrong, ["line 2 after 2"]);
    }

    #[test]
    fn lines_may_be_missing_only_where_the_agent_was_killed() {
        assert_eq!(
            read_log("J001", &log(&[1, 2, 4]), 3, Some(5), 1),
            Read {
                missing: 2,
                ..Read::default()
            }
        );
        assert_eq!(read_log("J001", &log(&[1, 2, 4]), 3, Some(5), 0).wrong.len(), 1);
        assert_eq!(
            read_log("J001", &log(&[1, 2, 1, 2, 3]), 5, Some(3), 1),
            Read {
                again: 1,
                ..Read::default()
            }
        );
        assert_eq!(read_log("J001", &log(&[1, 2, 1, 2, 3]), 5, Some(3), 0).wrong.len(), 1);
    }
}
