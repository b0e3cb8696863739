//! The web app, embedded into the binary. Every address outside `/api` that is no file is one of its pages.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../canvas-web/dist"]
struct WebApp;

/// Serves a file of the web app, or its first page.
pub async fn serve(request: HttpRequest) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return HttpResponse::MethodNotAllowed()
            .insert_header((header::ALLOW, "GET, HEAD"))
            .finish();
    }
    let path = request.path().trim_start_matches('/');
    let is_page = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let name = if is_page { "index.html" } else { path };
    let Some((file, encoding)) = negotiated(&request, name) else {
        return HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("There is no such file.\n");
    };
    let etag = format!("\"{}\"", crate::clock::hex("", &file.metadata.sha256_hash()[..16]));
    // Names under assets/ hold a hash of the content; everything else may change with the next version of the server.
    let caching = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.to_str().is_ok_and(|tags| tags.contains(&etag)));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, caching))
        .insert_header((header::ETAG, etag))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::CONTENT_TYPE, media_type(name)));
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    if known {
        response.finish()
    } else {
        response.body(file.data.into_owned())
    }
}

/// The file as it was compressed by the build, where there is such a form and the browser takes it.
fn negotiated(request: &HttpRequest, name: &str) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepts = request
        .headers()
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    for (encoding, extension) in [("br", "br"), ("gzip", "gz")] {
        let wanted = accepts.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            parts.next() == Some(encoding) && !parts.any(|quality| quality == "q=0")
        });
        if wanted && let Some(file) = WebApp::get(&format!("{name}.{extension}")) {
            return Some((file, Some(encoding)));
        }
    }
    WebApp::get(name).map(|file| (file, None))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
