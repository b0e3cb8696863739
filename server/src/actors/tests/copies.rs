//! What a job's actor makes of a row that was changed beside it.

use super::stage::Stage;
use coord_domain::lifecycle::{Command, dependencies_changed};
use coord_protocol::job::PatchJob;
use coord_store::{Tx, jobs};

fn renamed(title: &str) -> Command {
    Command::Edit(Box::new(PatchJob {
        title: Some(title.into()),
        ..PatchJob::default()
    }))
}

#[actix_web::test]
async fn job_7_a_version_newer_than_the_actors_copy_is_not_stale() {
    let stage = Stage::new().await;
    let job = stage.ready_local().await;
    let kept = stage.command(job.id, renamed("Kept by the actor")).await.unwrap();
    let (beside, before) = (dependencies_changed(kept.clone(), kept.updated_at), kept.version);
    let newest = beside.version;
    stage
        .live
        .store()
        .write(async move |tx: &mut Tx| jobs::update(tx, &beside, before).await)
        .await
        .unwrap();
    let named = |version| stage.live.command(stage.who(stage.ana), job.id, renamed("Named"), Some(version));
    assert_eq!(named(newest).await.unwrap().version, newest + 1);
    assert!(named(newest).await.is_err(), "now it is stale");
}
