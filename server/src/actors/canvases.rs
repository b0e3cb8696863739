//! The public door to open canvases.

use super::{
    CommandError, Live,
    canvas::{self, Answer, CanvasActor, Connection, Edited, Entered, heavy},
};
use actix::{Addr, MailboxError, Message, dev::ToEnvelope};
use bytes::Bytes;
use coord_canvas::{
    Malformed,
    model::{self, CanvasView, Done, Edit, ModelError},
};
use coord_domain::job::Job;
use coord_protocol::{
    account::Person,
    canvas::Canvas,
    id::{CanvasId, UserId},
};
use coord_store::{StoreError, canvases, jobs};

/// A place on an open canvas, for one connection. It is left when this is dropped.
pub struct CanvasSeat {
    addr: Addr<CanvasActor>,
    connection: Connection,
}

impl Drop for CanvasSeat {
    fn drop(&mut self) {
        let (addr, leave) = (self.addr.clone(), canvas::Leave(self.connection));
        // The mailbox may be full of what others write.
        actix_web::rt::spawn(async move {
            let _left = addr.send(leave).await;
        });
    }
}

impl CanvasSeat {
    async fn ask<M>(&self, message: M) -> Result<M::Result, CommandError>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        CanvasActor: actix::Handler<M>,
        <CanvasActor as actix::Actor>::Context: ToEnvelope<CanvasActor, M>,
    {
        self.addr.send(message).await.map_err(|_| CommandError::Died)
    }

    /// Edits the document; answered when the edit is committed. With `denied`, why they may not, only what says nothing new is taken.
    ///
    /// # Errors
    /// What failed; the connection then starts anew.
    pub async fn edit(&self, by: UserId, update: Bytes, denied: Option<&'static str>) -> Result<Edited, CommandError> {
        let connection = self.connection;
        let edit = canvas::Edit {
            by,
            connection,
            update,
            denied,
        };
        Ok(self.ask(edit).await??)
    }

    /// What somebody with this encoded state vector lacks, all of it committed.
    ///
    /// # Errors
    /// What failed; inside, a malformed state vector.
    pub async fn answer(&self, state_vector: Bytes) -> Result<Result<Answer, Malformed>, CommandError> {
        Ok(self.ask(canvas::Ask { state_vector }).await??)
    }

    /// Takes what the connection says of itself (presence).
    ///
    /// # Errors
    /// What failed; inside, a malformed message.
    pub async fn say(&self, message: Bytes) -> Result<Result<(), Malformed>, CommandError> {
        let connection = self.connection;
        self.ask(canvas::Say { connection, message }).await
    }

    /// Everybody's presence, as a frame.
    ///
    /// # Errors
    /// What failed.
    pub async fn people(&self) -> Result<Option<Bytes>, CommandError> {
        self.ask(canvas::AskPeople).await
    }
}

impl Live {
    fn canvas_actor(&self, id: CanvasId) -> Addr<CanvasActor> {
        self.0
            .canvases
            .get_or_start(id, |arbiter| CanvasActor::start(self.clone(), id, arbiter))
    }

    /// Canvases held in memory.
    #[must_use]
    pub fn open_canvases(&self) -> usize {
        self.0.canvases.running().len()
    }

    /// Asks the actor of a canvas; one that stopped just now is started again.
    async fn ask_canvas<M, T>(&self, id: CanvasId, message: impl Fn() -> M) -> Result<(Addr<CanvasActor>, T), CommandError>
    where
        M: Message<Result = Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
        CanvasActor: actix::Handler<M>,
        <CanvasActor as actix::Actor>::Context: ToEnvelope<CanvasActor, M>,
    {
        for _ in 0..3 {
            let addr = self.canvas_actor(id);
            match addr.send(message()).await {
                Ok(result) => return Ok((addr, result?)),
                Err(MailboxError::Closed) => self.0.canvases.forget(&id, &addr),
                Err(MailboxError::Timeout) => break,
            }
        }
        Err(CommandError::Died)
    }

