//! The API, over HTTP.

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use orders::options::Options;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves while `scenario` asks.
async fn served(scenario: impl AsyncFnOnce(Client, String)) {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let asks = async {
        let client = Client::builder().no_proxy().build().unwrap();
        scenario(client, url).await;
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(orders::serve(listener, &options, stop.clone()), asks);
    ended.unwrap();
}

fn options(data: &Path) -> Options {
    Options::parse_from([Path::new("orders"), Path::new("--data"), data])
}

fn order() -> Value {
    json!({ "customer": "ada", "lines": [{ "sku": "tea", "quantity": 1 }], "cents": 2_000, "currency": "EUR",
            "card": "good", "address": "1 Loop Road" })
}

async fn json(response: Response) -> Value {
    response.json().await.unwrap()
}

#[tokio::test]
async fn an_order_is_placed_and_read_at_its_position_and_its_story_is_told() {
    served(async |client, url| {
        let goods = client
            .post(format!("{url}/v1/stock/tea"))
            .header("idempotency-key", "g");
        goods.json(&json!({ "quantity": 5 })).send().await.unwrap();
        let place = || {
            let request = client
                .post(format!("{url}/v1/orders"))
                .header("idempotency-key", "k");
            request.json(&order()).send()
        };
        let placed = place().await.unwrap();
        assert_eq!(placed.status(), StatusCode::ACCEPTED);
        let placed = json(placed).await;
        let again = json(place().await.unwrap()).await;
        assert_eq!(again["order"], placed["order"]);
        assert_eq!(again["repeated"], true);

        let id = placed["order"].as_str().unwrap();
        let one = format!("{url}/v1/orders/{id}?after={}", placed["position"]);
        assert_eq!(
            json(client.get(one).send().await.unwrap()).await["customer"],
            "ada"
        );
        loop {
            let story = client
                .get(format!("{url}/v1/orders/{id}/events"))
                .send()
                .await
                .unwrap();
            let story = json(story).await;
            let mut kinds = story
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["event"]["kind"].clone());
            if kinds.next_back() == Some(json!("ended")) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_the_rule() {
    served(async |client, url| {
        let address = format!("{url}/v1/orders");
        let post = |key: &'static str, body: Value| {
            client
                .post(&address)
                .header("idempotency-key", key)
                .json(&body)
                .send()
        };
        let no_key = client.post(&address).json(&order()).send().await.unwrap();
        assert_eq!(no_key.status(), StatusCode::BAD_REQUEST);
        for (field, wrong) in [
            ("lines", json!([])),
            ("lines", json!([{ "sku": "tea", "quantity": 0 }])),
            (
                "lines",
                json!([{ "sku": "tea", "quantity": 1 }, { "sku": "tea", "quantity": 1 }]),
            ),
            ("cents", json!(0)),
            ("cents", json!(u64::MAX)),
            ("customer", json!("x".repeat(201))),
            ("unknown", json!(1)),
        ] {
            let mut body = order();
            body[field] = wrong;
            let answer = post("k", body).await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        }
        post("k", order()).await.unwrap();
        let mut other = order();
        other["cents"] = json!(1);
        let answer = post("k", other).await.unwrap();
        assert_eq!(json(answer).await["code"], "key_reused");
    })
    .await;
}

#[tokio::test]
async fn a_page_of_another_site_may_not_order() {
    served(async |client, url| {
        let request = client
            .post(format!("{url}/v1/orders"))
            .header("idempotency-key", "k");
        let foreign = request
            .header("origin", "https://evil.example")
            .json(&order());
        assert_eq!(
            foreign.send().await.unwrap().status(),
            StatusCode::FORBIDDEN
        );
    })
    .await;
}

#[tokio::test]
async fn a_question_for_an_event_that_does_not_come_is_answered_in_bounded_time() {
    served(async |client, url| {
        let answer = client
            .get(format!("{url}/v1/orders?after=999"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()["retry-after"], "1");
    })
    .await;
}

#[tokio::test]
async fn the_page_the_document_and_the_numbers_are_there_and_the_page_is_live() {
    served(async |client, url| {
        for (path, part) in [
            ("/", "Who has read how far"),
            ("/openapi.json", "\"openapi\": \"3.1.0\""),
            ("/metrics", "orders_lag_events"),
            ("/readyz", "ready"),
        ] {
            let text = client.get(format!("{url}{path}")).send().await.unwrap();
            let text = text.text().await.unwrap();
            assert!(text.contains(part), "{path}: {text}");
        }
        let mut live = client.get(format!("{url}/v1/live")).send().await.unwrap();
        let first = live.chunk().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&first).contains("\"relay\""));
    })
    .await;
}
