//! From the crate's types to ours and back.

use super::{
    super::{AgentAsk, AgentEvent, Field, Reply, Takes, Tokens, Value},
    habits::Habits,
};
use agent_client_protocol::v1::schema::{
    ContentBlock, CreateElicitationRequest, ElicitationContentValue, ElicitationMode, ElicitationPropertySchema, EnumOption, Meta,
    MultiSelectItems, NoticeSeverity, PermissionOption, PlanEntryStatus, RequestPermissionRequest, SessionConfigId, SessionConfigKind,
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOptions, SessionConfigValueId, SessionUpdate,
    StringPropertySchema, ToolCallContent, ToolCallLocation, ToolCallStatus, ToolKind as AcpKind,
};
use coord_protocol::log::{FileDiff, PlanStatus, PlanStep, SystemLevel, ToolCall, ToolKind, ToolStatus, ToolUpdate};
use std::{collections::BTreeMap, path::Path};

/// What an update says, as our events.
pub fn update(update: SessionUpdate, folder: &Path) -> Vec<AgentEvent> {
    let event = match update {
        SessionUpdate::AgentMessageChunk(chunk) => AgentEvent::Text(words(chunk.content)),
        SessionUpdate::AgentThoughtChunk(chunk) => AgentEvent::Thought(words(chunk.content)),
        SessionUpdate::ToolCall(call) => {
            let (content, diffs) = contents(call.content, folder);
            AgentEvent::ToolCall(ToolCall {
                tool_call: call.tool_call_id.to_string(),
                title: call.title,
                tool: kind(call.kind),
                status: status(call.status),
                paths: paths(call.locations, folder),
                content,
                diffs,
            })
        }
        SessionUpdate::ToolCallUpdate(change) => {
            let fields = change.fields;
            let (content, diffs) = fields.content.map(|content| contents(content, folder)).unwrap_or_default();
            let tool = fields.kind.map(kind);
            let update = ToolUpdate {
                tool_call: change.tool_call_id.to_string(),
                title: fields.title,
                status: fields.status.map(status),
                content,
                diffs,
            };
            AgentEvent::ToolUpdate(update, tool)
        }
        SessionUpdate::Plan(plan) => AgentEvent::Plan(
            plan.entries
                .into_iter()
                .map(|entry| PlanStep {
                    text: entry.content,
                    status: match entry.status {
                        PlanEntryStatus::InProgress => PlanStatus::InProgress,
                        PlanEntryStatus::Completed => PlanStatus::Completed,
                        _ => PlanStatus::Pending,
                    },
                })
                .collect(),
        ),
        SessionUpdate::UsageUpdate(usage) => match usage.cost {
            Some(cost) if cost.currency == "USD" && cost.amount.is_finite() => AgentEvent::Cost(cost.amount),
            _ => return Vec::new(),
        },
        SessionUpdate::Notice(notice) => {
            let level = match notice.severity {
                NoticeSeverity::Error => SystemLevel::Error,
                NoticeSeverity::Warning => SystemLevel::Warning,
                _ => SystemLevel::Info,
            };
            let more = notice.description.map(|description| format!(": {description}")).unwrap_or_default();
            AgentEvent::Notice(level, format!("{}{more}", notice.title))
        }
        // Our own prompts, commands, modes, titles: nothing that a reader of the log misses.
        _ => return Vec::new(),
    };
    vec![event]
}

fn words(block: ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::ResourceLink(link) => format!("[{}]({})", link.name, link.uri),
        ContentBlock::Image(_) => "[an image]".to_owned(),
        ContentBlock::Audio(_) => "[a sound]".to_owned(),
        _ => String::new(),
    }
}

fn contents(contents: Vec<ToolCallContent>, folder: &Path) -> (Option<String>, Vec<FileDiff>) {
    let mut text = String::new();
    let mut diffs = Vec::new();
    for content in contents {
        match content {
            ToolCallContent::Content(content) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&words(content.content));
            }
            ToolCallContent::Diff(diff) => {
                let path = relative(&diff.path, folder);
                diffs.push(FileDiff {
                    diff: crate::git::diff::unified(&path, diff.old_text.as_deref(), &diff.new_text),
                    path,
                });
            }
            _ => {}
        }
    }
    ((!text.is_empty()).then_some(text), diffs)
}

fn paths(locations: Vec<ToolCallLocation>, folder: &Path) -> Vec<String> {
    locations
        .into_iter()
        .take(50)
        .map(|location| relative(&location.path, folder))
        .collect()
}

/// A path as seen from the working folder; one that leads elsewhere stays as it is.
fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned()
}

