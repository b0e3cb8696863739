//! `coord-runner`: takes jobs from a server and has agents do them on this machine.

use anyhow::Context;
use clap::{Parser, Subcommand};
use coord_protocol::id::AttemptId;
#[cfg(target_os = "linux")]
use coord_runner::walls::keeper;
use coord_runner::{
    agents::{ask, detect, doctor, script, versions},
    clock::Clock,
    config::{Config, Profile},
    config_file,
    desk::Desk,
    disk,
    git::mirror::Locks,
    http::Http,
    link,
    login::{self, Login},
    mask::Masker,
    messages::Messages,
    screen::{self, model::Facts, terminal},
    service::{self, Keeper, Service},
    walls::{self, Standing},
    work::Host,
};
use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

/// Executes agentic jobs of a Coord server on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file. Without it `coord/runner.toml` in your configuration folder is read, if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Connect to the server and take jobs until stopped.
    Run {
        /// Only print lines, as without a terminal. For services.
        #[arg(long)]
        no_ui: bool,
    },
    /// Make this machine a runner of yours: shows a code that you approve in the browser, and keeps the token in the configuration.
    Login {
        /// Address of the server, `https://coord.example.org`. Without it the configuration's.
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        /// Take the place of the token that the configuration has.
        #[arg(long)]
        replace: bool,
    },
    /// Show which agents this machine has, whether they work and are signed in, and how to get what is missing.
    Agents {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Make the runner a service of yours: a systemd user unit on Linux, a launchd agent on macOS.
    Install {
        /// Only print what would be written and run.
        #[arg(long)]
        print: bool,
        /// Also run the commands that start it.
        #[arg(long, conflicts_with = "print")]
        now: bool,
    },
    /// Take the service away again. The configuration and the work folder stay.
    Uninstall {
        /// Only print what would be removed and run.
        #[arg(long)]
        print: bool,
        /// Also run the commands that end it.
        #[arg(long, conflicts_with = "print")]
        now: bool,
    },
    /// Show what is kept on disk, how much it is, and what of it would go.
    Disk {
        /// Remove what may go. Work that is not committed or not pushed stays.
        #[arg(long)]
        clean: bool,
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Be the scripted agent.
    #[command(hide = true)]
    AgentScript {
        /// Script; otherwise the prompt's own, or the built-in demonstration.
        file: Option<PathBuf>,
    },
    /// Be the tool by which an agent asks people.
    #[command(hide = true)]
    AskTool {
        /// Where the runner listens.
        place: String,
    },
    /// Keep an agent: start it behind its walls and end all that it started.
    #[cfg(target_os = "linux")]
    #[command(hide = true, name = keeper::SUBCOMMAND)]
    AgentKeep {
        /// The attempt.
        attempt: String,
        /// What to keep to.
        orders: String,
        /// The agent.
        #[arg(last = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Before there is any other thread, since signals are blocked for all of them.
    #[cfg(target_os = "linux")]
    if let Command::AgentKeep { attempt, orders, command } = &arguments.command {
        return keeper::run(attempt, orders, command);
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("COORD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("coord_runner=info,warn"));
    let screen = matches!(arguments.command, Command::Run { no_ui: false }) && terminal::is_there();
    let messages = Messages::new(screen);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(messages.clone())
        .with_ansi(!screen && std::io::stderr().is_terminal())
        .with_target(false)
        // Told with a macro that panics when standard error is a file on a full disk, which is when it happens.
        .log_internal_errors(false)
        .init();
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the runtime cannot be started")
        .and_then(|runtime| {
            let result = runtime.block_on(dispatch(&arguments, screen.then_some(&messages)));
            // A read of standard input cannot be ended from outside and would hold the process.
            runtime.shutdown_timeout(Duration::from_millis(100));
            result
        });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            messages.to_terminal();
            eprintln!("coord-runner: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(arguments: &Arguments, screen: Option<&Messages>) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Run { .. } => run(load(arguments.config.as_deref())?, screen).await,
        Command::Login { server, replace } => sign_in(arguments.config.as_deref(), server.as_deref(), *replace).await,
        Command::Agents { json } => agents(&load(arguments.config.as_deref())?, *json).await,
        Command::Install { print, now } => keep(arguments.config.as_deref(), true, *print, *now),
        Command::Uninstall { print, now } => keep(arguments.config.as_deref(), false, *print, *now),
        Command::Disk { clean, json } => show_disk(&load(arguments.config.as_deref())?, *clean, *json),
        Command::AgentScript { file } => script::run(file.as_deref()).await,
        Command::AskTool { place } => ask::server::run(place).await,
        #[cfg(target_os = "linux")]
        Command::AgentKeep { .. } => Ok(()),
    }
}

fn load(file: Option<&Path>) -> anyhow::Result<Config> {
    Ok(Config::load(file, |name| std::env::var(name).ok())?)
}

async fn sign_in(file: Option<&Path>, server: Option<&str>, replace: bool) -> anyhow::Result<()> {
    let environment = |name: &str| std::env::var(name).ok();
    let default = || config_file::default_path(environment).context("there is no configuration folder: say --config FILE");
    let file = file.map_or_else(default, |file| Ok(file.to_path_buf()))?;
    let server = match server {
        Some(server) => server.to_owned(),
        // What stands in the file, if there is one already.
        None if file.exists() => Config::load(Some(&file), environment)?.server,
        None => environment("COORD_SERVER").unwrap_or_default(),
    };
    if server.is_empty() {
        anyhow::bail!("say which server: coord-runner login --server https://coord.example.org");
    }
    use_tls()?;
    let machine = login::machine();
    let login = Login {
        server,
        file,
        replace,
        machine,
    };
    login::run(&login, &mut std::io::stdout()).await?;
    if environment("COORD_RUNNER_TOKEN").is_some() {
        println!("COORD_RUNNER_TOKEN is set and goes before the token in the file: unset it first.");
    }
    Ok(())
}

/// Makes the runner a service, or takes it away.
fn keep(file: Option<&Path>, install: bool, print: bool, now: bool) -> anyhow::Result<()> {
    let keeper = Keeper::of_this_system()?;
    let environment = |name: &str| std::env::var(name).ok();
    let default = || config_file::default_path(environment).context("there is no configuration folder: say --config FILE");
    let file = std::path::absolute(file.map_or_else(default, |file| Ok(file.to_path_buf()))?)?;
    let home = PathBuf::from(environment("HOME").context("there is no home folder")?);
    let mut service = Service {
        program: std::env::current_exe()?,
        config: file,
        search: environment("PATH").unwrap_or_default(),
        stop_s: 0,
        config_home: environment("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from),
        home,
        user: user(),
    };
    let plan = if install {
        // As the service will read it: without what is set in this terminal only.
        let theirs = |name: &str| environment(name).filter(|_| !name.starts_with("COORD_"));
        let config = Config::load(Some(&service.config), theirs)?;
        config.check_server().context("a service reads the configuration alone")?;
        let times = &config.timeouts;
        let stop_ms = times.stop_grace_ms + times.cancel_ms + 2 * times.exit_ms + times.hand_back_ms;
        service.stop_s = stop_ms / 1000 + 10;
        service::install(keeper, &service)?
    } else {
        service::uninstall(keeper, &service)
    };
    let mut out = std::io::stdout();
    if print {
        return Ok(service::print(&plan, &mut out)?);
    }
    service::perform(&plan, now, &mut out)
}

#[cfg(unix)]
fn user() -> u32 {
    nix::unistd::getuid().as_raw()
}

#[cfg(not(unix))]
fn user() -> u32 {
    0
}

fn use_tls() -> anyhow::Result<()> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("TLS cannot be set up"))
}

async fn agents(config: &Config, json: bool) -> anyhow::Result<()> {
    let reports = doctor::examine(config, || AttemptId(Clock.request_id().0)).await;
    if json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        print!("{}", doctor::told(&reports));
    }
    Ok(())
}

fn show_disk(config: &Config, clean: bool, json: bool) -> anyhow::Result<()> {
    let now = Clock.now();
    let report = if clean {
        // A runner that runs knows better what it needs just now, and cleans by itself.
        let _lock = lock(config.work_dir()).context("nothing was removed: it cleans by itself at its start and every hour")?;
        disk::clean(config, &Locks::default(), now)
    } else {
        disk::look(config, now)
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", disk::told::text(&report, now));
    }
    Ok(())
}

/// Keeps this program's memory and environment, with the token in them, from agents and other programs of the same user. They can still
/// read its configuration file unless it belongs to another user.
fn keep_to_itself() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        tracing::warn!("agents can look into this program: {error}");
    }
}

