//! `coord-server`: see `--help`.

use clap::Parser as _;
use coord_server::{
    Control,
    config::{Args, Command, Config},
};
use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    let text = match args.command {
        None => None,
        Some(Command::Openapi) => Some(Ok(coord_server::openapi().to_owned())),
        Some(Command::ResetPassword { email }) => {
            Some(actix_web::rt::System::new().block_on(coord_server::operator::reset_password(&args.config, &email)))
        }
        Some(Command::Backup { folder }) => {
            Some(actix_web::rt::System::new().block_on(coord_server::operator::backup(&args.config, &folder)))
        }
    };
    match text {
        None => {}
        Some(Ok(text)) => {
            return match writeln!(std::io::stdout(), "{text}") {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        Some(Err(error)) => {
            eprintln!("coord-server: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    let filter = EnvFilter::try_from_env("COORD_LOG").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Told with a macro that panics when standard error is a file on a full disk, which is when it happens.
        .log_internal_errors(false)
        .init();
    match actix_web::rt::System::new().block_on(serve(args.config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("coord-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // Listened for before anybody is told that the server is ready, so that no signal finds nobody home.
    let signals = Signals::new()?;
    let server = coord_server::start(config).await?;
    actix_web::rt::spawn(stop_on(signals, server.control()));
    // The one line others wait for; a closed pipe is no reason not to serve.
    drop(writeln!(std::io::stdout(), "coord-server ready at {}", server.url));
    server.run().await?;
    Ok(())
}

/// The first signal ends what was begun, a second one does not wait for it.
async fn stop_on(mut signals: Signals, control: Control) {
    signals.next().await;
    tracing::info!("stopping");
    let gracefully = control.clone();
    actix_web::rt::spawn(async move { gracefully.stop().await });
    signals.next().await;
    control.stop_at_once().await;
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without a way to hear of Ctrl-C the process is ended by the system.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
