//! The beginning of a session: greeting, new or resumed, the model.

use super::{convert, trouble};
use crate::{
    agents::{AgentError, Launch, Started, ask::channel::Server},
    clock::Clock,
};
use agent_client_protocol::{
    Agent as AgentRole, Error,
    schema::ProtocolVersion,
    v1::{
        ConnectionTo,
        schema::{
            AgentCapabilities, ClientCapabilities, ElicitationCapabilities, ElicitationFormCapabilities, EnvVariable, Implementation,
            InitializeRequest, LoadSessionRequest, McpServer, McpServerStdio, NewSessionRequest, ResumeSessionRequest, SessionConfigOption,
            SessionId, SessionModeState, SetSessionConfigOptionRequest,
        },
    },
};

/// An opened session.
pub(super) struct Opened {
    pub(super) started: Started,
    pub(super) capabilities: AgentCapabilities,
    pub(super) modes: Option<SessionModeState>,
    pub(super) options: Vec<SessionConfigOption>,
}

/// Greets the agent, and opens or resumes its session.
pub(super) async fn open(connection: &ConnectionTo<AgentRole>, launch: &Launch, server: Option<&Server>) -> Result<Opened, AgentError> {
    let client = ClientCapabilities::new().elicitation(ElicitationCapabilities::new().form(ElicitationFormCapabilities::new()));
    let initialize = InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(client)
        .client_info(Implementation::new("coord-runner", env!("CARGO_PKG_VERSION")));
    let hello = connection
        .send_request(initialize)
        .block_task()
        .await
        .map_err(|error| failed(&error))?;
    if hello.protocol_version != ProtocolVersion::V1 {
        return Err(AgentError::Protocol(format!(
            "the agent {} speaks version {} of the Agent Client Protocol, this runner version 1",
            launch.name, hello.protocol_version
        )));
    }
    let capabilities = hello.agent_capabilities;
    let mut opened = None;
    if let Some(session) = &launch.resume {
        match resume(connection, &capabilities, session, launch, servers(server)).await {
            Ok(Some((modes, options))) => opened = Some((session.clone(), true, modes, options)),
            Ok(None) => {}
            // An unknown session is no reason to fail: a new one does as well.
            Err(error) => tracing::info!("the agent's session cannot be resumed: {error}"),
        }
    }
    let (session, resumed, modes, options) = match opened {
        Some(opened) => opened,
        None => {
            let new = connection
                .send_request(
                    NewSessionRequest::new(launch.folder.clone())
                        .meta(launch.settings.clone())
                        .mcp_servers(servers(server)),
                )
                .block_task()
                .await
                .map_err(|error| failed(&error))?;
            (new.session_id.to_string(), false, new.modes, new.config_options)
        }
    };
    let options = options.unwrap_or_default();
    let model = match &launch.model {
        Some(model) => wish_for_model(connection, &session, &options, model).await,
        None => convert::current_model(&options),
    };
    Ok(Opened {
        started: Started {
            agent: coord_protocol::runner::AgentInfo {
                name: launch.name.clone(),
                version: hello.agent_info.map(|info| info.version),
                limits: Vec::new(),
            },
            session,
            resumed,
            model,
        },
        capabilities,
        modes,
        options,
    })
}

type Resumed = (Option<SessionModeState>, Option<Vec<SessionConfigOption>>);

async fn resume(
    connection: &ConnectionTo<AgentRole>,
    capabilities: &AgentCapabilities,
    session: &str,
    launch: &Launch,
    servers: Vec<McpServer>,
) -> Result<Option<Resumed>, AgentError> {
    let session = SessionId::new(session);
    if capabilities.session_capabilities.resume.is_some() {
        let request = ResumeSessionRequest::new(session, &launch.folder)
            .meta(launch.settings.clone())
            .mcp_servers(servers);
        let answer = connection.send_request(request).block_task().await;
        return answer
            .map(|answer| Some((answer.modes, answer.config_options)))
            .map_err(|error| failed(&error));
    }
    if capabilities.load_session {
        let request = LoadSessionRequest::new(session, &launch.folder)
            .meta(launch.settings.clone())
            .mcp_servers(servers);
        let answer = connection.send_request(request).block_task().await;
        return answer
            .map(|answer| Some((answer.modes, answer.config_options)))
            .map_err(|error| failed(&error));
    }
    Ok(None)
}

/// The runner's own tools for the agent.
fn servers(server: Option<&Server>) -> Vec<McpServer> {
    let stdio = |server: &Server| {
        let env = server
            .env
            .iter()
            .map(|(name, value)| EnvVariable::new(name.clone(), value.clone()))
            .collect();
        McpServer::Stdio(
            McpServerStdio::new(server.name.clone(), server.command.clone())
                .args(server.args.clone())
                .env(env),
        )
    };
    server.map(stdio).into_iter().collect()
}

/// An error of the agent, typed.
fn failed(error: &Error) -> AgentError {
    trouble::error(error, Clock.now())
}

/// Chooses the model if the agent offers it; else the agent's own choice stands. Returns what will run.
async fn wish_for_model(
    connection: &ConnectionTo<AgentRole>,
    session: &str,
    options: &[SessionConfigOption],
    model: &str,
) -> Option<String> {
    let current = convert::current_model(options);
    let Some((config, value)) = convert::model_option(options, model) else {
        return current;
    };
    let request = SetSessionConfigOptionRequest::new(SessionId::new(session), config, value);
    match connection.send_request(request).block_task().await {
        Ok(_) => Some(model.to_owned()),
        Err(error) => {
            tracing::info!("the agent does not take the model {model}: {}", error.message);
            current
        }
    }
}
