//! Files of jobs and their contents, on every engine there is.

mod common;

use common::*;
use coord_protocol::{
    file::FileKind,
    id::{AttemptId, FileId},
    job::NewJob,
    time::Timestamp,
};
use coord_store::{
    Store, StoreError, Tx, attempts,
    files::{
        self, Kind, NewFile, Written,
        content::{FileStore, UploadError},
    },
    jobs, testing,
};
use futures_util::TryStreamExt as _;
use std::path::Path;
use uuid::Uuid;

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn file(n: u128, kind: Kind, attempt: Option<AttemptId>, name: &str) -> NewFile {
    NewFile {
        id: FileId(Uuid::from_u128(0x40_000 + n)),
        job: job_id(1),
        attempt,
        kind,
        name: name.to_owned(),
        uploaded_by: attempt.is_none().then_some(MEMBER),
        at: T0,
    }
}

async fn begin(store: &Store, new: &NewFile) {
    let new = new.clone();
    store.write(async move |tx: &mut Tx| files::begin(tx, &new).await).await.unwrap();
}

async fn finish(store: &Store, new: &NewFile, written: Written) -> Result<bool, StoreError> {
    let id = new.id;
    store.write(async move |tx: &mut Tx| files::finish(tx, id, &written).await).await
}

async fn upload(store: &Store, contents: &FileStore, new: &NewFile, bytes: &[u8]) -> Result<bool, StoreError> {
    begin(store, new).await;
    let mut upload = contents.upload(new.key(), 1 << 30).await.unwrap();
    upload.write(bytes).await.unwrap();
    let written = upload.finish().await.unwrap();
    finish(store, new, written).await
}

async fn content(contents: &FileStore, new: &NewFile) -> Option<Vec<u8>> {
    let stream = contents.read(new.key(), None).await.unwrap()?;
    let parts: Vec<_> = stream.try_collect().await.unwrap();
    Some(parts.concat())
}

/// Everything in the folder of contents, half-written things included.
fn on_disk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for job in std::fs::read_dir(folder.join("files")).unwrap() {
        let job = job.unwrap();
        if job.file_type().unwrap().is_dir() {
            found.extend(
                std::fs::read_dir(job.path())
                    .unwrap()
                    .map(|file| file.unwrap().file_name().into_string().unwrap()),
            );
        }
    }
    found.sort();
    found
}

