//! A server that can be killed, people who edit, and the network between each of them and the server.

use crate::{
    client::http::Person,
    kill::proxy::Proxy,
    process::{Server, ServerPlan},
};
use anyhow::{Context as _, Result};
use coord_protocol::{
    canvas::Canvas,
    id::{CanvasId, UserId, WorkspaceId},
    workspace::Member,
};
use reqwest::Method;
use serde_json::json;
use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Somebody who edits.
pub struct Editor {
    /// They.
    pub person: Person,
    /// Their account.
    pub id: UserId,
    /// Two ways to the server, each of which can be cut.
    pub ways: [Proxy; 2],
}

/// Everything.
pub struct World {
    /// Who owns the workspace.
    pub owner: Person,
    /// Where canvases are made.
    pub workspace: WorkspaceId,
    /// Members of it.
    pub editors: Vec<Editor>,
    plan: ServerPlan,
    server: Option<Server>,
    folder: TempDir,
}

impl World {
    /// A server, and so many who edit.
    ///
    /// # Errors
    /// When something cannot be started.
    pub async fn start(program: &Path, editors: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // The same port every time: people come back to where they were.
        let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let plan = ServerPlan {
            program: program.to_owned(),
            folder: folder.path().to_owned(),
            listen: address.to_string(),
            flags: vec![],
        };
        let server = plan.start()?;
        let owner = Person::register(&server.url, "owner").await?;
        let workspace = owner.workspace("Canvases").await?;
        let mut people = vec![];
        for n in 0..editors {
            let name = format!("editor{n}");
            let person = owner.colleague(workspace, &name).await?;
            people.push((name, person));
        }
        let members: Vec<Member> = owner.list(&format!("/workspaces/{workspace}/members?")).await?;
        let mut editors = vec![];
        for (name, person) in people {
            let member = members.iter().find(|member| member.name == name).context("a member is missing")?;
            editors.push(Editor {
                person,
                id: member.user,
                ways: [Proxy::start(address).await?, Proxy::start(address).await?],
            });
        }
        Ok(Self {
            owner,
            workspace,
            editors,
            plan,
            server: Some(server),
            folder,
        })
    }

    /// A new canvas.
    ///
    /// # Errors
    /// When the server makes none.
    pub async fn canvas(&self, name: &str) -> Result<CanvasId> {
        let path = format!("/workspaces/{}/canvases", self.workspace);
        let made: Canvas = self.owner.post(&path, &json!({ "name": name })).await?;
        Ok(made.id)
    }

    /// Gives somebody a role.
    ///
    /// # Errors
    /// When the server does not.
    pub async fn role(&self, editor: usize, role: &str) -> Result<()> {
        let path = format!("/workspaces/{}/members/{}", self.workspace, self.editors[editor].id);
        self.owner.call(Method::PATCH, &path, Some(json!({ "role": role })), None).await?;
        Ok(())
    }

    /// `kill -9`, and a new start on the same data.
    ///
    /// # Errors
    /// When it had ended by itself or does not start again.
    pub async fn restart(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.check()?;
            server.kill()?;
        }
        let plan = self.plan.clone();
        self.server = Some(tokio::task::spawn_blocking(move || plan.start()).await?.context("after a kill")?);
        Ok(())
    }

    /// # Errors
    /// When the server ended by itself.
    pub fn check(&mut self) -> Result<()> {
        self.server.as_mut().map_or(Ok(()), Server::check)
    }

    /// Where everything is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends everything. Returns where it is kept, if it is to be kept.
    #[must_use]
    pub fn end(self, keep: bool) -> Option<PathBuf> {
        drop(self.server);
        keep.then(|| self.folder.keep())
    }
}
