//! A canvas as a file.

use super::{
    heal,
    read::{CanvasView, GROUP, IMAGE, JOB, LINK},
    value,
};
use coord_protocol::{
    canvas::{CanvasFile, CanvasLink, CanvasObject, LinkEnd, schema},
    id::JobId,
};
use std::collections::HashSet;

/// What is wrong in a file: where, as `objects[3].color`, and why.
pub type Faults = Vec<(String, String)>;

/// Most faults that are told.
const MAX_FAULTS: usize = 20;

/// Most characters of a canvas's name.
const MAX_NAME: usize = 200;

/// The view as a file. `titles` gives title and state of the jobs that its reader may see.
pub fn to_file(view: &CanvasView, name: &str, titles: impl Fn(JobId) -> Option<(String, String)>) -> CanvasFile {
    let objects = view.objects.iter().map(|object| {
        let (job_title, job_state) = object.job.and_then(&titles).unzip();
        CanvasObject {
            job_title,
            job_state,
            ..object.clone()
        }
    });
    CanvasFile {
        coord_canvas: schema::VERSION,
        name: name.to_owned(),
        objects: objects.collect(),
        links: view.links.clone(),
    }
}

/// What a file holds, when every bit of it is as the schema says. Titles and states of jobs do not count.
///
/// # Errors
/// What is wrong, at most twenty things.
pub fn from_file(file: &CanvasFile) -> Result<CanvasView, Faults> {
    let mut check = Check::default();
    check.that(file.coord_canvas == schema::VERSION, "coord_canvas", || {
        format!("must be {}", schema::VERSION)
    });
    check.that((1..=MAX_NAME).contains(&file.name.chars().count()), "name", || {
        format!("must have 1 to {MAX_NAME} characters")
    });
    for (what, count) in [("objects", file.objects.len()), ("links", file.links.len())] {
        check.that(count <= schema::MAX_OBJECTS, what, || {
            format!("must be at most {}", schema::MAX_OBJECTS)
        });
    }
    // Of far too many, none is looked at.
    if check.faults.is_empty() {
        check.objects(&file.objects);
        check.links(&file.objects, &file.links);
    }
    if !check.faults.is_empty() {
        return Err(check.faults);
    }
    let mut view = CanvasView {
        schema: Some(file.coord_canvas),
        objects: file
            .objects
            .iter()
            .map(|object| CanvasObject {
                job_title: None,
                job_state: None,
                ..object.clone()
            })
            .collect(),
        links: file.links.clone(),
    };
    view.objects.sort_by(|a, b| a.id.cmp(&b.id));
    view.links.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(view)
}

#[derive(Default)]
struct Check {
    faults: Faults,
}

impl Check {
    fn that(&mut self, good: bool, field: &str, why: impl FnOnce() -> String) {
        if !good && self.faults.len() < MAX_FAULTS {
            self.faults.push((field.to_owned(), why()));
        }
    }

    fn id<'f>(&mut self, id: &'f str, seen: &mut HashSet<&'f str>, field: &str) {
        self.that(value::is_id(id), field, || {
            format!("must be 1 to {} letters, digits, _ or -", schema::MAX_ID)
        });
        self.that(seen.insert(id), field, || "must not be there twice".to_owned());
    }

    fn one_of(&mut self, words: &[&'static str], word: &str, field: &str) {
        self.that(value::one_of(words, Some(word)).is_some(), field, || {
            format!("must be one of {}", words.join(", "))
        });
    }

    fn text(&mut self, text: &str, max: usize, field: &str) {
        self.that(value::units(text) <= max, field, || format!("must have at most {max} characters"));
    }

    fn objects(&mut self, objects: &[CanvasObject]) {
        let mut seen = HashSet::new();
        for (index, object) in objects.iter().enumerate() {
            let at = |field: &str| format!("objects[{index}].{field}");
            self.id(&object.id, &mut seen, &at("id"));
            self.object(object, &at);
        }
        let nodes: Vec<heal::Node<'_>> = objects
            .iter()
            .map(|object| heal::Node {
                id: &object.id,
                named: object.parent.as_deref(),
                group: object.kind == GROUP,
            })
            .collect();
        for (index, (object, parent)) in objects.iter().zip(heal::parents(&nodes)).enumerate() {
            self.that(
                object.parent.is_some() == parent.is_some(),
                &format!("objects[{index}].parent"),
                || {
                    format!(
                        "must be a group of this file, without circles and at most {} deep",
                        schema::MAX_DEPTH
                    )
                },
            );
        }
    }

    fn object(&mut self, object: &CanvasObject, at: &impl Fn(&str) -> String) {
        self.that(value::is_id(&object.kind), &at("type"), || {
            format!("must be 1 to {} letters, digits, _ or -", schema::MAX_ID)
        });
        for (field, number) in [("x", object.x), ("y", object.y)] {
            let good = number.abs() <= schema::MAX_COORDINATE;
            self.that(good, &at(field), || {
                format!("must be a number from -{0} to {0}", schema::MAX_COORDINATE)
            });
        }
        for (field, number) in [("w", object.w), ("h", object.h)] {
            let good = (schema::MIN_SIZE..=schema::MAX_SIZE).contains(&number);
            self.that(good, &at(field), || {
                format!("must be a number from {} to {}", schema::MIN_SIZE, schema::MAX_SIZE)
            });
        }
        self.text(&object.z, schema::MAX_ORDER, &at("z"));
        self.text(&object.text, schema::MAX_TEXT, &at("text"));
        self.one_of(schema::COLORS, &object.color, &at("color"));
        for (field, set, word) in [
            ("job", object.job.is_some(), JOB),
            ("url", object.url.is_some(), LINK),
            ("file", object.file.is_some(), IMAGE),
            ("folder", object.folder.is_some(), GROUP),
        ] {
            self.that(!set || object.kind == word, &at(field), || {
                format!("must not be there: only objects of type {word} have it")
            });
        }
        self.that(object.kind != JOB || object.job.is_some(), &at("job"), || {
            "must be the id of a job".to_owned()
        });
        if let Some(url) = &object.url {
            let why = || {
                format!(
                    "must be an address that begins with http:// or https:// and has at most {} characters",
                    schema::MAX_URL
                )
            };
            self.that(value::is_address(url), &at("url"), why);
        }
        if let Some(file) = &object.file {
            self.that(value::is_id(file), &at("file"), || "must be the id of a file".to_owned());
        }
        self.that(object.folder.as_deref() != Some(""), &at("folder"), || {
            "must not be empty".to_owned()
        });
    }

    fn links(&mut self, objects: &[CanvasObject], links: &[CanvasLink]) {
        let ids: HashSet<&str> = objects.iter().map(|object| object.id.as_str()).collect();
        let mut seen = HashSet::new();
        for (index, link) in links.iter().enumerate() {
            let at = |field: &str| format!("links[{index}].{field}");
            self.id(&link.id, &mut seen, &at("id"));
            for (field, LinkEnd { object, side }) in [("from", &link.from), ("to", &link.to)] {
                self.that(ids.contains(object.as_str()), &at(&format!("{field}.object")), || {
                    "must be an object of this file".to_owned()
                });
                self.one_of(schema::SIDES, side, &at(&format!("{field}.side")));
            }
            self.that(link.from.object != link.to.object, &at("to.object"), || {
                "must be another object than from".to_owned()
            });
            self.one_of(schema::KINDS, &link.kind, &at("kind"));
            self.one_of(schema::COLORS, &link.color, &at("color"));
            self.text(&link.text, schema::MAX_TEXT, &at("text"));
        }
    }
}
