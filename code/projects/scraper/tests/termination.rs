//! Any graph, any order of ends: each page is taken once, and pending is zero when no page can come.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use web_scraper::address::Address;
use web_scraper::crawl::seed;
use web_scraper::frontier::{Budget, Ended, Found, Frontier, Outcome, SqliteFrontier, Taken};

type Graph = Vec<Vec<usize>>;

fn address(page: usize) -> Address {
    // Three hosts.
    Address::parse(&format!("http://h{}.test/{page}", page % 3)).unwrap()
}

fn number(address: &Address) -> usize {
    address.url().path()[1..].parse().unwrap()
}

fn reachable(graph: &Graph) -> HashSet<usize> {
    let (mut seen, mut stack) = (HashSet::from([0]), vec![0]);
    while let Some(page) = stack.pop() {
        stack.extend(graph[page].iter().filter(|next| seen.insert(**next)));
    }
    seen
}

fn end(page: &Taken, graph: &Graph, again: bool) -> Ended {
    let links = &graph[number(&page.found.address)];
    let found = |next: &usize| Found {
        on: Some(page.id),
        ..seed(address(*next))
    };
    let done = Outcome::Done {
        status: 200,
        etag: None,
        modified: None,
    };
    if again {
        return page.end(Outcome::Again { failed: true });
    }
    Ended {
        found: links.iter().map(found).collect(),
        ..page.end(done)
    }
}

// ANCHOR: walk
/// Takes and ends pages in the order that `choices` say; some visits fail once. Returns how often
/// each page was taken.
async fn walk(graph: &Graph, choices: &[usize]) -> HashMap<usize, u32> {
    let folder = tempfile::tempdir().unwrap();
    let budget = Budget {
        pages: 1_000,
        places: 2,
        delay: Duration::ZERO,
    };
    let frontier = SqliteFrontier::open(&folder.path().join("frontier.db"), budget).unwrap();
    frontier.add(vec![seed(address(0))]).await.unwrap();
    let (mut taken, mut times) = (Vec::new(), HashMap::new());
    let mut choices = choices.iter().copied().cycle();
    loop {
        let claim = frontier.claim(choices.next().unwrap() % 4).await.unwrap();
        taken.extend(claim.pages);
        if claim.pending == 0 {
            assert!(
                taken.is_empty(),
                "pages are under way, and nothing is pending"
            );
            return times;
        }
        if taken.is_empty() {
            continue;
        }
        let page = taken.swap_remove(choices.next().unwrap() % taken.len());
        *times.entry(number(&page.found.address)).or_default() += 1;
        let again = page.failures == 0 && choices.next().unwrap() % 5 == 0;
        frontier.end(end(&page, graph, again)).await.unwrap();
    }
}
// ANCHOR_END: walk

fn graphs() -> impl Strategy<Value = Graph> {
    (1_usize..12)
        .prop_flat_map(|pages| prop::collection::vec(prop::collection::vec(0..pages, 0..5), pages))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_crawl_ends_and_has_taken_all_pages_once_and_those_that_failed_twice(
        graph in graphs(),
        mut choices in prop::collection::vec(0_usize..60, 20..60),
    ) {
        choices.push(1); // so that some claim wants a page
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let times = runtime.block_on(walk(&graph, &choices));
        prop_assert_eq!(times.keys().copied().collect::<HashSet<_>>(), reachable(&graph));
        prop_assert!(times.values().all(|times| *times <= 2));
    }
}
