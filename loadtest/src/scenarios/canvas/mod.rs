//! Canvases: how fast edits reach the others, what people who are only there cost, and how fast a canvas opens.
//!
//! Everybody is an honest client: a connection of their own, a Yjs document, a few changes a second.

pub mod capacity;
pub mod crowd;
pub mod fanout;
pub mod idle;
pub mod memory;
pub mod open;
pub mod presence;

use crate::{
    chance::Chance,
    client::http::Person,
    process::{Cost, Server},
    progress::Progress,
    stage::Stage,
};
use anyhow::Result;
use coord_protocol::{canvas::Canvas, id::WorkspaceId};
use serde_json::json;
use std::path::Path;

/// People that share an account, when nobody says otherwise: making an account costs what hashing a password costs.
const SHARE: usize = 20;

/// Where rooms are: canvases of a server, or the rooms of a bare one.
pub struct Place<'s> {
    rooms: Vec<String>,
    accounts: Vec<Person>,
    server: Option<&'s Server>,
    /// Whether it keeps documents, and so answers and acknowledges.
    pub keeps: bool,
}

impl<'s> Place<'s> {
    /// New canvases, and accounts for so many people.
    ///
    /// # Errors
    /// When the server makes none.
    pub async fn canvases(stage: &'s Stage, rooms: usize, people: usize, chance: &mut Chance, progress: &mut Progress) -> Result<Self> {
        let workspace = stage.person.workspace("Canvases").await?;
        let accounts = accounts(&stage.person, workspace, people.div_ceil(SHARE), chance, progress).await?;
        Ok(Self {
            rooms: canvases(&stage.person, workspace, rooms).await?,
            accounts,
            server: stage.server.as_ref(),
            keeps: true,
        })
    }

    /// Rooms of a bare server.
    #[must_use]
    pub fn bare(server: &'s Server, rooms: usize) -> Self {
        let base = server.url.replacen("http", "ws", 1);
        Self {
            rooms: (0..rooms).map(|n| format!("{base}/{n}")).collect(),
            accounts: vec![],
            server: Some(server),
            keeps: false,
        }
    }

    /// Address and `Authorization` for a person in a room.
    fn entrance(&self, room: usize, person: usize) -> (&str, &str) {
        let account = self.accounts.get(person / SHARE).or(self.accounts.last());
        (&self.rooms[room], account.map_or("", Person::authorization))
    }

    fn cost(&self) -> Result<Option<Cost>> {
        self.server.map(Server::cost).transpose()
    }
}

/// New accounts in a workspace.
///
/// # Errors
/// When the server makes none.
pub async fn accounts(
    person: &Person,
    workspace: WorkspaceId,
    count: usize,
    chance: &mut Chance,
    progress: &mut Progress,
) -> Result<Vec<Person>> {
    progress.step(format!("making {count} accounts"));
    let mut accounts = vec![];
    for n in 0..count {
        // A number of chance, so that the same server can be used again.
        accounts.push(person.colleague(workspace, &format!("canvas-{n}-{:x}", chance.bits())).await?);
        progress.at(format!("{n} of {count}"));
    }
    Ok(accounts)
}

/// New canvases; the addresses of their sockets.
///
/// # Errors
/// When the server makes none.
pub async fn canvases(person: &Person, workspace: WorkspaceId, count: usize) -> Result<Vec<String>> {
    let mut addresses = vec![];
    for n in 0..count {
        let path = format!("/workspaces/{workspace}/canvases");
        let made: Canvas = person.post(&path, &json!({ "name": format!("Canvas {n}") })).await?;
        addresses.push(person.socket(&format!("/canvases/{}/sync?acks=1", made.id)));
    }
    Ok(addresses)
}

/// Starts a bare server: this program under another name.
///
/// # Errors
/// When it does not start.
pub fn start_bare(folder: &Path) -> Result<Server> {
    let program = std::env::current_exe()?;
    crate::process::start_serving(std::process::Command::new(program).arg("bare"), &folder.join("bare.log"))
}

/// A client id as browsers draw them, none twice in a run.
pub(super) fn client_id(chance: &mut Chance, n: usize) -> u64 {
    (chance.bits() >> 32 << 16 | n as u64) & 0xffff_ffff_ffff
}