    /// Opens a canvas for one connection. Rights are the caller's to check.
    ///
    /// # Errors
    /// What failed.
    pub async fn enter_canvas(&self, id: CanvasId, person: Person) -> Result<(CanvasSeat, Entered), CommandError> {
        let (addr, entered) = self.ask_canvas(id, || canvas::Enter { person: person.clone() }).await?;
        let connection = entered.connection;
        let seat = CanvasSeat { addr, connection };
        Ok((seat, entered))
    }

    /// The whole document, as it is committed, as one Yjs update.
    ///
    /// # Errors
    /// What failed.
    pub async fn canvas_bytes(&self, id: CanvasId) -> Result<Bytes, CommandError> {
        Ok(self.ask_canvas(id, || canvas::Encode).await?.1)
    }

    /// What a canvas's document says, as it is committed.
    ///
    /// # Errors
    /// What failed.
    pub async fn canvas_view(&self, id: CanvasId) -> Result<CanvasView, CommandError> {
        let bytes = self.canvas_bytes(id).await?;
        let view = heavy::run(move || model::read(&bytes)).await?;
        Ok(view.map_err(|error| StoreError::inconsistent("canvas_updates", error))?)
    }

    /// Makes edits of the server's own; they are committed and told like any other. `placed` names ideas whose job cards they place.
    ///
    /// # Errors
    /// Inside, when one of the edits is impossible; then none is made. Else what failed.
    pub async fn edit_canvas(
        &self,
        id: CanvasId,
        edits: Vec<Edit>,
        placed: Vec<String>,
    ) -> Result<Result<Vec<Done>, ModelError>, CommandError> {
        let (bytes, client) = (self.canvas_bytes(id).await?, self.ids().client());
        let forgets = edits.iter().any(|edit| matches!(edit, Edit::Promote { clear_text: true, .. }));
        let edited = match heavy::run(move || model::edit(&bytes, client, &edits)).await? {
            Ok(edited) => edited,
            Err(error) => return Ok(Err(error)),
        };
        // An update that changes nothing: what is placed is noted all the same.
        let update = edited.update.unwrap_or_else(|| vec![0, 0]);
        let perform = || canvas::Perform {
            update: update.clone(),
            placed: placed.clone(),
            forgets,
        };
        self.ask_canvas(id, perform).await?;
        Ok(Ok(edited.done))
    }

    /// Puts the card of a job in the place of the idea it was (CAN-4).
    ///
    /// # Errors
    /// Inside, when the object is gone or something else. Else what failed.
    pub async fn place_card(&self, id: CanvasId, object: &str, job: &Job) -> Result<Result<(), ModelError>, CommandError> {
        let edit = Edit::Promote {
            object: object.to_owned(),
            job: job.id,
            clear_text: job.access.private,
        };
        let done = self.edit_canvas(id, vec![edit], vec![object.to_owned()]).await?;
        Ok(done.map(drop))
    }

    /// Places the cards that a stop of the server left out.
    pub(super) async fn place_cards(&self, id: CanvasId) {
        let place = async {
            let unplaced = canvases::unplaced(&mut *self.store().read().await?, id).await?;
            for (object, job) in unplaced {
                let job = jobs::get(&mut *self.store().read().await?, job).await?;
                if let Some(job) = job
                    && let Err(error) = self.place_card(id, &object, &job).await?
                {
                    tracing::debug!(canvas = %id, %error, "a job's card was not placed");
                }
            }
            Ok::<_, CommandError>(())
        };
        if let Err(error) = place.await {
            tracing::warn!(canvas = %id, %error, "job cards are not in place yet");
        }
    }

    /// A canvas's name, lock or editor changed: call after the commit.
    pub fn canvas_changed(&self, canvas: &Canvas) {
        if let Some(addr) = self.0.canvases.get(&canvas.id) {
            let message = canvas::Changed(canvas.clone());
            actix_web::rt::spawn(async move {
                let _told = addr.send(message).await;
            });
        }
    }

    /// A canvas was deleted: its connections end. Call after the commit.
    pub fn canvas_deleted(&self, id: CanvasId) {
        if let Some(addr) = self.0.canvases.get(&id) {
            self.0.canvases.forget(&id, &addr);
            actix_web::rt::spawn(async move {
                let _told = addr.send(canvas::Deleted).await;
            });
        }
    }
}
