//! What every address has in common: problems, limits, documents, health, the web app.

mod common;

use common::{checked, server, server_with, text};
use reqwest::Method;
use serde_json::{Value, json};

#[actix_web::test]
async fn api_1_bad_bodies_are_answered_clearly_and_leave_nothing() {
    let server = server_with(|config| config.max_json = 4096);
    let ada = server.person("ada").await;
    let send = |body: &str, media_type: &str| {
        ada.call(Method::POST, "/workspaces")
            .header("content-type", media_type)
            .body(body.to_owned())
            .send()
    };
    let json_type = "application/json";
    for (body, media_type, status) in [
        ("{\"name\":", json_type, 400),
        ("{'name':'x'}", json_type, 400),
        ("\u{0}", json_type, 400),
        ("[]", json_type, 422),
        ("{\"name\":5}", json_type, 422),
        ("{\"name\":\"x\",\"nmae\":\"y\"}", json_type, 422),
        ("", json_type, 422),
        ("{\"name\":\"x\"}", "text/plain", 415),
        (&format!("{{\"name\":\"{}\"}}", "x".repeat(5000)), json_type, 413),
    ] {
        let answer = checked(send(body, media_type).await.unwrap(), status, body).await;
        if status == 422 {
            assert!(!answer["errors"].as_object().unwrap().is_empty(), "{answer}");
        }
    }
    let invalid_utf_8 = ada
        .call(Method::POST, "/workspaces")
        .header("content-type", json_type)
        .body(b"{\"name\":\"\xff\"}".to_vec())
        .send();
    checked(invalid_utf_8.await.unwrap(), 400, "invalid UTF-8").await;
    assert_eq!(ada.get("/workspaces").await["items"], json!([]));
}

#[actix_web::test]
async fn api_1_a_body_without_a_length_is_limited_too() {
    let server = server_with(|config| config.max_json = 4096);
    let ada = server.person("ada").await;
    let chunks = futures_util::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024])));
    let request = ada
        .call(Method::POST, "/workspaces")
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks));
    // The server may answer and close while the rest is still being sent.
    if let Ok(answer) = request.send().await {
        checked(answer, 413, "chunked").await;
    }
    assert_eq!(ada.get("/workspaces").await["items"], json!([]));
}

#[actix_web::test]
async fn api_1_wrong_addresses_and_methods_are_problems() {
    let server = server();
    let ada = server.person("ada").await;
    ada.expect(404, Method::GET, "/nowhere", None).await;
    ada.expect(404, Method::GET, "/workspaces/not-an-id", None).await;
    let wrong = ada.call(Method::PUT, "/workspaces").send().await.unwrap();
    assert_eq!(wrong.headers()["allow"], "GET, POST");
    checked(wrong, 405, "PUT /workspaces").await;
    let outside = ada.client.get(format!("{}/api/v2/workspaces", server.url)).send().await.unwrap();
    checked(outside, 404, "/api/v2").await;
    for path in ["/me", "/tokens", "/workspaces", "/runners"] {
        let answer = server.nobody().call(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        checked(answer, 401, path).await;
    }
    for header in ["Bearer", "Bearer x", "Basic eDp5", "coord_t_0"] {
        let mut who = server.nobody();
        who.header = Some(("authorization", header.to_owned()));
        who.expect(401, Method::GET, "/me", None).await;
    }
}

#[actix_web::test]
async fn api_1_the_document_describes_every_route_and_can_be_read() {
    let server = server();
    let client = server.nobody().client;
    let document: Value = client
        .get(format!("{}/api/v1/openapi.json", server.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in [
        ("/auth/register", vec!["post"]),
        ("/auth/login", vec!["post"]),
        ("/auth/logout", vec!["post"]),
        ("/me", vec!["get"]),
        ("/setup", vec!["get"]),
        ("/tokens", vec!["get", "post"]),
        ("/tokens/{id}", vec!["delete"]),
        ("/workspaces", vec!["get", "post"]),
        ("/workspaces/{ws}", vec!["delete", "get", "patch"]),
        ("/workspaces/{ws}/members", vec!["get"]),
        ("/workspaces/{ws}/members/{user}", vec!["delete", "patch"]),
        ("/workspaces/{ws}/invitations", vec!["post"]),
        ("/invitations/{code}/accept", vec!["post"]),
        ("/runners", vec!["get", "post"]),
        ("/runners/{runner}", vec!["delete", "patch"]),
        ("/workspaces/{ws}/runners", vec!["get"]),
        ("/workspaces/{ws}/runners/{runner}/disabled", vec!["delete", "put"]),
    ] {
        let item = document["paths"][format!("/api/v1{path}")]
            .as_object()
            .unwrap_or_else(|| panic!("{path} is missing"));
        for method in methods {
            assert!(item.contains_key(method), "{method} {path}");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "User",
        "Workspace",
        "Problem",
        "RunnerView",
        "FeedMessage",
        "FeedEvent",
        "LogEntry",
        "Job",
    ] {
        assert!(schemas.contains_key(name), "{name} is missing");
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is referred to and missing");
    }
    let page = client.get(format!("{}/api/docs", server.url)).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let page = page.text().await.unwrap();
    assert!(page.contains("/api/v1/workspaces/{ws}") && page.contains("id=\"type-Workspace\"") && !page.contains("<script"));
}

#[actix_web::test]
async fn ops_2_health_readiness_and_metrics() {
    let server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Team").await;
    ada.get(&format!("/workspaces/{ws}")).await;
    let get = async |path: &str| {
        let answer = ada.client.get(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    };
    assert_eq!(get("/healthz").await, "ok\n");
    assert_eq!(get("/readyz").await, "ready\n");
    let metrics = get("/metrics").await;
    let counted = "coord_http_requests_total{method=\"GET\",route=\"/api/v1/workspaces/{ws}\",status=\"200\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(!metrics.contains(&ws), "labels are routes, not addresses");
    let commits: u64 = metrics
        .lines()
        .find_map(|line| line.strip_prefix("coord_store_commits_total "))
        .unwrap()
        .parse()
        .unwrap();
    assert!(commits >= 2);
}

#[actix_web::test]
async fn the_web_app_is_served_with_headers_that_protect_it() {
    let server = server();
    let client = server.nobody().client;
    for path in ["/", "/w/team/board", "/invitations/0123abcd"] {
        let answer = client.get(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-eval"),
            "{policy}"
        );
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let etag = answer.headers()["etag"].clone();
        let again = client
            .get(format!("{}{path}", server.url))
            .header("if-none-match", etag)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), 304);
    }
    for path in ["/missing.js", "/assets/missing.css", "/..%2f..%2fCargo.toml"] {
        let answer = client.get(format!("{}{path}", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert_eq!(client.post(format!("{}/", server.url)).send().await.unwrap().status(), 405);
}

#[actix_web::test]
async fn a_restart_keeps_everything_and_frees_the_folder() {
    let mut server = server();
    let ada = server.person("ada").await;
    let ws = ada.workspace("Kept").await;
    server.stop().await;
    let again = server_with(server.same_data());
    let mut ada = ada.clone();
    ada.base.clone_from(&again.url);
    assert_eq!(text(&ada.get(&format!("/workspaces/{ws}")).await, "name"), "Kept");
}
