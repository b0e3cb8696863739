//! The scripted agent: an ACP agent that does what a script says, with no model and no key, for tests and for a first look.
//!
//! `coord-runner agent-script [FILE]`. A script is a JSON array of [`Step`]s: from FILE, or the last `@@[…]@@` in a prompt, or else the
//! built-in demonstration. It keeps its place under `$SCRIPTED_STATE`, so that a session that is resumed after a crash goes on with the
//! step after the one that crashed. Nothing in its output depends on the clock or on chance, save [`Step::Sleep`]'s pauses, which
//! `$SCRIPTED_PACE` multiplies (`0`: none).

mod demo;
mod mcp;
mod perform;
mod state;
mod steps;

pub use steps::{Step, Tool};

use agent_client_protocol::{
    Agent, Client, Error, Lines,
    v1::{
        ConnectionTo, Responder,
        schema::{
            AgentCapabilities, CancelNotification, CloseSessionRequest, CloseSessionResponse, ContentBlock, Implementation,
            InitializeRequest, InitializeResponse, LoadSessionRequest, LoadSessionResponse, NewSessionRequest, NewSessionResponse,
            PromptRequest, PromptResponse, ResumeSessionRequest, ResumeSessionResponse, SessionCapabilities, SessionCloseCapabilities,
            SessionMode, SessionModeState, SessionResumeCapabilities, SetSessionModeRequest, SetSessionModeResponse, StopReason,
        },
    },
};
use futures_util::{sink, stream};
use perform::{Ended, Performer};
use state::Sessions;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    sync::Mutex,
};

/// Standard output, shared by the protocol and by the step that breaks it.
type Stdout = Arc<Mutex<tokio::io::Stdout>>;

/// Runs the scripted agent on this process's standard streams until they close.
///
/// # Errors
/// When FILE cannot be read or is no script, or the connection fails.
pub async fn run(file: Option<&Path>) -> anyhow::Result<()> {
    let script = file
        .map(|path| anyhow::Ok(steps::parse(&std::fs::read_to_string(path)?)?))
        .transpose()?;
    let stdout: Stdout = Arc::new(Mutex::new(tokio::io::stdout()));
    let writer = Arc::clone(&stdout);
    let outgoing = sink::unfold(writer, |writer, line: String| async move {
        let mut out = writer.lock().await;
        out.write_all(format!("{line}\n").as_bytes()).await?;
        out.flush().await?;
        drop(out);
        Ok::<_, std::io::Error>(writer)
    });
    let lines = BufReader::new(tokio::io::stdin()).lines();
    let incoming = stream::unfold(lines, |mut lines| async move {
        match lines.next_line().await {
            Ok(Some(line)) => Some((Ok(line), lines)),
            Ok(None) => None,
            Err(error) => Some((Err(error), lines)),
        }
    });
    serve(Lines::new(outgoing, Box::pin(incoming)), script, stdout)
        .await
        .map_err(|error| anyhow::anyhow!("{}", error.message))
}

fn modes(current: &str) -> SessionModeState {
    let mode = |id: &'static str, name: &'static str| SessionMode::new(id, name);
    SessionModeState::new(
        current.to_owned(),
        vec![mode("plan", "Plan"), mode("default", "Ask"), mode("yolo", "Do not ask")],
    )
}

