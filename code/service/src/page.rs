//! Pages, styles and scripts that are part of the program.

use axum::Router;
use axum::http::header;
use axum::routing::get;

/// Nothing but what this program serves, and nothing inline.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'";

/// Serves files, each an address and what `include_str!` gives, with headers that let a page load,
/// and be framed by, nothing foreign. What ends with `.css` is a style sheet, what ends with `.js`
/// a script, and all else a page.
pub fn routes(files: &[(&'static str, &'static str)]) -> Router {
    files.iter().fold(Router::new(), |router, &(path, text)| {
        let headers = [
            (header::CONTENT_TYPE, kind(path)),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        router.route(path, get(async move || (headers, text)))
    })
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}
