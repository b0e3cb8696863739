//! The public HTTP API, as much of it as the demonstration needs.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::time::Duration;
use ureq::{Agent, Body, http::Response};

/// A server, and who is signed in there.
pub struct Api {
    agent: Agent,
    base: String,
    cookie: Option<String>,
}

impl Api {
    /// A server at `base`, with nobody signed in.
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            // Only this machine is spoken to, whatever proxy the environment names.
            .proxy(None)
            .build();
        Self {
            agent: config.into(),
            base: base.to_owned(),
            cookie: None,
        }
    }

    /// `GET /api/v1{path}`.
    pub fn get(&self, path: &str) -> Result<Value> {
        let mut request = self.agent.get(self.address(path));
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let response = request.call().with_context(|| format!("GET {path}: no answer"))?;
        Ok(Self::answer("GET", path, response)?.1)
    }

    /// Every item of a list, page by page.
    pub fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("{path}?limit=200{cursor}"))?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// `POST /api/v1{path}`.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        Ok(self.send(path, body)?.1)
    }

    /// As [`Api::post`], and keeps the session that the answer opens.
    pub fn sign_in(&mut self, path: &str, body: &Value) -> Result<()> {
        let (cookie, _) = self.send(path, body)?;
        self.cookie = Some(cookie.with_context(|| format!("POST {path} opened no session"))?);
        Ok(())
    }

    fn send(&self, path: &str, body: &Value) -> Result<(Option<String>, Value)> {
        let mut request = self.agent.post(self.address(path)).header("Origin", &self.base);
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let response = request.send_json(body).with_context(|| format!("POST {path}: no answer"))?;
        Self::answer("POST", path, response)
    }

    fn address(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    fn answer(method: &str, path: &str, mut response: Response<Body>) -> Result<(Option<String>, Value)> {
        let cookie = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .find(|pair| pair.starts_with("coord_session="))
            .map(str::to_owned);
        let status = response.status();
        let text = response
            .body_mut()
            .read_to_string()
            .with_context(|| format!("{method} {path}: broken answer"))?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if !status.is_success() {
            let detail = body["detail"].as_str().unwrap_or(&text);
            bail!("{method} {path}: {status}: {detail}");
        }
        Ok((cookie, body))
    }
}
