//! Licences and duplicate versions of the crates we build on, as `deny.toml` wants them.
//!
//! cargo-deny itself takes minutes to build on a small machine and needs a network for its advisories, so it runs in
//! GitHub's workflow. This check reads the same `deny.toml` and answers in a second for what changes most.

use super::{spdx, tally::Tally};
use crate::{build, process, progress::Step, workspace};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// Runs the check.
pub fn run(_: &mut Step) -> Result<Tally> {
    let path = workspace::root().join("deny.toml");
    let text = std::fs::read_to_string(&path).context("cannot read deny.toml")?;
    let policy = Policy::parse(&text)?;
    // What is really built: `cargo metadata` also names crates behind features that nobody switched on. Test-only crates count
    // too, since their code runs on our machines.
    let mut tree = build::cargo(&[
        "tree",
        "--locked",
        "--workspace",
        "--edges=normal,build,dev",
        "--prefix=none",
        "--format={p}|{l}",
    ]);
    let problems = policy.problems(&crates_of(&process::read(&mut tree)?)?);
    if !problems.is_empty() {
        bail!("{}\n\ndeny.toml says what is allowed.", problems.join("\n"));
    }
    Ok(Tally::default())
}

struct Policy {
    allowed: BTreeSet<String>,
    exceptions: BTreeMap<String, Vec<String>>,
    skipped: BTreeSet<String>,
}

struct Crate {
    name: String,
    version: String,
    licence: Option<String>,
    ours: bool,
    from_registry: bool,
}

impl Policy {
    fn parse(text: &str) -> Result<Self> {
        let deny: toml::Table = text.parse().context("deny.toml is not TOML")?;
        let licences = deny.get("licenses").context("deny.toml has no [licenses]")?;
        let mut exceptions = BTreeMap::new();
        for entry in licences.get("exceptions").and_then(toml::Value::as_array).into_iter().flatten() {
            exceptions.insert(crate_name(entry)?, words(entry.get("allow")));
        }
        let skipped = deny
            .get("bans")
            .and_then(|bans| bans.get("skip")?.as_array())
            .into_iter()
            .flatten()
            .map(crate_name)
            .collect::<Result<_>>()?;
        Ok(Self {
            allowed: words(licences.get("allow")).into_iter().collect(),
            exceptions,
            skipped,
        })
    }

    fn problems(&self, crates: &[Crate]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in crates {
            versions.entry(&one.name).or_default().insert(&one.version);
            if !one.ours && !one.from_registry {
                problems.push(format!("{} {} does not come from crates.io", one.name, one.version));
            }
            if !one.ours && !self.licensed(one) {
                let licence = one.licence.as_deref().unwrap_or("none told");
                problems.push(format!("{} {}: licence {licence}", one.name, one.version));
            }
        }
        for (name, versions) in versions {
            if versions.len() > 1 && !self.skipped.contains(name) {
                let versions: Vec<_> = versions.into_iter().collect();
                problems.push(format!("{name} is built in versions {}", versions.join(" and ")));
            }
        }
        problems
    }

    fn licensed(&self, one: &Crate) -> bool {
        let special = self.exceptions.get(&one.name);
        one.licence.as_deref().is_some_and(|expression| {
            spdx::satisfied(expression, &|name| {
                self.allowed.contains(name) || special.is_some_and(|more| more.iter().any(|extra| extra == name))
            })
        })
    }
}

/// cargo-deny names a crate as `name`, `name@version` or in a table with `crate` or `name`.
fn crate_name(entry: &toml::Value) -> Result<String> {
    let name = entry
        .as_str()
        .or_else(|| entry.get("crate")?.as_str())
        .or_else(|| entry.get("name")?.as_str())
        .with_context(|| format!("deny.toml: an entry without a crate: {entry}"))?;
    Ok(name.split(['@', ':']).next().unwrap_or(name).to_owned())
}

fn words(list: Option<&toml::Value>) -> Vec<String> {
    list.and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

/// Reads lines such as `actix v0.13.5|MIT OR Apache-2.0`, `serde_derive v1.0.0 (proc-macro)|MIT`, `coord-domain v0.1.0 (<folder>)|MIT`;
/// a crate that was shown before ends in `(*)`.
fn crates_of(tree: &str) -> Result<Vec<Crate>> {
    let root = workspace::root().display().to_string();
    tree.lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (package, licence) = line
                .trim_end_matches(" (*)")
                .split_once('|')
                .context("cargo tree changed its format")?;
            let mut words = package.split_whitespace();
            let (name, version) = (words.next(), words.next());
            let places: Vec<&str> = words.filter(|word| *word != "(proc-macro)").collect();
            Ok(Crate {
                name: name.context("a crate without a name")?.to_owned(),
                version: version.context("a crate without a version")?.trim_start_matches('v').to_owned(),
                licence: Some(licence.to_owned()).filter(|licence| !licence.is_empty()),
                ours: places.iter().any(|place| place.contains(&root)),
                from_registry: places.is_empty(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        exceptions = [{ crate = "icu_data", allow = ["Unicode-3.0"] }]
        [bans]
        skip = [{ crate = "hashbrown@0.15", reason = "two generations" }, "syn"]
    "#;

    fn a_crate(name: &str, version: &str, licence: &str) -> Crate {
        Crate {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: Some(licence.to_owned()),
            ours: false,
            from_registry: true,
        }
    }

    fn problems(crates: &[Crate]) -> Vec<String> {
        Policy::parse(POLICY).unwrap().problems(crates)
    }

    #[test]
    fn a_licence_outside_the_list_is_told_with_its_crate() {
        assert_eq!(problems(&[a_crate("a", "1.0.0", "MIT OR GPL-3.0")]), Vec::<String>::new());
        assert_eq!(problems(&[a_crate("b", "1.0.0", "GPL-3.0")]), ["b 1.0.0: licence GPL-3.0"]);
    }

    #[test]
    fn an_exception_holds_for_its_crate_alone() {
        assert_eq!(problems(&[a_crate("icu_data", "1.0.0", "Unicode-3.0")]), Vec::<String>::new());
        assert_eq!(problems(&[a_crate("other", "1.0.0", "Unicode-3.0")]).len(), 1);
    }

    #[test]
    fn two_versions_need_an_entry() {
        let two = |name| [a_crate(name, "1.0.0", "MIT"), a_crate(name, "2.0.0", "MIT")];
        assert_eq!(problems(&two("rand")), ["rand is built in versions 1.0.0 and 2.0.0"]);
        assert_eq!(problems(&two("hashbrown")), Vec::<String>::new());
        assert_eq!(problems(&two("syn")), Vec::<String>::new());
    }

    #[test]
    fn the_tree_is_read_as_cargo_prints_it() {
        let here = workspace::root().join("server");
        let tree = format!(
            "coord-server v0.1.0 ({})|MIT\n\nserde_derive v1.0.2 (proc-macro)|MIT (*)\nforked v2.0.0 (https://example.org/x#1234)|\n",
            here.display()
        );
        let crates = crates_of(&tree).unwrap();
        assert_eq!(crates.len(), 3);
        assert!(crates[0].ours);
        assert!(crates[1].from_registry && crates[1].licence.as_deref() == Some("MIT") && crates[1].version == "1.0.2");
        assert!(!crates[2].ours && !crates[2].from_registry && crates[2].licence.is_none());
    }

    #[test]
    fn a_crate_from_elsewhere_is_told() {
        let mut one = a_crate("forked", "1.0.0", "MIT");
        one.from_registry = false;
        assert_eq!(problems(&[one]), ["forked 1.0.0 does not come from crates.io"]);
    }
}
