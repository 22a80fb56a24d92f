//! Pages, styles and scripts that are part of the program.

use axum::Router;
use axum::http::header;
use axum::routing::get;

/// Nothing but what this program serves, and nothing inline.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'";

/// One file: its address, its kind and its text.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Such as `/app.js`.
    pub path: &'static str,
    /// Such as [`SCRIPT`](File::SCRIPT).
    pub kind: &'static str,
    /// What `include_str!` gives.
    pub text: &'static str,
}

impl File {
    /// The kind of a page.
    pub const PAGE: &'static str = "text/html; charset=utf-8";
    /// The kind of a style sheet.
    pub const STYLE: &'static str = "text/css; charset=utf-8";
    /// The kind of a script.
    pub const SCRIPT: &'static str = "text/javascript; charset=utf-8";
}

/// Serves `files`, with headers that let a page load, and be framed by, nothing foreign.
pub fn routes(files: &[File]) -> Router {
    files.iter().fold(Router::new(), |router, &file| {
        let headers = [
            (header::CONTENT_TYPE, file.kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        router.route(file.path, get(async move || (headers, file.text)))
    })
}
