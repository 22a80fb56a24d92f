//! Who gets the next request, as clients see it.

use crate::support::{gateway, get, server};

/// How many of these requests each of three servers gets.
async fn counts(upstream: &str, paths: impl Iterator<Item = String>) -> [usize; 3] {
    let servers = [server().await, server().await, server().await];
    let addresses = [servers[0].0, servers[1].0, servers[2].0];
    let gateway = gateway(&addresses, upstream, "");
    for path in paths {
        get(gateway.address, &path, &[]).await;
    }
    servers.map(|(_, seen)| seen.count())
}

fn same(count: usize) -> impl Iterator<Item = String> {
    std::iter::repeat_n("/tea".to_owned(), count)
}

#[tokio::test]
async fn round_robin_is_fair() {
    assert_eq!(
        counts("balance = \"round-robin\"", same(9)).await,
        [3, 3, 3]
    );
}

#[tokio::test]
async fn one_path_goes_to_one_server_and_many_to_all() {
    let mut counts_of_one = counts("balance = \"hash-path\"", same(9)).await;
    counts_of_one.sort_unstable();
    assert_eq!(counts_of_one, [0, 0, 9]);
    let many = (0..60).map(|number| format!("/{number}"));
    let counts = counts("balance = \"hash-path\"", many).await;
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[tokio::test]
async fn the_default_asks_all_of_them() {
    let counts = counts("", same(60)).await;
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}