async fn serve(
    transport: impl agent_client_protocol::ConnectTo<Agent> + 'static,
    script: Option<Vec<Step>>,
    stdout: Stdout,
) -> Result<(), Error> {
    let script = Arc::new(script);
    let head = script.as_deref().unwrap_or_default();
    let slow = head.iter().find_map(|step| match step {
        Step::SlowInit(ms) => Some(*ms),
        _ => None,
    });
    let locked = head.iter().any(|step| matches!(step, Step::AuthRequired(true)));
    let resumes = !head.iter().any(|step| matches!(step, Step::NoResume(true)));
    let sessions = Sessions::new();
    let (on_new, on_load, on_resume, on_mode, on_cancel, on_prompt) = (
        sessions.clone(),
        sessions.clone(),
        sessions.clone(),
        sessions.clone(),
        sessions.clone(),
        sessions,
    );
    Agent
        .v1()
        .name("scripted")
        .on_receive_request(
            async move |request: InitializeRequest, responder: Responder<InitializeResponse>, cx: ConnectionTo<Client>| {
                let forms = request
                    .client_capabilities
                    .elicitation
                    .is_some_and(|elicitation| elicitation.supports_form());
                if !forms {
                    tracing::debug!("the client takes no forms: questions will be skipped");
                }
                let mut session = SessionCapabilities::new().close(SessionCloseCapabilities::new());
                if resumes {
                    session = session.resume(SessionResumeCapabilities::new());
                }
                let answer = InitializeResponse::new(request.protocol_version)
                    .agent_capabilities(AgentCapabilities::new().load_session(resumes).session_capabilities(session))
                    .agent_info(Implementation::new("scripted", env!("CARGO_PKG_VERSION")));
                cx.spawn(async move {
                    if let Some(ms) = slow {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                    }
                    responder.respond(answer)
                })
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: NewSessionRequest, responder: Responder<NewSessionResponse>, _cx| {
                if locked {
                    return responder.respond_with_error(Error::auth_required());
                }
                match on_new.create(&request.cwd, mcp::stdio(request.mcp_servers)) {
                    Ok(id) => responder.respond(NewSessionResponse::new(id).modes(modes("default"))),
                    Err(error) => responder.respond_with_internal_error(error),
                }
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: LoadSessionRequest, responder: Responder<LoadSessionResponse>, _cx| match on_load.restore(
                &request.session_id.to_string(),
                &request.cwd,
                mcp::stdio(request.mcp_servers),
            ) {
                Ok(mode) => responder.respond(LoadSessionResponse::new().modes(modes(&mode))),
                Err(error) => responder.respond_with_internal_error(error),
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: ResumeSessionRequest, responder: Responder<ResumeSessionResponse>, _cx| match on_resume.restore(
                &request.session_id.to_string(),
                &request.cwd,
                mcp::stdio(request.mcp_servers),
            ) {
                Ok(mode) => responder.respond(ResumeSessionResponse::new().modes(modes(&mode))),
                Err(error) => responder.respond_with_internal_error(error),
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: SetSessionModeRequest, responder: Responder<SetSessionModeResponse>, _cx| {
                on_mode.set_mode(&request.session_id.to_string(), &request.mode_id.0);
                responder.respond(SetSessionModeResponse::new())
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |_request: CloseSessionRequest, responder: Responder<CloseSessionResponse>, _cx| {
                responder.respond(CloseSessionResponse::new())
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_notification(
            async move |cancel: CancelNotification, _cx| {
                on_cancel.cancel(&cancel.session_id.to_string());
                Ok(())
            },
            agent_client_protocol::on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: PromptRequest, responder: Responder<PromptResponse>, cx: ConnectionTo<Client>| {
                let id = request.session_id.to_string();
                let text: String = request.prompt.iter().map(words).collect::<Vec<_>>().join("\n");
                if let Err(error) = on_prompt.prompt(&id, &text, script.as_deref()) {
                    return responder.respond_with_error(Error::invalid_params().data(error));
                }
                let performer = Performer {
                    id,
                    sessions: on_prompt.clone(),
                    connection: cx.clone(),
                    stdout: Arc::clone(&stdout),
                };
                cx.spawn(async move {
                    match performer.perform().await {
                        Ok((ended, usage)) => {
                            let reason = match ended {
                                Ended::Done => StopReason::EndTurn,
                                Ended::Cancelled => StopReason::Cancelled,
                                Ended::Refused => StopReason::Refusal,
                            };
                            responder.respond(PromptResponse::new(reason).usage(usage))
                        }
                        Err(error) => responder.respond_with_error(error),
                    }
                })
            },
            agent_client_protocol::on_receive_request!(),
        )
        .connect_to(transport)
        .await
}

fn words(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        _ => String::new(),
    }
}
