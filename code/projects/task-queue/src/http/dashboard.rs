//! The dashboard: three files that are part of the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// Nothing but what this program serves, and nothing inline.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'";

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let page = include_str!("dashboard/index.html");
    let style = include_str!("dashboard/dashboard.css");
    let script = include_str!("dashboard/dashboard.js");
    Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", page)))
        .route(
            "/dashboard.css",
            get(async || file("text/css; charset=utf-8", style)),
        )
        .route(
            "/dashboard.js",
            get(async || file("text/javascript; charset=utf-8", script)),
        )
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
