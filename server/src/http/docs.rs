//! The OpenAPI document and a page to read it on.

use super::{api, problem::ApiError};
use actix_web::{App, HttpRequest, HttpResponse, http::header, web};
use coord_protocol::{feed, inbox::InboxKind, log, problem::Problem};
use serde_json::Value;
use std::{fmt::Write as _, sync::OnceLock};
use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::{AppExt as _, scope};

/// Everything that is not said beside a handler. The types listed travel over WebSockets, which OpenAPI does not describe, or in queries.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Coord", description = "A workspace where people and AI coding agents get work done together."),
    components(schemas(Problem, coord_protocol::job::CommandName, feed::FeedMessage, feed::FeedEvent, feed::FeedBody, feed::FeedControl, feed::FeedMoment, log::LogEntry, log::LogBody, InboxKind)),
    security(("cookie" = []), ("bearer" = [])),
    modifiers(&SignIn),
)]
struct Base;

struct SignIn;

impl Modify for SignIn {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description(super::auth::COOKIE, "Set by POST /auth/login. Unsafe requests check Origin.");
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token made by POST /tokens."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    }
}

/// The document, generated from the handlers and the protocol's types.
pub fn document() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let (_, routes) = App::new()
            .into_utoipa_app()
            .service(scope::scope("/api/v1").configure(api))
            .split_for_parts();
        let mut document = Base::openapi();
        document.merge(routes);
        document
    })
}

/// The document as text.
pub fn document_json() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| document().to_pretty_json().unwrap_or_default())
}

pub async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(document_json())
}

/// Methods of the document's paths, to tell a wrong method from a wrong address.
fn methods(path: &str) -> Option<String> {
    static PATHS: OnceLock<Vec<(Vec<String>, String)>> = OnceLock::new();
    let paths = PATHS.get_or_init(|| {
        let document: Value = serde_json::from_str(document_json()).unwrap_or_default();
        let paths = document["paths"].as_object().cloned().unwrap_or_default();
        paths
            .iter()
            .map(|(path, item)| {
                let methods = item
                    .as_object()
                    .map(|item| item.keys().map(|key| key.to_uppercase()).collect::<Vec<_>>().join(", "));
                (path.split('/').map(str::to_owned).collect(), methods.unwrap_or_default())
            })
            .collect()
    });
    let segments: Vec<_> = path.split('/').collect();
    let fits =
        |pattern: &[String]| pattern.len() == segments.len() && pattern.iter().zip(&segments).all(|(a, b)| a.starts_with('{') || a == b);
    paths.iter().find(|(pattern, _)| fits(pattern)).map(|(_, methods)| methods.clone())
}

/// Whatever under `/api` no handler takes.
pub async fn no_route(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(match methods(request.path()) {
        Some(allow) => ApiError::method_not_allowed(allow),
        None => ApiError::no_route(),
    })
}

/// The readable page.
pub async fn page() -> HttpResponse {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| render(&serde_json::from_str(document_json()).unwrap_or_default()));
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(page.as_str())
}

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/api/docs", web::get().to(page));
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}h2{margin-top:3rem}section{border-top:1px solid #8884;padding:.5rem 0}\
h3 code{font-size:1rem}.m{display:inline-block;min-width:4.5rem;font-weight:700}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}nav a{margin-right:1rem}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The page as HTML without scripts: what there is to know is in the document, and it is not so much.
fn render(document: &Value) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Coord API</title><style>{STYLE}</style></head><body><h1>Coord API</h1>\
         <p>Version {}. The same as <a href=\"/api/v1/openapi.json\">OpenAPI document</a>.</p>",
        escape(document["info"]["version"].as_str().unwrap_or_default())
    );
    let empty = serde_json::Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    let mut tags: Vec<&str> = paths
        .values()
        .flat_map(|item| item.as_object().unwrap_or(&empty).values())
        .filter_map(|op| op["tags"][0].as_str())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    html.push_str("<nav>");
    for tag in tags.iter().chain(&["types"]) {
        let _infallible = write!(html, "<a href=\"#{0}\">{0}</a>", escape(tag));
    }
    html.push_str("</nav>");
    for tag in tags {
        let _infallible = write!(html, "<h2 id=\"{0}\">{0}</h2>", escape(tag));
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap_or(&empty) {
                if operation["tags"][0].as_str() == Some(tag) {
                    render_operation(&mut html, path, method, operation);
                }
            }
        }
    }
    html.push_str("<h2 id=\"types\">types</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().unwrap_or(&empty) {
        render_schema(&mut html, name, schema);
    }
    html.push_str("</body></html>");
    html
}

fn render_operation(html: &mut String, path: &str, method: &str, operation: &Value) {
    let words = ["summary", "description"]
        .iter()
        .filter_map(|key| operation[key].as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let _infallible = write!(
        html,
        "<section><h3><code><span class=\"m\">{}</span>{}</code></h3><p>{}</p><table>",
        method.to_uppercase(),
        escape(path),
        escape(&words)
    );
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        let words = parameter["description"].as_str().unwrap_or_default();
        let _infallible = write!(
            html,
            "<tr><td><code>{}</code></td><td>{place}</td><td>{}</td></tr>",
            escape(name),
            escape(words)
        );
    }
    for (_, body) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _infallible = write!(html, "<tr><td>body</td><td></td><td>{}</td></tr>", kind(&body["schema"]));
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let kinds = response["content"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, body)| kind(&body["schema"]))
            .collect::<String>();
        let _infallible = write!(html, "<tr><td>{}</td><td></td><td>{kinds}</td></tr>", escape(status));
    }
    html.push_str("</table></section>");
}

fn render_schema(html: &mut String, name: &str, schema: &Value) {
    let words = schema["description"].as_str().unwrap_or_default();
    let _infallible = write!(
        html,
        "<section id=\"type-{0}\"><h3><code>{0}</code></h3><p>{1}</p><table>",
        escape(name),
        escape(words)
    );
    for (field, property) in schema["properties"].as_object().into_iter().flatten() {
        let words = property["description"].as_str().unwrap_or_default();
        let _infallible = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escape(field),
            kind(property),
            escape(words)
        );
    }
    html.push_str("</table>");
    if schema["properties"].is_null() {
        let _infallible = write!(html, "<p>{}</p>", kind(schema));
    }
    html.push_str("</section>");
}

/// A schema in a few words, with links to named ones.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#type-{0}\">{0}</a>", escape(name));
    }
    for (key, joint) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " with ")] {
        if let Some(parts) = schema[key].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(joint);
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("<code>{}</code>", escape(&word.to_string())))
            .collect::<Vec<_>>()
            .join(" ");
    }
    let own = match &schema["type"] {
        Value::String(one) => one.clone(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match own.as_str() {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["properties"].is_object() => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields = fields
                .map(|(name, schema)| format!("{}: {}", escape(name), kind(schema)))
                .collect::<Vec<_>>();
            format!("{{ {} }}", fields.join(", "))
        }
        _ => escape(&own),
    }
}
