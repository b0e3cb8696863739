//! What the scripted agent does when it is given no script: a job one can watch, in about twenty seconds.

use super::steps::{Step, Tool};

fn say(text: &str) -> Step {
    Step::Say(text.to_owned())
}

fn words(items: &[&str]) -> Vec<String> {
    items.iter().map(|&item| item.to_owned()).collect()
}

const NOTE: &str = "# A note from the scripted agent\n\nThis file was written by Coord's built-in demonstration agent.\nIt looked round, asked one question, asked for permission and then wrote this.\n";

/// Where the result goes: the output folder for a local job, the repository otherwise.
const fn target(output: bool) -> &'static str {
    if output { "output/coord-demo.md" } else { "COORD-DEMO.md" }
}

/// The first attempt.
pub fn first(plan_mode: bool, output: bool) -> Vec<Step> {
    let plan = ["Look at what is there", "Ask how to put it", "Write the note", "Check the result"];
    let mut steps = vec![
        say("I am the scripted agent: I follow a fixed script, so that you can see how a job runs. "),
        Step::Sleep(1500),
        Step::Plan(words(&plan)),
        Step::Sleep(1500),
        Step::Think("First I look at what is in the folder, then I ask how the note should sound.".to_owned()),
        Step::Sleep(1500),
        Step::Tool(Tool {
            kind: "read".to_owned(),
            title: "Read README.md".to_owned(),
            path: Some("README.md".to_owned()),
            read: true,
            ..Tool::default()
        }),
        Step::Sleep(2000),
    ];
    if plan_mode {
        steps.push(Step::ProposePlan(format!(
            "1. Read what is there.\n2. Ask how the note should sound.\n3. Write `{}`.\n4. Look at the result.\n",
            target(output)
        )));
    }
    steps.extend([
        Step::Done(1),
        Step::Ask {
            message: "How should the note sound?".to_owned(),
            options: words(&["Short", "Friendly"]),
        },
        Step::Done(2),
        Step::Sleep(1500),
        Step::Tool(Tool {
            kind: "edit".to_owned(),
            title: format!("Write {}", target(output)),
            path: Some(target(output).to_owned()),
            write: Some(NOTE.to_owned()),
            ask: true,
            ..Tool::default()
        }),
        Step::Done(3),
        Step::Sleep(2000),
        Step::Tool(Tool {
            kind: "execute".to_owned(),
            title: "ls".to_owned(),
            run: Some(if cfg!(windows) { "dir" } else { "ls -l" }.to_owned()),
            ask: true,
            ..Tool::default()
        }),
        Step::Done(4),
        Step::Sleep(2000),
        Step::Usage {
            input: 1200,
            output: 340,
            cost: Some(0.01),
        },
        Step::Sleep(1500),
        say(&format!(
            "\n\nDone. I wrote `{}` and looked at the folder. Please review it.",
            target(output)
        )),
    ]);
    steps
}

/// An attempt after a reviewer asked for changes.
pub fn revision(output: bool) -> Vec<Step> {
    vec![
        say("I have read the review and make a further change. "),
        Step::Plan(words(&["Read the review", "Change the note"])),
        Step::Sleep(1500),
        Step::Done(1),
        Step::Tool(Tool {
            kind: "edit".to_owned(),
            title: format!("Change {}", target(output)),
            path: Some(target(output).to_owned()),
            append: Some("\nChanged after a review.\n".to_owned()),
            ask: true,
            ..Tool::default()
        }),
        Step::Done(2),
        Step::Sleep(1500),
        Step::Usage {
            input: 400,
            output: 90,
            cost: Some(0.004),
        },
        say(&format!("\n\nDone. I added a line to `{}` as the review asked.", target(output))),
    ]
}

/// A message from a person in the same session.
pub fn follow_up(text: &str) -> Vec<Step> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let short: String = first.chars().take(120).collect();
    vec![
        Step::Sleep(500),
        say(&format!(
            "I have read your message: “{short}”. I am only a script and go on as before."
        )),
    ]
}
