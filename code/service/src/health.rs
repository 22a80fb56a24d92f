//! Two questions that must not be mixed up.
//!
//! - `/healthz`: does the process live? It asks no other process: if it asked the store, an outage
//!   of the store would get every process restarted.
//! - `/readyz`: should this process get requests? Not while it stops, and not if what it depends on
//!   does not answer within two seconds.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::problem::Problem;

/// How long a readiness check may take.
pub const READY_WITHIN: Duration = Duration::from_secs(2);
/// When to ask again, in seconds.
const SOON: u32 = 1;

/// `/healthz` and `/readyz`. Not ready once `stopping` fires, or when `ready` gives a reason.
pub fn routes<C, F>(stopping: CancellationToken, ready: C) -> Router
where
    C: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send,
{
    let check = move || {
        let (stopping, ready) = (stopping.clone(), ready.clone());
        async move {
            if stopping.is_cancelled() {
                return not_ready("shutting down");
            }
            match time::timeout(READY_WITHIN, ready()).await {
                Ok(Ok(())) => "ready\n".into_response(),
                Ok(Err(reason)) => not_ready(reason),
                Err(_) => not_ready("what it depends on does not answer"),
            }
        }
    };
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(check))
}

fn not_ready(reason: impl Into<String>) -> Response {
    Problem::unavailable(reason, SOON).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;
    use std::future;
    use tower::ServiceExt;

    async fn status(router: &Router, path: &str) -> u16 {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        answer.status().as_u16()
    }

    #[tokio::test(start_paused = true)]
    async fn it_lives_whatever_happens_and_is_ready_while_all_is_well() {
        let stopping = CancellationToken::new();
        let well = routes(stopping.clone(), async || Ok(()));
        let ill = routes(stopping.clone(), async || Err("no room".to_owned()));
        let silent = routes(stopping.clone(), future::pending::<Result<(), String>>);
        for (router, expected) in [(&well, 200), (&ill, 503), (&silent, 503)] {
            assert_eq!(status(router, "/readyz").await, expected);
            assert_eq!(status(router, "/healthz").await, 200);
        }
        stopping.cancel();
        assert_eq!(status(&well, "/readyz").await, 503);
        assert_eq!(status(&well, "/healthz").await, 200);
    }
}
