//! Files made from the code: the OpenAPI document, which the server prints, the TypeScript types made from it, and the shape of a canvas
//! document. All are committed, so that the web app can be worked on without building the server.

use crate::{
    build, process,
    progress::Step,
    test::{rules, tidy},
    web, workspace,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const GENERATE_LIMIT: Duration = Duration::from_secs(120);

struct Generated {
    file: PathBuf,
    before: Option<String>,
}

impl Generated {
    fn remember(name: &str) -> Self {
        let file = web::app().join(name);
        let before = fs::read_to_string(&file).ok();
        Self { file, before }
    }

    fn changed(&self) -> bool {
        fs::read_to_string(&self.file).ok() != self.before
    }

    /// Puts back what was there, so that a check changes nothing.
    fn restore(&self) -> Result<()> {
        match &self.before {
            Some(text) => fs::write(&self.file, text),
            None if self.file.exists() => fs::remove_file(&self.file),
            None => Ok(()),
        }
        .with_context(|| format!("cannot put {} back", self.file.display()))
    }
}

/// Writes the generated files; with `check` only compares.
///
/// # Errors
/// When a generator fails, or with `check` when a committed file is out of date.
pub fn run(check: bool) -> Result<()> {
    let mut step = Step::begin("Web packages");
    web::install(&web::app(), &mut step)?;
    step.done("");
    let mut step = Step::begin("Server");
    build::programs("dev", &mut step)?;
    step.done("");
    let mut step = Step::begin(if check { "Generated files fresh" } else { "Generate" });
    let remark = files(check, &mut step)?;
    step.done(&remark);
    Ok(())
}

/// The tests beside the rules they prove.
fn write_tests_of_rules(file: &Path) -> Result<()> {
    let told = fs::read_to_string(file)?;
    Ok(fs::write(file, rules::with_tests(&told, &tidy::committed_text()?)?)?)
}

/// As [`run`], inside a step of somebody else's. Expects the web packages and the server to be there.
pub fn files(check: bool, step: &mut Step) -> Result<String> {
    let generated = [
        "openapi.json",
        "src/api/schema.d.ts",
        "src/canvas/schema.gen.ts",
        "../docs/rules.md",
    ]
    .map(Generated::remember);
    let outcome = write(&generated[0].file, step)
        .and_then(|()| write_canvas_schema(&generated[2].file))
        .and_then(|()| write_tests_of_rules(&generated[3].file));
    let changed: Vec<String> = generated
        .iter()
        .filter(|one| one.changed())
        .map(|one| workspace::shown(&one.file))
        .collect();
    if check {
        for one in &generated {
            one.restore()?;
        }
    }
    outcome?;
    if check && !changed.is_empty() {
        bail!(
            "{} out of date with the code. Run `cargo xtask generate` and commit what it writes.",
            changed.join(" and ")
        );
    }
    Ok(if changed.is_empty() {
        "no change".to_owned()
    } else {
        format!("wrote {}", changed.join(", "))
    })
}

/// The canvas document's keys, defaults and limits, as the web app reads them.
fn write_canvas_schema(file: &Path) -> Result<()> {
    let schema = serde_json::to_string_pretty(&coord_protocol::canvas::schema::as_json())?;
    let text = format!(
        "// Made by `cargo xtask generate` from protocol/src/canvas/schema.rs. Do not edit.\n\nexport const schema = {schema} as const;\n"
    );
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn write(document: &Path, step: &mut Step) -> Result<()> {
    let openapi = process::read(Command::new(workspace::built("debug", "coord-server")?).arg("openapi"))?;
    fs::write(document, openapi + "\n").with_context(|| format!("cannot write {}", document.display()))?;
    let log = workspace::scratch("logs")?.join("generate.log");
    process::run_ok(web::npm(&web::app(), &["run", "generate"]), &log, GENERATE_LIMIT, step)?;
    Ok(())
}
