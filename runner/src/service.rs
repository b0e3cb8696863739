//! `coord-runner install` and `uninstall`: the runner as a service of the user who runs it, by systemd on Linux and launchd on macOS.
//!
//! What is written and run is made by pure functions, so that `--print` shows exactly what would be done.

use anyhow::{Context as _, bail};
use std::{
    fmt::Write as _,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// Name of the service.
pub const NAME: &str = "coord-runner";

/// What a service needs to know.
#[derive(Debug, Clone)]
pub struct Service {
    /// This program.
    pub program: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// Where agents are looked for: the search path of whoever installs it.
    pub search: String,
    /// Seconds that stopping may take, while agents end what they do and jobs are handed back.
    pub stop_s: u64,
    /// Home folder.
    pub home: PathBuf,
    /// Configuration folder of the user.
    pub config_home: PathBuf,
    /// The user's number.
    pub user: u32,
}

/// The keeper of services of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// Linux.
    Systemd,
    /// macOS.
    Launchd,
}

/// What is done, in order: a file, then commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The file.
    pub file: PathBuf,
    /// What is in it; absent when it is removed.
    pub text: Option<String>,
    /// Commands before the file is written or removed.
    pub before: Vec<Vec<String>>,
    /// Commands after that.
    pub after: Vec<Vec<String>>,
    /// What else the person may want to do.
    pub hints: Vec<String>,
}

impl Keeper {
    /// The one of this system.
    ///
    /// # Errors
    /// Where there is none that this program knows.
    pub fn of_this_system() -> anyhow::Result<Self> {
        match std::env::consts::OS {
            "linux" => Ok(Self::Systemd),
            "macos" => Ok(Self::Launchd),
            other => bail!("services are made on Linux and macOS; docs/runner.md says how to keep a runner running on {other}"),
        }
    }
}

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|&word| word.to_owned()).collect()
}

/// What installing does.
///
/// # Errors
/// When a path holds what a service file cannot.
pub fn install(keeper: Keeper, service: &Service) -> anyhow::Result<Plan> {
    let paths = [&service.program, &service.config];
    let strange = |text: &str| text.chars().any(char::is_control);
    if paths.iter().any(|path| path.to_str().is_none_or(strange)) || strange(&service.search) {
        bail!("the path of this program, of its configuration or the search path holds characters that a service file cannot hold");
    }
    let file = file_of(keeper, service);
    Ok(match keeper {
        Keeper::Systemd => Plan {
            text: Some(unit(service)),
            file,
            before: vec![],
            after: vec![
                words(&["systemctl", "--user", "daemon-reload"]),
                words(&["systemctl", "--user", "enable", "--now", "coord-runner.service"]),
            ],
            hints: vec![
                "It runs while you are signed in. To have it run always: loginctl enable-linger".to_owned(),
                "What it says: journalctl --user --unit coord-runner --follow".to_owned(),
            ],
        },
        Keeper::Launchd => Plan {
            text: Some(property_list(service)),
            before: vec![],
            after: vec![words(&[
                "launchctl",
                "bootstrap",
                &format!("gui/{}", service.user),
                &file.to_string_lossy(),
            ])],
            hints: vec![
                "It runs while you are signed in.".to_owned(),
                format!("What it says: tail -f {}", log_of(service).display()),
            ],
            file,
        },
    })
}

/// What uninstalling does. The configuration and the work folder stay.
#[must_use]
pub fn uninstall(keeper: Keeper, service: &Service) -> Plan {
    let file = file_of(keeper, service);
    let (before, after) = match keeper {
        Keeper::Systemd => (
            vec![words(&["systemctl", "--user", "disable", "--now", "coord-runner.service"])],
            vec![words(&["systemctl", "--user", "daemon-reload"])],
        ),
        Keeper::Launchd => (
            vec![words(&["launchctl", "bootout", &format!("gui/{}/{NAME}", service.user)])],
            vec![],
        ),
    };
    Plan {
        file,
        text: None,
        before,
        after,
        hints: vec!["The configuration and the work folder stay. The runner stays listed until you remove it in the web app.".to_owned()],
    }
}

fn file_of(keeper: Keeper, service: &Service) -> PathBuf {
    match keeper {
        Keeper::Systemd => service.config_home.join("systemd/user").join(format!("{NAME}.service")),
        Keeper::Launchd => service.home.join("Library/LaunchAgents").join(format!("{NAME}.plist")),
    }
}

fn log_of(service: &Service) -> PathBuf {
    service.home.join("Library/Logs").join(format!("{NAME}.log"))
}

