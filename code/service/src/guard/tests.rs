use super::*;

use axum::body::Body;
use axum::routing::get;
use clap::Parser;
use tower::ServiceExt;

#[derive(Parser)]
struct Config {
    #[command(flatten)]
    edge: Edge,
}

fn guard(arguments: &[&str]) -> Guard {
    Guard::new(&Config::parse_from([&["x"], arguments].concat()).edge)
}

/// The status that a request with these headers is answered with.
async fn status(guard: &Guard, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    let private = Router::new().route("/jobs", get(async || "").post(async || ""));
    let router = guard.around(private, Router::new().route("/", get(async || "")));
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    router.oneshot(request).await.unwrap().status().as_u16()
}

const OWN: (&str, &str) = ("host", "127.0.0.1:7070");
const JSON: (&str, &str) = ("content-type", "application/json");
const TEXT: (&str, &str) = ("content-type", "text/plain");
const SOME: (&str, &str) = ("content-length", "10");

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_refused_also_for_reads() {
    let guard = guard(&["--allow-host", "Queue.example"]);
    for (host, expected) in [
        ("127.0.0.1:7070", 200),
        ("127.9.9.9", 200),
        ("localhost:7070", 200),
        ("LOCALHOST", 200),
        ("[::1]:7070", 200),
        ("queue.EXAMPLE:80", 200),
        ("evil.example", 421),
        ("evil.example:7070", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
        ("", 421),
    ] {
        for path in ["/jobs", "/"] {
            let got = status(&guard, Method::GET, path, &[("host", host)]).await;
            assert_eq!(got, expected, "{host} {path}");
        }
    }
    assert_eq!(status(&guard, Method::GET, "/", &[]).await, 421);
    let two = [OWN, ("host", "evil.example")];
    assert_eq!(status(&guard, Method::GET, "/", &two).await, 421);
}

#[tokio::test]
async fn pages_of_other_origins_neither_write_nor_open_sockets() {
    let guard = guard(&[]);
    for (origin, expected) in [
        ("http://127.0.0.1:7070", 200),
        ("http://127.0.0.1:7071", 403),
        ("http://127.0.0.1", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("", 403),
    ] {
        let headers = [OWN, JSON, ("origin", origin)];
        for method in [Method::GET, Method::POST] {
            let got = status(&guard, method, "/jobs", &headers).await;
            assert_eq!(got, expected, "{origin}");
        }
    }
}

#[tokio::test]
async fn a_page_whose_origin_is_withheld_is_told_by_its_site() {
    let guard = guard(&[]);
    for (site, get, post) in [
        ("same-origin", 200, 200),
        ("none", 200, 200),
        // A link to the dashboard may be followed.
        ("cross-site", 200, 403),
        ("same-site", 200, 403),
    ] {
        let headers = [OWN, JSON, ("sec-fetch-site", site)];
        assert_eq!(status(&guard, Method::GET, "/jobs", &headers).await, get);
        assert_eq!(status(&guard, Method::POST, "/jobs", &headers).await, post);
    }
}

#[tokio::test]
async fn a_write_is_json_or_empty() {
    let guard = guard(&[]);
    let problem = ("content-type", "application/problem+json; charset=utf-8");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let text_like = ("content-type", "text/x+json");
    let chunked = ("transfer-encoding", "chunked");
    for (headers, expected) in [
        (&[OWN, JSON, SOME][..], 200),
        (&[OWN, problem, SOME], 200),
        (&[OWN], 200),
        (&[OWN, TEXT, SOME], 415),
        (&[OWN, form, SOME], 415),
        (&[OWN, text_like, SOME], 415),
        (&[OWN, TEXT], 415),
        (&[OWN, SOME], 415),
        (&[OWN, chunked], 415),
    ] {
        let got = status(&guard, Method::POST, "/jobs", headers).await;
        assert_eq!(got, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn with_a_token_private_routes_ask_for_it_and_for_nothing_else() {
    let guard = guard(&["--token", "0123456789abcdef"]);
    let far = ("host", "queue.example");
    for (token, expected) in [
        ("Bearer 0123456789abcdef", 200),
        ("Bearer 0123456789abcdeF", 401),
        ("Bearer 0123456789abcde", 401),
        ("Bearer 0123456789abcdef0", 401),
        ("Bearer ", 401),
        ("0123456789abcdef", 401),
        ("Basic 0123456789abcdef", 401),
    ] {
        let headers = [far, ("authorization", token)];
        let got = status(&guard, Method::POST, "/jobs", &headers).await;
        assert_eq!(got, expected, "{token}");
    }
    assert_eq!(status(&guard, Method::GET, "/jobs", &[far]).await, 401);
    assert_eq!(status(&guard, Method::GET, "/", &[far]).await, 200);
}
