//! Accounts, members, invitations, runners and idempotency keys, on every engine there is.

use coord_protocol::{
    account::{Scope, Token, User},
    id::{InvitationId, RunnerId, SessionId, TokenId, UserId, WorkspaceId},
    time::Timestamp,
    workspace::{MailState, Role, Workspace, WorkspaceSettings},
};
use coord_store::{
    Store, StoreError, Tx, accounts, idempotency,
    invitations::{self, Invitation},
    members, runners, sessions, testing, tokens, workspaces,
};
use uuid::Uuid;

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

const WS: WorkspaceId = WorkspaceId(Uuid::from_u128(100));
const RUNNER: RunnerId = RunnerId(Uuid::from_u128(200));

async fn account(store: &Store, n: u128, email: &str) -> Result<i64, StoreError> {
    let account = accounts::Account {
        user: User {
            id: user(n),
            email: email.to_owned(),
            name: format!("Person {n}"),
            created_at: Timestamp(1),
        },
        password_hash: "hash".to_owned(),
    };
    store.write(async move |tx: &mut Tx| accounts::insert(tx, &account).await).await
}

async fn workspace(store: &Store) {
    let workspace = Workspace {
        id: WS,
        name: "Team".to_owned(),
        slug: "team".to_owned(),
        role: Role::Owner,
        settings: WorkspaceSettings::default(),
        version: 1,
        feed_seq: 0,
        created_at: Timestamp(1),
    };
    store
        .write(async move |tx: &mut Tx| {
            workspaces::insert(tx, &workspace).await?;
            members::insert(tx, WS, user(1), Role::Owner, Timestamp(1)).await?;
            members::insert(tx, WS, user(2), Role::Member, Timestamp(1)).await
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acc_1_each_account_has_an_ordinal_of_its_own_though_made_at_once() {
    for test in testing::every_engine().await {
        let made = (1..=10).map(|n| {
            let store = test.store.clone();
            tokio::spawn(async move { account(&store, n, &format!("p{n}@x.y")).await })
        });
        let mut ordinals: Vec<i64> = futures_util::future::join_all(made)
            .await
            .into_iter()
            .map(|ordinal| ordinal.unwrap().unwrap())
            .collect();
        ordinals.sort_unstable();
        assert_eq!(ordinals, (1..=10).collect::<Vec<_>>());
        let twice = account(&test.store, 11, "p1@x.y").await;
        assert!(
            matches!(&twice, Err(StoreError::Unique { what }) if what == "users.email"),
            "{twice:?}"
        );
        let mut conn = test.store.read().await.unwrap();
        assert_eq!(accounts::count(&mut conn).await.unwrap(), 10);
        assert_eq!(accounts::by_email(&mut conn, "p3@x.y").await.unwrap().unwrap().user.id, user(3));
        assert_eq!(accounts::person(&mut conn, user(4)).await.unwrap().unwrap().name, "Person 4");
        assert!(accounts::get(&mut conn, user(11)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn acc_2_the_database_refuses_a_second_owner() {
    for test in testing::every_engine().await {
        let store = &test.store;
        for n in 1..=2 {
            account(store, n, &format!("p{n}@x.y")).await.unwrap();
        }
        workspace(store).await;
        let second = store
            .write(async |tx: &mut Tx| members::set_role(tx, WS, user(2), Role::Owner).await)
            .await;
        assert!(matches!(second, Err(StoreError::Unique { .. })), "{second:?}");
        store
            .write(async |tx: &mut Tx| {
                members::set_role(tx, WS, user(1), Role::Admin).await?;
                members::set_role(tx, WS, user(2), Role::Owner).await
            })
            .await
            .unwrap();
        let mut conn = store.read().await.unwrap();
        assert_eq!(members::role(&mut conn, WS, user(1)).await.unwrap(), Some(Role::Admin));
        assert_eq!(members::of_user(&mut conn, user(2)).await.unwrap(), [(WS, Role::Owner)]);
        assert_eq!(members::list(&mut conn, WS, None, 10).await.unwrap().len(), 2);
        assert_eq!(members::list(&mut conn, WS, Some(user(1)), 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn inv_2_a_workspace_is_changed_from_the_version_that_was_read() {
    for test in testing::every_engine().await {
        let store = &test.store;
        for n in 1..=2 {
            account(store, n, &format!("p{n}@x.y")).await.unwrap();
        }
        workspace(store).await;
        let settings = WorkspaceSettings::default();
        let change = async |seen: i64| {
            let settings = settings.clone();
            store
                .write(async move |tx: &mut Tx| workspaces::update(tx, WS, seen, "New", &settings).await)
                .await
        };
        change(1).await.unwrap();
        assert!(matches!(change(1).await, Err(StoreError::Conflict { seen: 1 })));
        let mut conn = store.read().await.unwrap();
        let found = workspaces::get(&mut conn, WS, user(2)).await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.version, found.role), ("New", 2, Role::Member));
        assert!(workspaces::get(&mut conn, WS, user(3)).await.unwrap().is_none());
        drop(conn);
        store.write(async |tx: &mut Tx| workspaces::delete(tx, WS).await).await.unwrap();
        let mut conn = store.read().await.unwrap();
        assert!(members::of_user(&mut conn, user(1)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn acc_2_an_invitation_is_used_once() {
    for test in testing::every_engine().await {
        let store = &test.store;
        for n in 1..=2 {
            account(store, n, &format!("p{n}@x.y")).await.unwrap();
        }
        workspace(store).await;
        let invitation = Invitation {
            id: InvitationId(Uuid::from_u128(7)),
            created_at: Timestamp(1),
            mail: Some(MailState::Queued),
            code_hash: "c0de".to_owned(),
            workspace: WS,
            email: "p3@x.y".to_owned(),
            role: Role::Viewer,
            created_by: user(1),
            expires_at: Timestamp(1_000),
            accepted_at: None,
        };
        store
            .write(async move |tx: &mut Tx| invitations::insert(tx, &invitation).await)
            .await
            .unwrap();
        let pending = async || invitations::list(&mut store.read().await.unwrap(), WS, None, 10).await.unwrap();
        let failed = MailState::Failed {
            at: Timestamp(3),
            why: "no such host".to_owned(),
        };
        let lost = failed.clone();
        let noted = store
            .write(async move |tx: &mut Tx| invitations::lost_mails(tx, &lost).await)
            .await
            .unwrap();
        assert_eq!((noted, pending().await[0].mail.clone()), (1, Some(failed)));
        assert_eq!(pending().await[0].created_by.name, "Person 1");
        let accept = async || {
            store
                .write(async |tx: &mut Tx| invitations::accept(tx, "c0de", Timestamp(5)).await)
                .await
                .unwrap()
        };
        assert!(accept().await);
        assert!(!accept().await);
        assert!(pending().await.is_empty());
        let taken = store.write(async |tx: &mut Tx| invitations::take_back(tx, WS, InvitationId(Uuid::from_u128(7))).await);
        assert!(taken.await.unwrap().is_none(), "what was accepted stays");
        let kept = invitations::by_hash(&mut store.read().await.unwrap(), "c0de")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((kept.role, kept.accepted_at), (Role::Viewer, Some(Timestamp(5))));
    }
}

#[tokio::test]
async fn run_1_a_runner_serves_the_workspaces_of_its_owner_viewers_excepted() {
    for test in testing::every_engine().await {
        let store = &test.store;
        for n in 1..=2 {
            account(store, n, &format!("p{n}@x.y")).await.unwrap();
        }
        workspace(store).await;
        store
            .write(async |tx: &mut Tx| runners::insert(tx, RUNNER, user(2), "laptop", false, "hash", Timestamp(1)).await)
            .await
            .unwrap();
        let serving = async || runners::serving(&mut store.read().await.unwrap(), WS, None, 10).await.unwrap();
        assert_eq!(
            serving().await.iter().map(|(runner, off)| (runner.id, *off)).collect::<Vec<_>>(),
            [(RUNNER, false)]
        );
        for (disabled, changes) in [(true, true), (true, false), (false, true), (false, false), (true, true)] {
            let changed = store
                .write(async move |tx: &mut Tx| runners::set_disabled(tx, WS, RUNNER, disabled).await)
                .await
                .unwrap();
            assert_eq!(changed, changes);
        }
        assert!(serving().await[0].1);
        let report = runners::Report {
            agents: vec![],
            platform: "linux-x86_64".to_owned(),
            version: "1".to_owned(),
            concurrency: 3,
        };
        store
            .write(async move |tx: &mut Tx| {
                runners::report(tx, RUNNER, &report, Timestamp(7)).await?;
                runners::count_attempt(tx, RUNNER).await?;
                runners::update(tx, user(2), RUNNER, None, Some(true)).await?;
                assert!(!runners::update(tx, user(1), RUNNER, Some("mine"), None).await?);
                runners::seen(tx, RUNNER, Timestamp(8)).await
            })
            .await
            .unwrap();
        let found = runners::by_hash(&mut store.read().await.unwrap(), "hash").await.unwrap().unwrap();
        assert_eq!(
            (found.name.as_str(), found.shared, found.concurrency, found.lifetime_jobs),
            ("laptop", true, 3, 1)
        );
        assert_eq!(
            (found.last_seen_at, found.claims, found.owner.name.as_str()),
            (Some(Timestamp(8)), 0, "Person 2")
        );
        store
            .write(async |tx: &mut Tx| members::set_role(tx, WS, user(2), Role::Viewer).await)
            .await
            .unwrap();
        assert!(serving().await.is_empty());
    }
}

#[tokio::test]
async fn acc_1_sessions_and_tokens_are_found_by_hash_alone() {
    for test in testing::every_engine().await {
        let store = &test.store;
        account(store, 1, "p1@x.y").await.unwrap();
        let session = sessions::Session {
            id: SessionId(Uuid::from_u128(1)),
            token_hash: "5e55".to_owned(),
            user: user(1),
            created_at: Timestamp(1),
            expires_at: Timestamp(100),
            last_seen_at: Timestamp(1),
            user_agent: Some("Browser".to_owned()),
            address: Some("10.0.0.1".to_owned()),
        };
        let token = Token {
            id: TokenId(Uuid::from_u128(2)),
            name: "ci".to_owned(),
            scopes: vec![Scope::Read],
            created_at: Timestamp(1),
            expires_at: None,
            last_used_at: None,
        };
        let listed = token.clone();
        store
            .write(async move |tx: &mut Tx| {
                sessions::insert(tx, &session).await?;
                tokens::insert(tx, user(1), &token, "70ce").await
            })
            .await
            .unwrap();
        store
            .write(async |tx: &mut Tx| {
                sessions::touch(tx, SessionId(Uuid::from_u128(1)), user(1), Timestamp(9), None).await?;
                tokens::touch(tx, TokenId(Uuid::from_u128(2)), user(1), Timestamp(9)).await
            })
            .await
            .unwrap();
        let mut conn = store.read().await.unwrap();
        let (session, owner) = sessions::by_hash(&mut conn, "5e55").await.unwrap().unwrap();
        assert_eq!((session.last_seen_at, owner.id), (Timestamp(9), user(1)));
        let (found, _) = tokens::by_hash(&mut conn, "70ce").await.unwrap().unwrap();
        assert_eq!(
            found,
            Token {
                last_used_at: Some(Timestamp(9)),
                ..listed
            }
        );
        assert!(tokens::by_hash(&mut conn, "5e55").await.unwrap().is_none());
        assert!(tokens::list(&mut conn, user(2), None, 10).await.unwrap().is_empty());
        drop(conn);
        assert_eq!(
            store
                .write(async |tx: &mut Tx| sessions::prune(tx, Timestamp(99)).await)
                .await
                .unwrap(),
            0
        );
        assert_eq!(
            store
                .write(async |tx: &mut Tx| sessions::prune(tx, Timestamp(100)).await)
                .await
                .unwrap(),
            1
        );
        assert!(
            !store
                .write(async |tx: &mut Tx| tokens::delete(tx, user(2), TokenId(Uuid::from_u128(2))).await)
                .await
                .unwrap()
        );
        assert!(
            store
                .write(async |tx: &mut Tx| tokens::delete(tx, user(1), TokenId(Uuid::from_u128(2))).await)
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn api_1_a_first_result_is_kept_for_a_day_and_once() {
    for test in testing::every_engine().await {
        let store = &test.store;
        account(store, 1, "p1@x.y").await.unwrap();
        let key = idempotency::Key {
            user: user(1),
            route: "POST /x".to_owned(),
            key: "k".to_owned(),
            body_hash: "b0d1".to_owned(),
        };
        let keep = async |at: i64| {
            let key = key.clone();
            store
                .write(async move |tx: &mut Tx| idempotency::insert(tx, &key, 201, "{}", Timestamp(at)).await)
                .await
        };
        keep(0).await.unwrap();
        assert!(matches!(keep(1).await, Err(StoreError::Unique { .. })));
        let day = idempotency::KEPT_MS * 1000;
        let find = async |now: i64| {
            idempotency::find(&mut store.read().await.unwrap(), &key, Timestamp(now))
                .await
                .unwrap()
        };
        assert_eq!(find(day - 1).await.unwrap().status, 201);
        assert!(find(day).await.is_none());
        keep(day).await.unwrap();
        assert_eq!(
            store
                .write(async move |tx: &mut Tx| idempotency::prune(tx, Timestamp(day * 2)).await)
                .await
                .unwrap(),
            1
        );
    }
}
