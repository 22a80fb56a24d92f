//! Files that are part of the program.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use service::page;
use tower::ServiceExt;

#[tokio::test]
async fn a_file_comes_as_what_its_address_ends_with_and_lets_nothing_foreign_in() {
    let files = [
        ("/", "a page"),
        ("/a.css", "a style"),
        ("/a.js", "a script"),
    ];
    let kinds = ["text/html", "text/css", "text/javascript"];
    for ((path, text), kind) in files.into_iter().zip(kinds) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = page::routes(&files).oneshot(request).await.unwrap();
        let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header(CONTENT_TYPE), format!("{kind}; charset=utf-8"));
        assert!(header(CONTENT_SECURITY_POLICY).starts_with("default-src 'self'"));
        let body = to_bytes(answer.into_body(), 100).await.unwrap();
        assert_eq!(body, text);
    }
}