const fn kind(kind: AcpKind) -> ToolKind {
    match kind {
        AcpKind::Read => ToolKind::Read,
        AcpKind::Edit => ToolKind::Edit,
        AcpKind::Delete => ToolKind::Delete,
        AcpKind::Move => ToolKind::Move,
        AcpKind::Search => ToolKind::Search,
        AcpKind::Execute => ToolKind::Execute,
        AcpKind::Think => ToolKind::Think,
        AcpKind::Fetch => ToolKind::Fetch,
        AcpKind::SwitchMode => ToolKind::SwitchMode,
        _ => ToolKind::Other,
    }
}

const fn status(status: ToolCallStatus) -> ToolStatus {
    match status {
        ToolCallStatus::InProgress => ToolStatus::InProgress,
        ToolCallStatus::Completed => ToolStatus::Completed,
        ToolCallStatus::Failed => ToolStatus::Failed,
        _ => ToolStatus::Pending,
    }
}

/// A request for permission, and the options by which it is answered.
pub fn permission(request: RequestPermissionRequest, folder: &Path, habits: &Habits) -> (AgentAsk, Vec<PermissionOption>) {
    let fields = request.tool_call.fields;
    let (content, diffs) = fields.content.map(|content| contents(content, folder)).unwrap_or_default();
    let plan = match fields.kind {
        Some(AcpKind::SwitchMode) => {
            let input = fields
                .raw_input
                .as_ref()
                .and_then(|input| input.get("plan"))
                .and_then(|plan| plan.as_str());
            Some(input.map(str::to_owned).or_else(|| content.clone()).unwrap_or_default())
        }
        _ => fields.title.as_deref().and_then(|title| habits.plan(title)),
    };
    let call = ToolCall {
        tool_call: request.tool_call.tool_call_id.to_string(),
        title: fields.title.unwrap_or_default(),
        tool: fields.kind.map(kind).unwrap_or_default(),
        status: fields.status.map(status).unwrap_or_default(),
        paths: paths(fields.locations.unwrap_or_default(), folder),
        content,
        diffs,
    };
    let kind_told = fields.kind.is_some();
    (AgentAsk::Permission { call, kind_told, plan }, request.options)
}

/// A question; `None` when it is not a form.
pub fn question(request: CreateElicitationRequest) -> Option<AgentAsk> {
    let ElicitationMode::Form(form) = request.mode else {
        return None;
    };
    let schema = form.requested_schema;
    let required = schema.required.unwrap_or_default();
    // The schema has no order of its own; that of `required` is the agent's.
    let mut names: Vec<String> = required
        .iter()
        .filter(|name| schema.properties.contains_key(*name))
        .cloned()
        .collect();
    names.extend(schema.properties.keys().filter(|name| !required.contains(name)).cloned());
    // Codex and Claude Code offer free words beside a choice as a field of their own.
    let note_of = |name: &str| {
        let notes = ["note", "custom"].map(|kind| format!("{name}_{kind}"));
        notes.into_iter().find(|note| schema.properties.contains_key(note))
    };
    let is_note = |name: &str| {
        let main = name.strip_suffix("_note").or_else(|| name.strip_suffix("_custom"));
        main.is_some_and(|main| schema.properties.contains_key(main))
    };
    let fields = names
        .iter()
        .filter(|name| !is_note(name))
        .filter_map(|name| {
            let (title, words, takes) = field(&schema.properties[name])?;
            Some(Field {
                title: title.unwrap_or_else(|| name.clone()),
                words,
                takes,
                note: note_of(name),
                name: name.clone(),
            })
        })
        .collect();
    Some(AgentAsk::Question {
        message: request.message,
        fields,
    })
}

/// A question that came through the runner's own tool. Words of one's own are taken beside the choices.
pub fn tool_question(message: String, options: Vec<String>) -> AgentAsk {
    let offered = !options.is_empty();
    let takes = match offered {
        true => Takes::One(options.into_iter().map(|option| (option.clone(), option)).collect()),
        false => Takes::Text,
    };
    let field = Field {
        name: "answer".to_owned(),
        title: message.clone(),
        words: None,
        takes,
        note: offered.then(|| "note".to_owned()),
    };
    AgentAsk::Question {
        message,
        fields: vec![field],
    }
}

/// The answer to it in words, if there is one.
pub fn tool_answer(reply: Reply) -> Option<String> {
    let Reply::Filled(mut values) = reply else { return None };
    let mut words = |name: &str| match values.remove(name) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    match (words("answer"), words("note")) {
        (Some(answer), Some(note)) if answer != note => Some(format!("{answer}\n\n{note}")),
        (answer, note) => answer.or(note),
    }
}

type FieldParts = (Option<String>, Option<String>, Takes);

