//! `coord-server`: see `--help`.

use clap::Parser as _;
use coord_server::config::{Args, Command};
use std::{io::Write as _, process::ExitCode};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(Command::Openapi) = args.command {
        return match writeln!(std::io::stdout(), "{}", coord_server::openapi()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let filter = EnvFilter::try_from_env("COORD_LOG").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let served = actix_web::rt::System::new().block_on(async {
        let server = coord_server::start(args.config).await?;
        // The one line others wait for; a closed pipe is no reason not to serve.
        drop(writeln!(std::io::stdout(), "coord-server ready at {}", server.url));
        server.run().await?;
        anyhow::Ok(())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("coord-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
