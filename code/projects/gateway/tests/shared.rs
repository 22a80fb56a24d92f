//! Rates that gateways count together, and what happens when Redis is gone.

use testbed::redis::Redis;

use crate::support::{file, get, server, statuses};

const RATE: &str = "rate = { per_second = 1, burst = 10, by = \"x-key\", shared = true }";

/// Two gateways that count in this Redis.
async fn two(redis: &str) -> [gateway::running::Running; 2] {
    let (address, _) = server().await;
    let text = format!("redis = \"{redis}\"\n{}", file(&[address], "", RATE));
    let config = gateway::check::parse(&text).unwrap();
    [&config, &config].map(|config| gateway::running::Running::start(config).unwrap())
}

/// Of twenty requests in turns, those that pass.
async fn passing(gateways: &[gateway::running::Running; 2], key: &str) -> usize {
    let mut passed = 0;
    for turn in 0..20 {
        let answer = get(gateways[turn % 2].address, "/", &[key]).await;
        let status = statuses(&answer);
        assert!(status == [200] || status == [429], "{answer}");
        passed += usize::from(status == [200]);
    }
    passed
}

#[tokio::test]
async fn without_redis_each_gateway_counts_for_itself_and_no_request_fails() {
    let nowhere = crate::support::nowhere().await;
    let gateways = two(&format!("redis://{nowhere}")).await;
    let passed = passing(&gateways, "x-key: one").await;
    assert!(passed >= 20, "{passed}"); // ten each, and what they regain
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn gateways_with_one_redis_count_together() {
    let redis = Redis::start_on_port(&[]);
    let gateways = two(&format!("redis://127.0.0.1:{}", redis.port())).await;
    warm(&gateways, &redis).await;
    let before = keys(&redis);
    let start = std::time::Instant::now();
    let passed = passing(&gateways, "x-key: one").await;
    let regained = start.elapsed().as_secs() as usize + 1;
    assert!((10..=10 + regained).contains(&passed), "{passed}");
    passing(&gateways, "x-key: two").await;
    assert!(keys(&redis) - before >= 2, "one for each client");
    let names: Vec<String> = redis.command("KEYS *");
    let is_hash = |name: &String| {
        let hash = name.strip_prefix("gateway:rate:all:").unwrap_or_default();
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    assert!(!names.is_empty() && names.iter().all(is_hash), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server"]
async fn when_redis_goes_requests_are_counted_on_and_when_it_is_back_together() {
    let mut redis = Redis::start_on_port(&[]);
    let gateways = two(&format!("redis://127.0.0.1:{}", redis.port())).await;
    warm(&gateways, &redis).await;
    redis.kill();
    let passed = passing(&gateways, "x-key: one").await;
    assert!(passed >= 18, "{passed}"); // each has a burst of its own
    redis.restart();
    warm(&gateways, &redis).await;
    let start = std::time::Instant::now();
    let passed = passing(&gateways, "x-key: two").await;
    let regained = start.elapsed().as_secs() as usize + 1;
    assert!((10..=10 + regained).contains(&passed), "{passed}");
}

/// Asks until both have counted in Redis: on a busy machine, a connection takes its time.
async fn warm(gateways: &[gateway::running::Running; 2], redis: &Redis) {
    for (number, gateway) in gateways.iter().enumerate() {
        for attempt in 0.. {
            assert!(attempt < 3000, "gateway {number} doesn't count in Redis");
            let key = format!("x-key: warm-{number}-{attempt}");
            let before = keys(redis);
            get(gateway.address, "/", &[&key]).await;
            if keys(redis) > before {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// How many keys there have been so far. Those of one request are gone after a second, and count.
fn keys(redis: &Redis) -> usize {
    let about: String = redis.command("INFO");
    let number = |beginning| {
        let rest = about.lines().find_map(|line| line.strip_prefix(beginning));
        let number = rest.and_then(|rest| rest.split(',').next());
        number.map_or(0, |number| number.trim().parse().unwrap())
    };
    number("expired_keys:") + number("db0:keys=")
}
