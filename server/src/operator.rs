//! What whoever runs the server does at its machine, besides serving.

use crate::{
    clock::{Clock, Ids},
    config::Config,
    http::auth::secret_hash,
    mail::reset_link,
};
use anyhow::{Context as _, bail};
use coord_domain::people::{self, RESET_MS};
use coord_store::{Store, StoreError, Tx, accounts, audit, backup, resets};
use serde_json::json;
use std::path::Path;

/// Makes a link with which the account's owner chooses a new password, once and within an hour. Works while the server runs.
///
/// # Errors
/// In words for the operator: no such account, no such data folder.
pub async fn reset_password(config: &Config, email: &str) -> anyhow::Result<String> {
    let email = people::email(email).map_err(|refusal| anyhow::anyhow!(refusal.detail))?;
    if config.database.is_none() && !config.data.join("coord.db").is_file() {
        bail!("there is no Coord data in {}; name the folder with --data", config.data.display());
    }
    let store = Store::open_beside(config.store()).await.context("the database cannot be opened")?;
    let made = link(&store, config, &email).await;
    store.close().await;
    made
}

/// Copies all data into a new folder. Works while the server runs.
///
/// # Errors
/// In words for the operator: no such data folder, the other one is there already, a disk says no.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<String> {
    if config.database.is_some() {
        bail!(
            "the database is PostgreSQL: make a copy of it with pg_dump, and then one of {}",
            config.data.join("files").display()
        );
    }
    if !config.data.join("coord.db").is_file() {
        bail!("there is no Coord data in {}; name the folder with --data", config.data.display());
    }
    if to.exists() {
        bail!("{} is there already; name a folder that is not", to.display());
    }
    let made = backup::copy(&config.data, to).await;
    let made = made.with_context(|| format!("the copy in {} is not whole: remove it", to.display()))?;
    Ok(format!(
        "Copied the database ({} KiB) and {} files ({} KiB) to {}.\nTo go back to it, stop the server and start it with --data {}.",
        made.database.div_ceil(1024),
        made.contents,
        made.bytes.div_ceil(1024),
        to.display(),
        to.display()
    ))
}

async fn link(store: &Store, config: &Config, email: &str) -> anyhow::Result<String> {
    let account = accounts::by_email(&mut *store.read().await?, email).await?;
    let Some(account) = account else {
        bail!("there is no account with the address {email}")
    };
    let (user, now, code) = (account.user.id, Clock::default().now(), Ids.secret(""));
    let hash = secret_hash(&code);
    let entry = audit::Entry {
        id: Ids.uuid().to_string(),
        at: now,
        workspace: None,
        actor: None,
        via: None,
        act: "password.reset_link",
        target: user.to_string(),
        detail: json!({ "by": "operator" }),
        address: None,
    };
    let unit = async move |tx: &mut Tx| -> Result<(), StoreError> {
        resets::insert(tx, user, &hash, now.plus_ms(RESET_MS)).await?;
        audit::append(tx, &entry).await
    };
    store.write(unit).await?;
    let base_url = config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    Ok(format!(
        "Open this link within an hour to choose a new password for {email}. It works once and ends all sessions of the account.\n\n{}",
        reset_link(&base_url, &code)
    ))
}
