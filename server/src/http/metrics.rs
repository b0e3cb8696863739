//! Counters in the Prometheus text format.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// All counters of this process. Labels come from our own routes, so their number is bounded.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Served>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Served {
    count: u64,
    took: Duration,
}

impl Metrics {
    /// A request was answered.
    pub fn served(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let served = requests.entry((method.to_owned(), route.to_owned(), status)).or_default();
        served.count += 1;
        served.took += took;
    }

    /// The text; `commits` and `units` are those of the store, `sockets` and `canvases` are open now.
    pub fn render(&self, (commits, units): (u64, u64), sockets: i64, canvases: usize) -> String {
        let mut text = String::from("# HELP coord_http_requests_total Requests answered.\n# TYPE coord_http_requests_total counter\n");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((method, route, status), served) in &requests {
            line(
                &mut text,
                "coord_http_requests_total",
                &[("method", method), ("route", route), ("status", &status.to_string())],
                served.count,
            );
        }
        text.push_str("# HELP coord_http_request_seconds Time from request to answer.\n# TYPE coord_http_request_seconds summary\n");
        for ((method, route, status), served) in &requests {
            let labels = [("method", method.as_str()), ("route", route), ("status", &status.to_string())];
            line(&mut text, "coord_http_request_seconds_sum", &labels, served.took.as_secs_f64());
            line(&mut text, "coord_http_request_seconds_count", &labels, served.count);
        }
        text.push_str("# HELP coord_store_commits_total Transactions committed.\n# TYPE coord_store_commits_total counter\n");
        line(&mut text, "coord_store_commits_total", &[], commits);
        text.push_str(
            "# HELP coord_store_units_total Units of work committed; several share a commit.\n# TYPE coord_store_units_total counter\n",
        );
        line(&mut text, "coord_store_units_total", &[], units);
        text.push_str("# HELP coord_sockets_open WebSockets open now.\n# TYPE coord_sockets_open gauge\n");
        line(&mut text, "coord_sockets_open", &[], sockets);
        text.push_str("# HELP coord_canvases_open Canvases held in memory.\n# TYPE coord_canvases_open gauge\n");
        line(&mut text, "coord_canvases_open", &[], canvases);
        text
    }
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels = labels
        .iter()
        .map(|(key, value)| format!("{key}=\"{}\"", value.replace(['\\', '"', '\n'], "_")))
        .collect::<Vec<_>>()
        .join(",");
    let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
    let _infallible = writeln!(text, "{name}{labels} {value}");
}
