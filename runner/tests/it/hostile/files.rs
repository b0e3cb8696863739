//! Files that come with a job, and files that an agent delivers.

use super::{CANARY, Ground, Then, assert_ended, job_in, run};
use crate::common::{assignment, file_id, said, system};
use coord_protocol::{
    attempt::FailureReason::{Other, Policy},
    runner::InputFile,
};
use serde_json::json;
use sha2::{Digest, Sha256};

fn input(ground: &Ground, name: &str, content: &[u8]) -> InputFile {
    let id = file_id();
    ground
        .bench
        .server
        .with(|stored| stored.files.insert(id.to_string(), content.to_vec()));
    InputFile {
        id,
        name: name.to_owned(),
        size: i64::try_from(content.len()).unwrap(),
        sha256: Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_3_attachments_with_hostile_names_or_contents_are_refused_before_the_agent_is_started() {
    let ground = Ground::new("max_attachment_bytes = 1000000\n").await;
    let bare = ground.repository(0);
    let runner = ground.bench.runner();
    let long = "x".repeat(300);
    let absolute = ground.outside().join("escaped.txt").to_string_lossy().into_owned();
    let names = [
        "../../../outside/escaped.txt",
        &absolute,
        "..\\..\\escaped.txt",
        "C:\\escaped.txt",
        "a\0b",
        "a\nb",
        "\u{1b}[31m",
        ".",
        "..",
        "",
        "nul",
        "com1.txt",
        "a:stream",
        "x.",
        &long,
    ];
    let never = "a file is written where its name says";
    for name in names {
        for repository in [false, true] {
            let script = json!([{"say": "begun"}]);
            let mut job = if repository { job_in(&bare, 1, script) } else { assignment(script) };
            job.attachments = vec![input(&ground, name, b"x")];
            let finished = ground.bench.finish(&job).await;
            let log = ground.bench.server.log(job.attempt);
            assert_ended(name, never, &finished, Then::Fails(Policy), &system(&log));
            assert_eq!(said(&log), "", "{name:?}");
            assert!(!format!("{log:?}").contains('\u{1b}'));
            ground.assert_unharmed(name, never, &job, Some(&bare));
        }
    }
    let honest = input(&ground, "a.txt", b"honest");
    let cases = [
        ("more bytes than announced", InputFile { size: 3, ..honest.clone() }, Other),
        (
            "fewer bytes than announced",
            InputFile {
                size: 30,
                ..honest.clone()
            },
            Other,
        ),
        (
            "another content than announced",
            InputFile {
                sha256: "0".repeat(64),
                ..honest.clone()
            },
            Other,
        ),
        (
            "a size below nothing",
            InputFile {
                size: -1,
                ..honest.clone()
            },
            Policy,
        ),
        ("a size over the limit", InputFile { size: 1_000_001, ..honest }, Policy),
    ];
    for (name, file, reason) in cases {
        let mut job = assignment(json!([{"say": "begun"}]));
        job.attachments = vec![file];
        let finished = ground.bench.finish(&job).await;
        let log = ground.bench.server.log(job.attempt);
        assert_ended(name, "it reaches the agent", &finished, Then::Fails(reason), &system(&log));
        assert_eq!(said(&log), "", "{name}");
    }
    // An archive is stored, not unpacked, however much is in it; links in its way are not followed.
    let bomb = [b"\x1f\x8b\x08\x00".as_slice(), &[0; 4000]].concat();
    let mut job = job_in(
        &bare,
        2,
        json!([run("wc -c < .coord/attachments/42.zip; ls .coord/attachments"), {"say": "ok"}]),
    );
    job.attachments = vec![input(&ground, "42.zip", &bomb)];
    let finished = ground.bench.finish(&job).await;
    let log = format!("{:?}", ground.bench.server.log(job.attempt));
    assert_ended("an archive", "it is unpacked", &finished, Then::Works, &[]);
    assert!(log.contains("4004\\n42.zip"), "{log}");
    runner.stop().await;
}

/// Name, what the agent does in its folder, what is delivered.
const OUTPUTS: &[(&str, &str, &[&str])] = &[
    ("a link to a file", "ln -s OUTSIDE/kept.txt output/kept.txt", &[]),
    ("a link into the folder", "echo x > x; ln -s ../x output/x", &[]),
    ("a link in place of the folder", "rmdir output; ln -s OUTSIDE output", &[]),
    ("a file in place of the folder", "rmdir output; echo x > output", &[]),
    ("a folder inside", "mkdir output/sub; echo x > output/sub/x", &[]),
    ("a pipe", "mkfifo output/pipe", &[]),
    ("a device", "mknod output/zero c 1 5 2>/dev/null || mkfifo output/zero", &[]),
    ("a huge file", "truncate -s 60G output/huge; echo x > output/x", &["x"]),
    (
        "a file that is too large",
        "head -c 1000001 /dev/zero > output/large; head -c 1000000 /dev/zero > output/fits",
        &["fits"],
    ),
    (
        "too many files",
        "for i in 1 2 3 4 5 6 7 8; do echo $i > output/$i; done",
        &["1", "2", "3"],
    ),
    (
        "names that are paths elsewhere",
        "echo x > 'output/..\\..\\x'; echo x > 'output/C:x'; echo x > output/nul; echo x > 'output/x.'",
        &[],
    ),
    (
        "names with controls",
        "echo x > \"output/$(printf 'a\\nb')\"; echo x > \"output/$(printf '\\033[31m')\"; echo x > \"output/$(printf '\\377')\"",
        &[],
    ),
    (
        "a name of 255 bytes",
        "echo x > output/$(head -c 255 /dev/zero | tr '\\0' x)",
        &["xxx"],
    ),
    ("a bomb", "head -c 30000000 /dev/zero | gzip > output/bomb.gz", &["bomb.gz"]),
    (
        "a page with a script",
        "echo '<script>alert(1)</script>' > output/page.html",
        &["page.html"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn file_3_only_plain_files_of_the_output_folder_are_delivered() {
    let ground = Ground::new("max_deliverables = 3\nmax_deliverable_bytes = 1000000\n").await;
    let runner = ground.bench.runner();
    for (name, script, delivered) in OUTPUTS {
        ground.bench.server.with(|stored| stored.uploads.clear());
        let job = assignment(json!([run(&ground.filled(script)), {"say": "ok"}]));
        let finished = ground.bench.finish(&job).await;
        let never = "something else than a plain file is delivered";
        assert_ended(name, never, &finished, Then::Works, &[]);
        let mut found = ground
            .bench
            .server
            .with(|stored| stored.uploads.keys().cloned().collect::<Vec<_>>());
        found.sort();
        assert_eq!(found.len(), delivered.len(), "{name}: {never}: {found:?}");
        for (found, wanted) in found.iter().zip(*delivered) {
            assert!(found.starts_with(&format!("deliverables/{wanted}")), "{name}: {never}: {found}");
        }
        let log = format!("{:?}", ground.bench.server.log(job.attempt));
        assert!(!log.contains(CANARY) && !log.contains('\u{1b}'), "{name}: {log}");
        ground.assert_unharmed(name, never, &job, None);
    }
    runner.stop().await;
}
