//! What an agent asks, as people see it, and their answers as the agent understands them. Pure.

use crate::agents::{Field, Takes, Value};
use coord_protocol::{
    log::ToolCall,
    request::{Answer, Ask, Choice, ChoiceKind, RequestKind},
};
use std::{collections::BTreeMap, fmt::Write as _};

fn choice(id: &str, label: &str, kind: ChoiceKind) -> Choice {
    Choice {
        id: id.to_owned(),
        label: label.to_owned(),
        kind,
    }
}

/// A request for permission.
#[must_use]
pub fn permission(call: &ToolCall, title: &str) -> Ask {
    let diff: String = call.diffs.iter().map(|diff| diff.diff.as_str()).collect();
    Ask {
        kind: RequestKind::Permission,
        title: title.to_owned(),
        body: call.content.clone().unwrap_or_default(),
        tool_call: Some(call.tool_call.clone()),
        diff: (!diff.is_empty()).then_some(diff),
        choices: vec![
            choice("allow", "Allow once", ChoiceKind::AllowOnce),
            choice("always", "Always in this attempt", ChoiceKind::AllowAlways),
            choice("deny", "Deny", ChoiceKind::Deny),
        ],
        free_text: true,
    }
}

/// A request to accept a plan.
#[must_use]
pub fn plan(plan: &str, tool_call: Option<String>) -> Ask {
    Ask {
        kind: RequestKind::Plan,
        title: "Accept this plan?".to_owned(),
        body: plan.to_owned(),
        tool_call,
        diff: None,
        choices: vec![
            choice("accept", "Accept", ChoiceKind::AllowOnce),
            choice("deny", "Ask for changes", ChoiceKind::Deny),
        ],
        free_text: true,
    }
}

/// One field of a question.
#[must_use]
pub fn question(message: &str, field: &Field, of: usize) -> Ask {
    let values = |values: &[(String, String)]| {
        values
            .iter()
            .map(|(value, label)| choice(value, label, ChoiceKind::Answer))
            .collect()
    };
    let (choices, free_text): (Vec<Choice>, bool) = match &field.takes {
        Takes::One(options) => (values(options), field.note.is_some()),
        Takes::Many(options) => (values(options), true),
        Takes::YesNo => (
            vec![choice("yes", "Yes", ChoiceKind::Answer), choice("no", "No", ChoiceKind::Answer)],
            false,
        ),
        Takes::Text | Takes::Integer | Takes::Number => (Vec::new(), true),
    };
    // The title of a single field may be the question itself, or a bare heading: only one of several words is a question.
    let own = of > 1 || field.words.is_some() || field.title.contains('?');
    let mut body = message.to_owned();
    if own {
        let _ = write!(body, "\n\n**{}**", field.title);
    }
    if let Some(words) = &field.words {
        let _ = write!(body, "\n\n{words}");
    }
    if let Takes::Many(_) = field.takes {
        body.push_str("\n\nChoose one, or write several, separated by commas.");
    }
    let title = if own { &field.title } else { message };
    Ask {
        kind: RequestKind::Question,
        title: title
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("A question")
            .trim()
            .to_owned(),
        body,
        tool_call: None,
        diff: None,
        choices,
        free_text,
    }
}

/// A question without fields: only whether.
#[must_use]
pub fn confirmation(message: &str) -> Ask {
    Ask {
        kind: RequestKind::Question,
        title: message.lines().next().unwrap_or("A question").to_owned(),
        body: message.to_owned(),
        tool_call: None,
        diff: None,
        choices: vec![choice("yes", "Yes", ChoiceKind::Answer), choice("no", "No", ChoiceKind::Answer)],
        free_text: false,
    }
}

/// What people decided about a tool call or a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No, with words for the agent.
    Deny(Option<String>),
}

/// Reads an answer to a permission or a plan. Words alone mean no; so does whatever was not offered.
#[must_use]
pub fn decision(ask: &Ask, answer: &Answer) -> Decision {
    let words = answer
        .body
        .as_deref()
        .map(str::trim)
        .filter(|words| !words.is_empty())
        .map(str::to_owned);
    let chosen = ask.choices.iter().find(|choice| Some(&choice.id) == answer.choice.as_ref());
    match chosen.map(|choice| choice.kind) {
        Some(ChoiceKind::AllowOnce | ChoiceKind::AllowAlways) => Decision::Allow,
        Some(ChoiceKind::Deny | ChoiceKind::Answer) | None => Decision::Deny(words),
    }
}