/// One word of a systemd unit, quoted. `%` begins a specifier there, and in a command `$` a variable.
fn quoted(text: &str, command: bool) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '%' => out.push_str("%%"),
            '$' if command => out.push_str("$$"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn unit(service: &Service) -> String {
    let (program, config) = (service.program.to_string_lossy(), service.config.to_string_lossy());
    format!(
        "# Written by coord-runner install.\n\
         [Unit]\n\
         Description=Coord runner: agents work on this machine\n\
         \n\
         [Service]\n\
         ExecStart={} run --no-ui --config {}\n\
         # Where agents are looked for.\n\
         Environment={}\n\
         # The runner ends its agents itself and hands its jobs back. Only what is left after that is ended from outside.\n\
         KillMode=mixed\n\
         TimeoutStopSec={}\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         UMask=0077\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        quoted(&program, true),
        quoted(&config, true),
        quoted(&format!("PATH={}", service.search), false),
        service.stop_s
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn property_list(service: &Service) -> String {
    let (program, config, log) = (
        xml(&service.program.to_string_lossy()),
        xml(&service.config.to_string_lossy()),
        xml(&log_of(service).to_string_lossy()),
    );
    let search = xml(&service.search);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by coord-runner install. -->
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{NAME}</string>
    <key>ProgramArguments</key>
    <array>
        <string>{program}</string>
        <string>run</string>
        <string>--no-ui</string>
        <string>--config</string>
        <string>{config}</string>
    </array>
    <key>EnvironmentVariables</key>
    <dict>
        <key>PATH</key>
        <string>{search}</string>
    </dict>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <dict>
        <key>SuccessfulExit</key>
        <false/>
    </dict>
    <key>ExitTimeOut</key>
    <integer>{}</integer>
    <key>Umask</key>
    <integer>63</integer>
    <key>StandardOutPath</key>
    <string>{log}</string>
    <key>StandardErrorPath</key>
    <string>{log}</string>
</dict>
</plist>
"#,
        service.stop_s
    )
}

/// A command as a person types it.
fn typed(command: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+".contains(c);
    command.iter().fold(String::new(), |mut line, word| {
        let gap = if line.is_empty() { "" } else { " " };
        let _infallible = if word.chars().all(plain) {
            write!(line, "{gap}{word}")
        } else {
            write!(line, "{gap}'{}'", word.replace('\'', r"'\''"))
        };
        line
    })
}

/// Shows the plan and changes nothing.
///
/// # Errors
/// When it cannot be printed.
pub fn print(plan: &Plan, out: &mut impl Write) -> std::io::Result<()> {
    for command in &plan.before {
        writeln!(out, "{}", typed(command))?;
    }
    match &plan.text {
        Some(text) => writeln!(out, "# {}\n{text}", plan.file.display())?,
        None => writeln!(out, "{}", typed(&["rm".to_owned(), plan.file.to_string_lossy().into_owned()]))?,
    }
    for command in &plan.after {
        writeln!(out, "{}", typed(command))?;
    }
    Ok(())
}

/// Writes or removes the file, and runs the commands if `now`, else says them.
///
/// # Errors
/// When the file cannot be written, or a command fails.
pub fn perform(plan: &Plan, now: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if now {
        run_all(&plan.before, plan.text.is_none(), out)?;
    }
    match &plan.text {
        Some(text) => {
            let folder = plan.file.parent().context("the service's file has no folder")?;
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
            fs::write(&plan.file, text).with_context(|| format!("{} cannot be written", plan.file.display()))?;
            writeln!(out, "Wrote {}.", plan.file.display())?;
        }
        None => match fs::remove_file(&plan.file) {
            Ok(()) => writeln!(out, "Removed {}.", plan.file.display())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => writeln!(out, "{} is not there.", plan.file.display())?,
            Err(error) => return Err(error).with_context(|| format!("{} cannot be removed", plan.file.display())),
        },
    }
    if now {
        run_all(&plan.after, plan.text.is_none(), out)?;
    } else {
        let commands: Vec<_> = plan.before.iter().chain(&plan.after).collect();
        let what = if plan.text.is_some() {
            "Start it"
        } else {
            "If it still runs, end it"
        };
        writeln!(out, "{what} with (or add --now):\n")?;
        for command in commands {
            writeln!(out, "    {}", typed(command))?;
        }
        writeln!(out)?;
    }
    for hint in &plan.hints {
        writeln!(out, "{hint}")?;
    }
    Ok(())
}

/// Runs the commands. What ends a service that does not run may fail (`lenient`).
fn run_all(commands: &[Vec<String>], lenient: bool, out: &mut impl Write) -> anyhow::Result<()> {
    for command in commands {
        let Some((program, arguments)) = command.split_first() else {
            continue;
        };
        writeln!(out, "{}", typed(command))?;
        out.flush()?;
        let status = Command::new(program).args(arguments).status();
        match status {
            Ok(status) if status.success() => {}
            Ok(_) if lenient => {}
            Ok(status) => bail!("`{}` ended with {status}; what was written stays", typed(command)),
            Err(error) => return Err(error).with_context(|| format!("`{}` cannot be run", typed(command))),
        }
    }
    Ok(())
}

/// The file that says how the service is run, if it is there.
#[must_use]
pub fn installed(keeper: Keeper, service: &Service) -> Option<PathBuf> {
    Some(file_of(keeper, service)).filter(|file: &PathBuf| Path::exists(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(root: &Path) -> Service {
        Service {
            program: root.join("bin dir/coord-runner"),
            config: root.join("50%/ru\"nn$er.toml"),
            search: "/usr/bin:/srv/ann/.nvm/bin".to_owned(),
            stop_s: 115,
            home: root.to_path_buf(),
            config_home: root.join(".config"),
            user: 501,
        }
    }

    #[test]
    fn run_7_a_systemd_unit_lets_the_runner_hand_back_and_quotes_what_systemd_reads() {
        let plan = install(Keeper::Systemd, &service(Path::new("/srv/ann"))).unwrap();
        let text = plan.text.unwrap();
        let has = |line: &str| assert!(text.lines().any(|other| other == line), "{line} is missing in\n{text}");
        has(r#"ExecStart="/srv/ann/bin dir/coord-runner" run --no-ui --config "/srv/ann/50%%/ru\"nn$$er.toml""#);
        has(r#"Environment="PATH=/usr/bin:/srv/ann/.nvm/bin""#);
        has("KillMode=mixed");
        has("TimeoutStopSec=115");
        assert_eq!(plan.file, Path::new("/srv/ann/.config/systemd/user/coord-runner.service"));
        assert_eq!(typed(&plan.after[1]), "systemctl --user enable --now coord-runner.service");
    }

    #[test]
    fn run_7_a_launchd_property_list_is_well_formed() {
        let mut service = service(Path::new("/srv/ann"));
        service.search = "/a&b:/<c>".to_owned();
        let plan = install(Keeper::Launchd, &service).unwrap();
        let text = plan.text.unwrap();
        assert!(text.contains("<string>/a&amp;b:/&lt;c&gt;</string>"), "{text}");
        assert!(text.contains("<integer>115</integer>") && text.contains("<string>--no-ui</string>"));
        let opened = text.matches("<dict>").count() + text.matches("<array>").count() + text.matches("<key>").count();
        let closed = text.matches("</dict>").count() + text.matches("</array>").count() + text.matches("</key>").count();
        assert_eq!(opened, closed);
        assert_eq!(
            typed(&plan.after[0]),
            "launchctl bootstrap gui/501 /srv/ann/Library/LaunchAgents/coord-runner.plist"
        );
    }

    #[test]
    fn run_7_no_line_can_be_smuggled_into_a_service_file() {
        for keeper in [Keeper::Systemd, Keeper::Launchd] {
            let mut service = service(Path::new("/srv/ann"));
            service.search = "/bin\nExecStartPre=/bin/evil".to_owned();
            install(keeper, &service).unwrap_err();
        }
    }

    #[test]
    fn run_7_installing_writes_the_file_and_uninstalling_takes_it_away() {
        let root = tempfile::tempdir().unwrap();
        let service = service(root.path());
        let mut said = Vec::new();
        let plan = install(Keeper::Systemd, &service).unwrap();
        print(&plan, &mut said).unwrap();
        assert!(installed(Keeper::Systemd, &service).is_none(), "printing changes nothing");
        assert!(String::from_utf8_lossy(&said).contains("systemctl --user daemon-reload"));
        perform(&plan, false, &mut said).unwrap();
        assert_eq!(
            fs::read_to_string(installed(Keeper::Systemd, &service).unwrap()).unwrap(),
            plan.text.unwrap()
        );
        let away = uninstall(Keeper::Systemd, &service);
        perform(&away, false, &mut said).unwrap();
        assert!(installed(Keeper::Systemd, &service).is_none());
        perform(&away, false, &mut said).unwrap();
        assert!(String::from_utf8_lossy(&said).contains("is not there"));
    }
}