/// Takes jobs until stopped, with a screen or with lines.
async fn run(config: Config, screen: Option<&Messages>) -> anyhow::Result<()> {
    config.check_server()?;
    walls::check(&config)?;
    keep_to_itself();
    use_tls()?;
    let work_dir = config.work_dir().to_path_buf();
    std::fs::create_dir_all(&work_dir).with_context(|| format!("the work folder {} cannot be made", work_dir.display()))?;
    let _lock = lock(&work_dir)?;
    let (server, token) = (config.server.clone(), config.token.clone());
    let hand_back = Duration::from_millis(config.timeouts.hand_back_ms);
    let mut secrets = config.secrets.clone();
    // Never useful in a log, and an agent could read it from a careless configuration.
    secrets.push(token.clone());
    let facts = Facts {
        server: server.clone(),
        concurrency: config.concurrency,
        messages: match screen {
            Some(messages) => messages.keep_in(&work_dir).context("the file for messages cannot be opened")?,
            None => PathBuf::new(),
        },
    };
    if screen.is_none() {
        say_hello(&config);
    }
    let host = Arc::new(Host {
        http: Http::new(&server, &token)?,
        clock: Clock,
        masker: Arc::new(Masker::new(&secrets)),
        locks: Locks::default(),
        config,
    });
    walls::scratch::clear_all(&host.config);
    let cleaning = tokio::spawn(disk::keep_clean(Arc::clone(&host)));
    let desk = Desk::open(Arc::clone(&host));
    let watching = tokio::spawn(versions::watch(host, Arc::clone(&desk)));
    if screen.is_none() && desk.held() > 0 {
        println!("{} attempts of a former run are taken up again", desk.held());
    }
    let mut link = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { link::run(desk, &server, &token, Clock).await }
    });
    let ended = match screen {
        Some(messages) => with_screen(&desk, facts, &mut link, hand_back, messages).await,
        None => with_lines(&desk, &mut link, hand_back).await,
    };
    cleaning.abort();
    let _ = tokio::time::timeout(Duration::from_secs(2), async {
        let _ = watching.await;
        if !link.is_finished() {
            let _ = (&mut link).await;
        }
    })
    .await;
    ended
}

