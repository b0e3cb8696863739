//! Cuts entries to the sizes of the protocol before they are numbered.

use coord_protocol::log::{FileDiff, LogBody, MAX_ENTRY, MAX_TEXT};

/// What stands where something was cut off.
const CUT: &str = "\n… (cut off here)";

/// The entry as one or more entries of allowed size: text is split, all else is cut.
#[must_use]
pub fn fit(body: LogBody) -> Vec<LogBody> {
    match body {
        LogBody::Text { text } => split(text, |text| LogBody::Text { text }),
        LogBody::Thought { text } => split(text, |text| LogBody::Thought { text }),
        LogBody::Output { tool_call, text } => split(text, |text| LogBody::Output {
            tool_call: tool_call.clone(),
            text,
        }),
        body => vec![cut(body)],
    }
}

fn split(text: String, wrap: impl Fn(String) -> LogBody) -> Vec<LogBody> {
    if text.len() <= MAX_TEXT {
        return vec![wrap(text)];
    }
    let mut rest = text.as_str();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(boundary(rest, MAX_TEXT));
        parts.push(wrap(part.to_owned()));
        rest = after;
    }
    parts
}

fn boundary(text: &str, most: usize) -> usize {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `text` at most `most` bytes long, with a mark where it was cut.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}{CUT}", &text[..boundary(text, most.saturating_sub(CUT.len()))])
}

fn cut(mut body: LogBody) -> LogBody {
    let mut most = MAX_TEXT;
    loop {
        shrink(&mut body, most);
        let length = serde_json::to_string(&body).map_or(0, |json| json.len());
        // Room for the number, the time, and what masking adds.
        if length <= MAX_ENTRY - 4096 || most < 64 {
            return body;
        }
        most /= 2;
    }
}

fn shrink(body: &mut LogBody, most: usize) {
    let line = most.min(4096);
    let optional = |text: &mut Option<String>, most: usize| {
        if let Some(text) = text {
            *text = shorten(text, most);
        }
    };
    let diffs = |diffs: &mut Vec<FileDiff>| {
        diffs.truncate((most / 256).max(1));
        let each = (4 * most / diffs.len().max(1)).min(2 * most);
        for diff in diffs {
            diff.path = shorten(&diff.path, line);
            diff.diff = shorten(&diff.diff, each);
        }
    };
    match body {
        LogBody::System { text, .. } | LogBody::UserMessage { text, .. } => *text = shorten(text, most),
        LogBody::ToolCall(call) => {
            call.tool_call = shorten(&call.tool_call, 512);
            call.title = shorten(&call.title, line);
            call.paths.truncate(50);
            call.paths.iter_mut().for_each(|path| *path = shorten(path, 512));
            optional(&mut call.content, most);
            diffs(&mut call.diffs);
        }
        LogBody::ToolUpdate(update) => {
            update.tool_call = shorten(&update.tool_call, 512);
            optional(&mut update.title, line);
            optional(&mut update.content, most);
            diffs(&mut update.diffs);
        }
        LogBody::Plan { steps } => {
            steps.truncate(200);
            steps.iter_mut().for_each(|step| step.text = shorten(&step.text, most.min(1000)));
        }
        LogBody::Request { ask, .. } => {
            ask.title = shorten(&ask.title, line);
            ask.body = shorten(&ask.body, 2 * most);
            optional(&mut ask.diff, 2 * most);
            ask.choices.truncate(50);
            ask.choices.iter_mut().for_each(|choice| choice.label = shorten(&choice.label, 200));
        }
        LogBody::Answer { answer, .. } => optional(&mut answer.body, most),
        LogBody::Text { .. } | LogBody::Thought { .. } | LogBody::Output { .. } | LogBody::Usage { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coord_protocol::log::{ToolCall, ToolKind, ToolStatus};

    #[test]
    fn agt_10_long_text_is_split_at_characters_and_nothing_is_lost() {
        let text = "ä🎈b".repeat(20_000);
        let parts = fit(LogBody::Text { text: text.clone() });
        let joined: String = parts
            .iter()
            .map(|part| match part {
                LogBody::Text { text } => {
                    assert!(text.len() <= MAX_TEXT);
                    text.as_str()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn agt_10_no_entry_is_longer_than_the_protocol_allows() {
        let bad = "\u{1}".repeat(3_000_000);
        let call = LogBody::ToolCall(ToolCall {
            tool_call: bad.clone(),
            title: bad.clone(),
            tool: ToolKind::Edit,
            status: ToolStatus::Pending,
            paths: vec![bad.clone(); 100],
            content: Some(bad.clone()),
            diffs: vec![
                FileDiff {
                    path: bad.clone(),
                    diff: bad
                };
                3
            ],
        });
        for part in fit(call) {
            assert!(serde_json::to_string(&part).unwrap().len() <= MAX_ENTRY - 4096);
        }
    }
}
