//! Counters in the Prometheus text format.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

/// All counters of this process. Labels come from our own routes, so their number is bounded.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Served>>,
    sockets: BTreeMap<&'static str, AtomicI64>,
    refused_sockets: AtomicU64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Served {
    count: u64,
    took: Duration,
}

/// Kinds of socket.
const SOCKETS: [&str; 4] = ["events", "log", "runner", "canvas"];

/// Counts a socket as long as it lives.
#[derive(Debug)]
pub struct OpenSocket {
    context: std::sync::Weak<crate::context::Context>,
    kind: &'static str,
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        if let Some(context) = self.context.upgrade() {
            context.metrics.count_socket(self.kind, -1);
        }
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        Self {
            sockets: SOCKETS.into_iter().map(|kind| (kind, AtomicI64::new(0))).collect(),
            ..Self::default()
        }
    }

    /// A request was answered.
    pub fn served(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let served = requests.entry((method.to_owned(), route.to_owned(), status)).or_default();
        served.count += 1;
        served.took += took;
    }

    fn count_socket(&self, kind: &str, by: i64) {
        if let Some(open) = self.sockets.get(kind) {
            open.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// A socket was closed because its peer broke the rules or did not keep up.
    pub fn socket_refused(&self) {
        self.refused_sockets.fetch_add(1, Ordering::Relaxed);
    }

    /// The text; `commits` and `units` are those of the store.
    pub fn render(&self, (commits, units): (u64, u64)) -> String {
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
        for (kind, open) in &self.sockets {
            line(&mut text, "coord_sockets_open", &[("kind", kind)], open.load(Ordering::Relaxed));
        }
        text.push_str(
            "# HELP coord_sockets_refused_total WebSockets closed for breaking the rules.\n# TYPE coord_sockets_refused_total counter\n",
        );
        line(
            &mut text,
            "coord_sockets_refused_total",
            &[],
            self.refused_sockets.load(Ordering::Relaxed),
        );
        text
    }
}

/// Counts a socket of `kind` (events, log, runner, canvas) until the value is dropped.
pub fn open_socket(context: &std::sync::Arc<crate::context::Context>, kind: &'static str) -> OpenSocket {
    context.metrics.count_socket(kind, 1);
    OpenSocket {
        context: std::sync::Arc::downgrade(context),
        kind,
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