fn say_hello(config: &Config) {
    let offered: Vec<String> = detect::offered(config).into_iter().map(|agent| agent.name).collect();
    println!(
        "coord-runner {}{}: server {}, agents {}, {} at once, work folder {}",
        env!("CARGO_PKG_VERSION"),
        config.name.as_deref().map(|name| format!(" “{name}”")).unwrap_or_default(),
        config.server,
        if offered.is_empty() { "none".to_owned() } else { offered.join(" ") },
        config.concurrency,
        config.work_dir().display()
    );
    match walls::standing(config, &Profile::default()) {
        Ok(Standing::Inside) => println!("agents are sandboxed"),
        Ok(Standing::Outside(why)) => println!("agents are not sandboxed: {why}"),
        // Refused before.
        Err(_) => {}
    }
}

type Link = tokio::task::JoinHandle<Result<(), link::LinkError>>;

async fn with_screen(desk: &Arc<Desk>, facts: Facts, link: &mut Link, hand_back: Duration, messages: &Messages) -> anyhow::Result<()> {
    let log = facts.messages.clone();
    let ended = screen::run(desk, facts, link, hand_back, messages, Clock).await;
    messages.to_terminal();
    if let screen::Ended::Link(ended) = ended? {
        ended?;
    }
    println!("coord-runner stopped. Its messages are in {}.", log.display());
    Ok(())
}

async fn with_lines(desk: &Arc<Desk>, link: &mut Link, hand_back: Duration) -> anyhow::Result<()> {
    tokio::select! {
        result = signal() => result?,
        ended = &mut *link => {
            desk.abandon(Duration::from_secs(3)).await;
            return Ok(ended.context("the connection broke off")??);
        }
    }
    println!("stopping: agents end what they are doing and jobs are handed back (once more to stop at once)");
    tokio::select! {
        () = desk.drain(hand_back) => {}
        again = signal() => {
            again?;
            println!("stopping at once; the next start goes on with what is held");
        }
    }
    desk.abandon(Duration::from_secs(3)).await;
    println!("stopped");
    Ok(())
}

/// Two runners in one folder would write each other's spools.
fn lock(work_dir: &Path) -> anyhow::Result<std::fs::File> {
    let path = work_dir.join("lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    file.try_lock()
        .map_err(|_| anyhow::anyhow!("another runner uses the work folder {}", work_dir.display()))?;
    Ok(file)
}

#[cfg(unix)]
async fn signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => Ok(result?),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
