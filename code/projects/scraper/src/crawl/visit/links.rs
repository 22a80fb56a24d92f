//! What a page or a sitemap leads to.

use tracing::warn;

use super::Visitor;
use crate::address::Address;
use crate::crawl::seed;
use crate::frontier::{Ended, Found, Kind, Outcome, Taken};
use crate::page::Parsed;
use crate::sitemap;

/// Sitemaps that point to sitemaps.
const SITEMAP_LEVELS: u32 = 2;
/// Bytes that a compressed sitemap may become.
const UNPACKED: usize = 16 << 20;

impl Visitor {
    pub(super) fn parsed(&self, page: &Taken, parsed: Parsed, ended: Ended) -> Ended {
        if parsed.too_deep {
            let outcome = Outcome::Failed("nested too deeply".to_owned());
            return Ended { outcome, ..ended };
        }
        if let Some(missing) = &parsed.missing {
            warn!(page = %page.found.address, %missing, "no item");
        }
        let own = page.found.address.clone();
        let elsewhere = parsed.canonical.filter(|address| *address != own);
        // The page says that it's a copy; the item is taken from the original.
        let item = parsed.item.filter(|_| elsewhere.is_none());
        let links = elsewhere.into_iter().chain(parsed.links);
        let found = links
            .filter_map(|address| self.link(page, address))
            .collect();
        Ended {
            found,
            item: item.map(|item| item.to_string()),
            ..ended
        }
    }

    pub(super) fn link(&self, page: &Taken, address: Address) -> Option<Found> {
        let depth = page.found.depth + 1;
        let near = depth <= self.settings.depth && self.settings.scope.allows(&address);
        near.then_some(Found {
            depth,
            on: Some(page.id),
            ..seed(address)
        })
    }

    pub(super) async fn listed(&self, page: &Taken, body: Vec<u8>) -> Vec<Found> {
        let read = tokio::task::spawn_blocking(move || sitemap::parse(&body, UNPACKED));
        let list = read.await.unwrap_or_default();
        let absolute = |text: &String| page.found.address.join(text).ok();
        let pages = list.pages.iter().filter_map(absolute);
        let mut found: Vec<_> = pages
            .filter_map(|address| self.link(page, address))
            .collect();
        let hops = page.found.hops + 1;
        if hops > SITEMAP_LEVELS && !list.sitemaps.is_empty() {
            warn!(sitemap = %page.found.address, "sitemaps within sitemaps are cut off here");
            return found;
        }
        let lists = list.sitemaps.iter().filter_map(absolute);
        let lists = lists.filter_map(|list| self.link(page, list));
        found.extend(lists.map(|list| Found {
            kind: Kind::Sitemap,
            hops,
            ..list
        }));
        found
    }
}
