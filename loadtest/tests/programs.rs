//! Small runs of every scenario against the real programs. The server and the runner must have been built beside this one, as
//! `cargo test --workspace` does: `cargo build -p coord-server -p coord-runner`.

use serde_json::Value;
use std::process::{Command, Output};

fn loadtest(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coord-loadtest"));
    let output = command.args(arguments.split_whitespace()).output().unwrap();
    println!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a scenario that must succeed, and returns its figures.
fn figures(arguments: &str) -> impl Fn(&str) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("result.json");
    let output = loadtest(&format!("{arguments} --json {}", file.display()));
    assert!(output.status.success(), "`{arguments}` ended with {}", output.status);
    let result: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(result["machine"]["cores"].as_u64().unwrap() > 0, "{result}");
    move |name| {
        let figures = result["figures"].as_array().unwrap();
        let figure = figures.iter().find(|figure| figure["name"] == name);
        figure
            .and_then(|figure| figure["median"].as_f64())
            .unwrap_or_else(|| panic!("no {name} in {result}"))
    }
}

#[test]
fn dispatch_is_measured_past_a_queue_and_while_one_is_drained() {
    let figure = figures("dispatch --queued 40 --samples 10 --seed 3");
    assert!(figure("ready_to_assigned_p99_ms") > 0.0);
    assert!(figure("drained_jobs_per_s") > 0.0);
}

#[test]
fn agt_10_watchers_of_a_log_miss_nothing_at_a_steady_rate_nor_at_the_highest() {
    let figure = figures("logs --rate 500 --viewers 5 --seconds 2");
    assert!(figure("entries") > 500.0 && figure("lost") == 0.0 && figure("repeated") == 0.0);
    assert!(figure("written_to_received_p95_ms") > 0.0);
    let figure = figures("logs --rate max --viewers 2 --seconds 1");
    assert!(figure("accepted_per_s") > 0.0 && figure("lost") == 0.0);
}

#[test]
fn agt_10_a_long_log_opens_anywhere() {
    let figure = figures("log-open --entries 20000 --pages 20");
    assert!(figure("page_max_ms") > 0.0);
}

#[test]
fn a_missed_target_is_told_by_the_exit_code() {
    let missed = loadtest("idle --seconds 1 --max-rss-mib 0.1");
    assert_eq!(missed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missed.stdout).contains("MISSED: rss_at_rest_mib"));
    assert_eq!(loadtest("idle --seconds 1 --max-rss-mib 4000").status.code(), Some(0));
    assert_eq!(loadtest("idle --server-program no-such-program").status.code(), Some(2));
}

#[test]
fn people_read_pages_while_jobs_change() {
    let figure = figures("people --people 5 --jobs 10 --seconds 3 --think-ms 50 --changes 20");
    assert!(figure("api_p95_ms") > 0.0 && figure("events_per_s") > 0.0);
}

#[test]
fn agt_10_kills_of_server_and_runner_lose_nothing() {
    let figure = figures("kill --rounds 3 --seed 5 --settle 150");
    assert_eq!(
        (figure("server_kills"), figure("runner_kills"), figure("violations")),
        (3.0, 3.0, 0.0)
    );
    assert!(figure("log_entries") > 0.0 && figure("notes") > 0.0);
}

#[test]
fn agt_10_a_cut_network_loses_nothing() {
    assert_eq!(figures("cut --seconds 3")("violations"), 0.0);
}

#[test]
fn run_5_a_fleet_of_runners_does_every_job_once_whatever_befalls_it() {
    let figure = figures("runners --runners 10 --jobs 80 --faults 20 --lease-ms 3000 --heartbeat-ms 500 --settle 90 --seed 3");
    assert_eq!((figure("jobs"), figure("violations")), (80.0, 0.0));
    for fault in [
        "server_kills",
        "runner_kills",
        "suspensions",
        "network_cuts",
        "slow_networks",
        "wrong_clocks",
        "copies",
    ] {
        assert!(figure(fault) > 0.0, "{fault}");
    }
    assert!(figure("attempts") > 80.0, "no lease lapsed");
}

#[test]
fn run_5_a_runner_whose_lease_was_taken_over_is_refused_and_drops_the_work() {
    assert_eq!(figures("takeover")("violations"), 0.0);
}

#[test]
fn can_9_a_hostile_connection_costs_less_than_two_mebibytes_and_hinders_nobody() {
    // Every edit of the honest one is saved, or the scenario fails.
    let figure = figures("hostile --seconds 2 --max-kib 2048");
    assert!(figure("questions_kib") > 0.0 && figure("large_frames_kib") > 0.0);
    assert!(figure("saved_p95_ms") > 0.0);
}

#[test]
fn can_1_people_who_lose_connections_rights_and_the_server_end_with_the_same_canvas() {
    let figure = figures("canvas-plans --plans 500 --steps 40 --seed 3");
    assert_eq!((figure("plans"), figure("violations")), (500.0, 0.0));
    assert!(figure("edits") > 10_000.0 && figure("server_kills") > 5.0);
}

#[test]
fn can_8_nothing_that_was_seen_is_lost_when_the_server_is_killed() {
    let figure = figures("canvas-kill --kills 10 --seed 4");
    assert_eq!((figure("server_kills"), figure("violations")), (10.0, 0.0));
    assert!(figure("edits_seen") > 10.0);
}