/// Fills a field from an answer.
///
/// # Errors
/// With words for people when the answer is not what the field takes.
pub fn fill(field: &Field, answer: &Answer, filled: &mut BTreeMap<String, Value>) -> Result<(), String> {
    let words = answer.body.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let offered = |options: &[(String, String)], wanted: &str| {
        options
            .iter()
            .find(|(value, label)| value == wanted || label == wanted)
            .map(|(value, _)| value.clone())
    };
    let value = match &field.takes {
        Takes::Text => Value::Text(words.or(answer.choice.as_deref()).ok_or("an answer needs words")?.to_owned()),
        Takes::One(options) => match (
            answer.choice.as_deref().and_then(|choice| offered(options, choice)),
            words,
            &field.note,
        ) {
            (Some(value), note, name) => {
                if let (Some(note), Some(name)) = (note, name) {
                    filled.insert(name.clone(), Value::Text(note.to_owned()));
                }
                Value::Text(value)
            }
            // A field for the answer's own words, apart from the choices.
            (None, Some(words), Some(name)) if name.ends_with("_custom") => {
                filled.insert(name.clone(), Value::Text(words.to_owned()));
                return Ok(());
            }
            (None, Some(words), Some(name)) => Value::Text(words.to_owned()).into_note(name, filled),
            (None, Some(words), None) => Value::Text(offered(options, words).ok_or("that is none of the choices")?),
            (None, None, _) => return Err("that is none of the choices".to_owned()),
        },
        Takes::Many(options) => {
            let mut chosen: Vec<String> = answer.choice.iter().filter_map(|choice| offered(options, choice)).collect();
            let mut others = Vec::new();
            for word in words.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()) {
                match (offered(options, word), &field.note) {
                    (Some(value), _) => chosen.push(value),
                    (None, Some(_)) => others.push(word),
                    (None, None) => return Err(format!("“{word}” is none of the choices")),
                }
            }
            if let (Some(name), false) = (&field.note, others.is_empty()) {
                filled.insert(name.clone(), Value::Text(others.join(", ")));
            }
            chosen.dedup();
            Value::Many(chosen)
        }
        Takes::YesNo => match answer.choice.as_deref() {
            Some("yes") => Value::YesNo(true),
            Some("no") => Value::YesNo(false),
            _ => return Err("that is none of the choices".to_owned()),
        },
        Takes::Integer => Value::Integer(words.and_then(|words| words.parse().ok()).ok_or("a whole number is needed")?),
        Takes::Number => Value::Number(
            words
                .and_then(|words| words.parse().ok())
                .filter(|number: &f64| number.is_finite())
                .ok_or("a number is needed")?,
        ),
    };
    filled.insert(field.name.clone(), value);
    Ok(())
}

impl Value {
    /// Free words go into the note; the choice itself gets them too, since agents that offer notes read either.
    fn into_note(self, note: &str, filled: &mut BTreeMap<String, Self>) -> Self {
        filled.insert(note.to_owned(), self.clone());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(choice: Option<&str>, body: Option<&str>) -> Answer {
        Answer {
            choice: choice.map(str::to_owned),
            body: body.map(str::to_owned),
        }
    }

    fn field(takes: Takes) -> Field {
        Field {
            name: "f".to_owned(),
            title: "F".to_owned(),
            words: None,
            takes,
            note: None,
        }
    }

    #[test]
    fn agt_3_words_alone_are_a_no_and_what_was_not_offered_never_a_yes() {
        let ask = plan("p", None);
        assert_eq!(decision(&ask, &answer(Some("accept"), None)), Decision::Allow);
        assert_eq!(
            decision(&ask, &answer(Some("deny"), Some(" why? "))),
            Decision::Deny(Some("why?".to_owned()))
        );
        assert_eq!(decision(&ask, &answer(None, Some("no"))), Decision::Deny(Some("no".to_owned())));
        assert_eq!(decision(&ask, &answer(Some("allow"), None)), Decision::Deny(None));
        assert_eq!(decision(&ask, &answer(None, None)), Decision::Deny(None));
    }

    #[test]
    fn agt_4_an_answer_fills_the_field_that_was_asked() {
        let options = vec![("a".to_owned(), "Apple".to_owned()), ("b".to_owned(), "Bread".to_owned())];
        let fill_one = |takes: Takes, given: Answer| {
            let mut filled = BTreeMap::new();
            fill(&field(takes), &given, &mut filled).map(|()| filled.remove("f").unwrap())
        };
        assert_eq!(
            fill_one(Takes::One(options.clone()), answer(Some("b"), None)),
            Ok(Value::Text("b".to_owned()))
        );
        assert_eq!(
            fill_one(Takes::One(options.clone()), answer(None, Some("Apple"))),
            Ok(Value::Text("a".to_owned()))
        );
        assert!(fill_one(Takes::One(options.clone()), answer(Some("z"), None)).is_err());
        let both = Value::Many(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(fill_one(Takes::Many(options), answer(None, Some("Apple, b"))), Ok(both));
        assert_eq!(fill_one(Takes::Integer, answer(None, Some("12"))), Ok(Value::Integer(12)));
        let mut filled = BTreeMap::new();
        let own = Field {
            note: Some("f_custom".to_owned()),
            ..field(Takes::One(vec![("a".to_owned(), "Apple".to_owned())]))
        };
        fill(&own, &answer(None, Some("Pear")), &mut filled).unwrap();
        assert_eq!(filled, BTreeMap::from([("f_custom".to_owned(), Value::Text("Pear".to_owned()))]));
        assert!(fill_one(Takes::Integer, answer(None, Some("twelve"))).is_err());
        assert_eq!(fill_one(Takes::YesNo, answer(Some("no"), None)), Ok(Value::YesNo(false)));
        assert_eq!(
            fill_one(Takes::Text, answer(None, Some("hello"))),
            Ok(Value::Text("hello".to_owned()))
        );
    }
}