fn field(schema: &ElicitationPropertySchema) -> Option<FieldParts> {
    Some(match schema {
        ElicitationPropertySchema::String(text) => (text.title.clone(), text.description.clone(), one_of(text)),
        ElicitationPropertySchema::Boolean(yes) => (yes.title.clone(), yes.description.clone(), Takes::YesNo),
        ElicitationPropertySchema::Integer(number) => (number.title.clone(), number.description.clone(), Takes::Integer),
        ElicitationPropertySchema::Number(number) => (number.title.clone(), number.description.clone(), Takes::Number),
        ElicitationPropertySchema::Array(many) => {
            let values = match &many.items {
                MultiSelectItems::String(items) => items.values.iter().map(|value| (value.clone(), value.clone())).collect(),
                MultiSelectItems::Titled(items) => labelled(&items.options),
                _ => return None,
            };
            (many.title.clone(), many.description.clone(), Takes::Many(values))
        }
        _ => return None,
    })
}

fn one_of(text: &StringPropertySchema) -> Takes {
    match (&text.one_of, &text.enum_values) {
        (Some(options), _) if !options.is_empty() => Takes::One(labelled(options)),
        (_, Some(values)) if !values.is_empty() => Takes::One(values.iter().map(|value| (value.clone(), value.clone())).collect()),
        _ => Takes::Text,
    }
}

fn labelled(options: &[EnumOption]) -> Vec<(String, String)> {
    options.iter().map(|option| (option.value.clone(), option.title.clone())).collect()
}

/// A field's value on the wire.
pub fn value(value: Value) -> ElicitationContentValue {
    match value {
        Value::Text(text) => ElicitationContentValue::String(text),
        Value::Many(values) => ElicitationContentValue::StringArray(values),
        Value::YesNo(yes) => ElicitationContentValue::Boolean(yes),
        Value::Integer(number) => ElicitationContentValue::Integer(number),
        Value::Number(number) => ElicitationContentValue::Number(number),
    }
}

/// The tokens of a turn as Gemini CLI tells them, beside the answer.
pub fn quota(meta: &Meta) -> Option<Tokens> {
    let count = meta.get("quota")?.get("token_count")?;
    Some(Tokens {
        input: count.get("input_tokens")?.as_i64()?,
        output: count.get("output_tokens")?.as_i64()?,
    })
}

fn select(
    options: &[SessionConfigOption],
    wanted: impl Fn(&SessionConfigOption) -> bool,
) -> Option<(&SessionConfigOption, Vec<(String, String)>)> {
    let option = options.iter().find(|option| wanted(option))?;
    let SessionConfigKind::Select(select) = &option.kind else {
        return None;
    };
    let values: BTreeMap<String, String> = match &select.options {
        SessionConfigSelectOptions::Ungrouped(options) => options
            .iter()
            .map(|option| (option.value.to_string(), option.name.clone()))
            .collect(),
        SessionConfigSelectOptions::Grouped(groups) => groups
            .iter()
            .flat_map(|group| group.options.iter())
            .map(|option| (option.value.to_string(), option.name.clone()))
            .collect(),
        _ => BTreeMap::new(),
    };
    Some((option, values.into_iter().collect()))
}

fn is_model(option: &SessionConfigOption) -> bool {
    option.category == Some(SessionConfigOptionCategory::Model) || &*option.id.0 == "model"
}

/// The model an agent says it uses.
pub fn current_model(options: &[SessionConfigOption]) -> Option<String> {
    match &options.iter().find(|option| is_model(option))?.kind {
        SessionConfigKind::Select(select) => Some(select.current_value.to_string()),
        _ => None,
    }
}

/// How to choose a model, by its value or its name.
pub fn model_option(options: &[SessionConfigOption], model: &str) -> Option<(SessionConfigId, SessionConfigValueId)> {
    let (option, values) = select(options, is_model)?;
    let (value, _) = values.into_iter().find(|(value, name)| value == model || name == model)?;
    Some((option.id.clone(), SessionConfigValueId::new(value)))
}

/// How to choose a mode where modes are an option.
pub fn mode_option(options: &[SessionConfigOption], mode: &str) -> Option<(SessionConfigId, SessionConfigValueId)> {
    let wanted = |option: &SessionConfigOption| option.category == Some(SessionConfigOptionCategory::Mode) || &*option.id.0 == "mode";
    let (option, values) = select(options, wanted)?;
    let (value, _) = values.into_iter().find(|(value, _)| value == mode)?;
    Some((option.id.clone(), SessionConfigValueId::new(value)))
}

/// How to give the option `name` the value `value`, if the agent has both.
pub fn option_value(options: &[SessionConfigOption], name: &str, value: &str) -> Option<(SessionConfigId, SessionConfigValueId)> {
    let (option, values) = select(options, |option| &*option.id.0 == name)?;
    let (value, _) = values.into_iter().find(|(offered, _)| offered == value)?;
    Some((option.id.clone(), SessionConfigValueId::new(value)))
}