/// The upload that is dropped takes its file back on another thread.
async fn empty_soon(folder: &Path) {
    for _ in 0..200 {
        if on_disk(folder).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("left behind: {:?}", on_disk(folder));
}

async fn a_job(store: &Store) {
    people(store).await;
    let job = insert(store, job(1, &an_agentic("First"))).await;
    update(store, claimed(job, attempt_id(1), 1, 7)).await;
}

#[tokio::test]
async fn file_1_a_file_is_shown_once_it_is_complete_byte_for_byte() {
    for test in testing::every_engine().await {
        a_job(&test.store).await;
        let contents = FileStore::open(&test.store).unwrap();
        let new = file(1, Kind::Attachment, None, "abc.txt");
        begin(&test.store, &new).await;
        {
            let mut conn = test.store.read().await.unwrap();
            assert_eq!(files::get(&mut conn, new.id).await.unwrap(), None, "not yet complete");
            assert_eq!(files::pending_count(&mut conn, job_id(1)).await.unwrap(), 1);
        }
        let mut upload = contents.upload(new.key(), 3).await.unwrap();
        upload.write(b"a").await.unwrap();
        upload.write(b"bc").await.unwrap();
        assert_eq!(content(&contents, &new).await, None, "nobody finds half a file");
        let written = upload.finish().await.unwrap();
        assert_eq!((written.size, written.sha256.as_str()), (3, ABC));
        assert!(finish(&test.store, &new, written).await.unwrap());
        assert_eq!(content(&contents, &new).await.unwrap(), b"abc");

        let mut conn = test.store.read().await.unwrap();
        let stored = files::get(&mut conn, new.id).await.unwrap().unwrap();
        assert_eq!((stored.name.as_str(), stored.size, stored.sha256.as_str()), ("abc.txt", 3, ABC));
        assert_eq!(stored.uploaded_by.as_ref().map(|person| person.name.as_str()), Some("Person 3"));
        assert_eq!(
            files::list(&mut conn, job_id(1), FileKind::Attachment, None, 10).await.unwrap(),
            [stored]
        );
        assert_eq!(files::pending_count(&mut conn, job_id(1)).await.unwrap(), 0);
        assert_eq!(files::count(&mut conn, job_id(1), FileKind::Attachment).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn file_1_large_and_empty_contents_come_back_whole_and_in_part() {
    let test = testing::sqlite().await;
    a_job(&test.store).await;
    let contents = FileStore::open(&test.store).unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (large, empty) = (file(1, Kind::Deliverable, None, "large"), file(2, Kind::Deliverable, None, "empty"));
    upload(&test.store, &contents, &large, &bytes).await.unwrap();
    upload(&test.store, &contents, &empty, b"").await.unwrap();
    assert_eq!(content(&contents, &large).await.unwrap(), bytes);
    assert_eq!(content(&contents, &empty).await.unwrap(), b"");
    let part = contents.read(large.key(), Some(1_000_000..1_000_010)).await.unwrap().unwrap();
    let part: Vec<_> = part.try_collect().await.unwrap();
    assert_eq!(part.concat(), bytes[1_000_000..1_000_010]);
}

#[tokio::test]
async fn file_3_a_content_over_the_limit_is_refused_while_it_comes_and_leaves_nothing() {
    let test = testing::sqlite().await;
    a_job(&test.store).await;
    let contents = FileStore::open(&test.store).unwrap();
    let mut upload = contents
        .upload(file(1, Kind::Attachment, None, "x").key(), 1_000_000)
        .await
        .unwrap();
    upload.write(&vec![0; 999_999]).await.unwrap();
    let refused = upload.write(b"ab").await;
    assert!(matches!(refused, Err(UploadError::TooLarge { limit: 1_000_000 })), "{refused:?}");
    drop(upload);
    empty_soon(test.store.data()).await;
}

#[tokio::test]
async fn file_3_a_job_has_one_file_of_a_name_per_kind_and_attempt() {
    for test in testing::every_engine().await {
        a_job(&test.store).await;
        let contents = FileStore::open(&test.store).unwrap();
        let first = file(1, Kind::Attachment, None, "x");
        upload(&test.store, &contents, &first, b"1").await.unwrap();
        let again = upload(&test.store, &contents, &file(2, Kind::Attachment, None, "x"), b"2").await;
        assert!(matches!(again, Err(StoreError::Unique { .. })), "{again:?}");
        upload(&test.store, &contents, &file(3, Kind::Deliverable, None, "x"), b"3")
            .await
            .unwrap();
        let of_attempt = file(4, Kind::Deliverable, Some(attempt_id(1)), "x");
        upload(&test.store, &contents, &of_attempt, b"4").await.unwrap();
        let mut conn = test.store.read().await.unwrap();
        assert!(
            files::is_taken(&mut conn, job_id(1), FileKind::Attachment, None, "x")
                .await
                .unwrap()
        );
        assert!(
            files::is_taken(&mut conn, job_id(1), FileKind::Attachment, None, "X")
                .await
                .unwrap()
        );
        assert!(
            !files::is_taken(&mut conn, job_id(1), FileKind::Attachment, Some(attempt_id(1)), "x")
                .await
                .unwrap()
        );
        let found = files::find_deliverable(&mut conn, attempt_id(1), "x").await.unwrap().unwrap();
        assert_eq!(found.id, of_attempt.id);
    }
}

#[tokio::test]
async fn file_2_a_runner_replaces_its_own_deliverable_of_the_same_name() {
    for test in testing::every_engine().await {
        a_job(&test.store).await;
        let contents = FileStore::open(&test.store).unwrap();
        let first = file(1, Kind::Deliverable, Some(attempt_id(1)), "out.txt");
        upload(&test.store, &contents, &first, b"old").await.unwrap();
        let second = file(2, Kind::Deliverable, Some(attempt_id(1)), "out.txt");
        begin(&test.store, &second).await;
        let mut writing = contents.upload(second.key(), 100).await.unwrap();
        writing.write(b"new").await.unwrap();
        let written = writing.finish().await.unwrap();
        let new = second.clone();
        let replaced = test
            .store
            .write(async move |tx: &mut Tx| -> Result<_, StoreError> {
                let replaced = files::displace(tx, &new).await?;
                assert!(files::finish(tx, new.id, &written).await?);
                Ok(replaced)
            })
            .await
            .unwrap();
        assert_eq!(replaced, [first.key()]);
        contents.delete(&replaced).await;
        contents.delete(&replaced).await;
        let listed = files::list(&mut test.store.read().await.unwrap(), job_id(1), FileKind::Deliverable, None, 10)
            .await
            .unwrap();
        assert_eq!(listed.iter().map(|file| file.id).collect::<Vec<_>>(), [second.id]);
        assert_eq!(content(&contents, &first).await, None);
        assert_eq!(content(&contents, &second).await.unwrap(), b"new");
    }
}

#[tokio::test]
async fn rev_2_a_diff_belongs_to_its_attempt_and_is_no_file_of_the_job() {
    for test in testing::every_engine().await {
        a_job(&test.store).await;
        let contents = FileStore::open(&test.store).unwrap();
        upload(&test.store, &contents, &file(1, Kind::Diff, Some(attempt_id(1)), "diff"), b"whole")
            .await
            .unwrap();
        let since = file(2, Kind::DiffSince, Some(attempt_id(1)), "diff");
        upload(&test.store, &contents, &since, b"since").await.unwrap();
        let mut conn = test.store.read().await.unwrap();
        let found = files::find_diff(&mut conn, attempt_id(1), Kind::DiffSince).await.unwrap();
        assert_eq!(found, Some((since.key(), 5)));
        assert_eq!(files::find_diff(&mut conn, attempt_id(2), Kind::Diff).await.unwrap(), None);
        assert_eq!(files::get(&mut conn, since.id).await.unwrap(), None);
        assert!(attempts::of_job(&mut conn, job_id(1)).await.unwrap()[0].2);
        assert!(jobs::surroundings(&mut conn, &[job_id(1)]).await.unwrap()[&job_id(1)].has_diff);
    }
}

#[tokio::test]
async fn file_4_a_broken_upload_leaves_nothing_after_a_restart() {
    for mut test in testing::every_engine().await {
        a_job(&test.store).await;
        let contents = FileStore::open(&test.store).unwrap();
        let kept = file(1, Kind::Attachment, None, "kept");
        upload(&test.store, &contents, &kept, b"kept").await.unwrap();
        // One whose sender died half-way, one that was complete but not yet entered, one whose row is gone.
        let (half, unentered, orphan) = (
            file(2, Kind::Attachment, None, "half"),
            file(3, Kind::Deliverable, None, "unentered"),
            file(4, Kind::Attachment, None, "orphan"),
        );
        begin(&test.store, &half).await;
        let mut writing = contents.upload(half.key(), 1 << 30).await.unwrap();
        writing.write(&vec![7; 600_000]).await.unwrap();
        std::mem::forget(writing);
        begin(&test.store, &unentered).await;
        let mut writing = contents.upload(unentered.key(), 100).await.unwrap();
        writing.write(b"x").await.unwrap();
        writing.finish().await.unwrap();
        upload(&test.store, &contents, &orphan, b"orphan").await.unwrap();
        let id = orphan.id;
        test.store
            .write(async move |tx: &mut Tx| files::delete(tx, id).await)
            .await
            .unwrap();
        assert_eq!(on_disk(test.store.data()).len(), 4, "{:?}", on_disk(test.store.data()));

        test.reopen().await;
        let contents = FileStore::open(&test.store).unwrap();
        let early = contents.sweep(&test.store, T0).await.unwrap();
        assert!(early.is_empty(), "what began after this start is under way and left alone");
        assert_eq!(on_disk(test.store.data()).len(), 4);
        let jobs = contents.sweep(&test.store, Timestamp(i64::MAX)).await.unwrap();
        assert_eq!(jobs, [job_id(1)], "one attachment will not come");
        assert_eq!(on_disk(test.store.data()), [kept.id.to_string()]);
        assert_eq!(content(&contents, &kept).await.unwrap(), b"kept");
        let mut conn = test.store.read().await.unwrap();
        assert_eq!(files::pending_count(&mut conn, job_id(1)).await.unwrap(), 0);
        assert_eq!(files::count(&mut conn, job_id(1), FileKind::Deliverable).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn file_4_an_upload_for_a_job_deleted_meanwhile_is_told_so() {
    for test in testing::every_engine().await {
        a_job(&test.store).await;
        let contents = FileStore::open(&test.store).unwrap();
        let (kept, new) = (file(1, Kind::Attachment, None, "kept"), file(2, Kind::Attachment, None, "late"));
        upload(&test.store, &contents, &kept, b"x").await.unwrap();
        begin(&test.store, &new).await;
        let keys = test
            .store
            .write(async |tx: &mut Tx| jobs::delete(tx, job_id(1)).await)
            .await
            .unwrap();
        assert_eq!(keys, [kept.key(), new.key()], "JOB-11: a deleted job frees its files");
        let written = Written {
            size: 0,
            sha256: String::new(),
        };
        assert!(!finish(&test.store, &new, written).await.unwrap());
        contents.delete(&keys).await;
        assert!(on_disk(test.store.data()).is_empty());
    }
}

#[tokio::test]
async fn file_1_a_job_waits_for_what_was_announced_and_for_what_is_on_its_way() {
    for test in testing::every_engine().await {
        people(&test.store).await;
        let new = NewJob {
            expected_uploads: 2,
            ..an_agentic("First")
        };
        insert(&test.store, job(1, &new)).await;
        let contents = FileStore::open(&test.store).unwrap();
        let pending = async || {
            files::pending_count(&mut test.store.read().await.unwrap(), job_id(1))
                .await
                .unwrap()
        };
        assert_eq!(pending().await, 2);
        let (first, broken, third) = (
            file(1, Kind::Attachment, None, "1"),
            file(2, Kind::Attachment, None, "2"),
            file(3, Kind::Attachment, None, "3"),
        );
        begin(&test.store, &first).await;
        begin(&test.store, &broken).await;
        assert_eq!(pending().await, 2, "these are the two announced");
        begin(&test.store, &third).await;
        assert_eq!(pending().await, 3, "and one more");
        let id = broken.id;
        let abandoned = test
            .store
            .write(async move |tx: &mut Tx| files::abandon(tx, id).await)
            .await
            .unwrap();
        assert_eq!(abandoned, Some(broken.key()));
        let written = Written {
            size: 0,
            sha256: String::new(),
        };
        assert!(finish(&test.store, &first, written.clone()).await.unwrap());
        assert_eq!(pending().await, 1);
        assert!(finish(&test.store, &third, written).await.unwrap());
        assert_eq!(pending().await, 0);
        let id = third.id;
        let abandoned = test
            .store
            .write(async move |tx: &mut Tx| files::abandon(tx, id).await)
            .await
            .unwrap();
        assert_eq!(abandoned, None, "what has ended is not taken back");

        insert(&test.store, job(2, &new)).await;
        for expected in [true, false] {
            let forgot = test
                .store
                .write(async |tx: &mut Tx| files::forget_announced(tx, job_id(2)).await)
                .await
                .unwrap();
            assert_eq!(forgot, expected);
        }
        assert_eq!(
            files::pending_count(&mut test.store.read().await.unwrap(), job_id(2))
                .await
                .unwrap(),
            0
        );
        upload(&test.store, &contents, &file(4, Kind::Deliverable, None, "4"), b"")
            .await
            .unwrap();
    }
}
