//! A polite, restartable web crawler.
//!
//! ```text
//!              claim                     robots.txt, breaker
//!  frontier ──────────▶ crawl ──▶ visit ─────────────────────▶ fetch ──▶ the web
//!  (a file)             1 task    1 task a page                limits, public
//!     ▲                                                        addresses only
//!     │   end: outcome, links, item, in one step                  │
//!     └───────────────────────────────── page, rules ◀────────────┘
//! ```
//!
//! - [`frontier`] knows all pages and whose turn it is. A page is queued, taken or ended; what a
//!   visit finds is added in the step that ends it, so *pending* is zero once, at the end.
//! - [`crawl`] takes what's due and visits it. It keeps nothing that must survive.
//! - [`hosts`] has each host's robots.txt, pace, breaker and retry budget.
//! - [`fetch`] makes one request within limits, to machines that [`guard`] calls public.
//! - [`page`] and [`rules`] read what came, on another thread if it's large.
//! - [`cli`] and [`demo`] are the program around it.

pub mod address;
pub mod cli;
pub mod crawl;
#[path = "../pretend/shop.rs"]
pub mod demo;
pub mod fetch;
pub mod frontier;
pub mod guard;
pub mod hosts;
pub mod page;
pub mod robots;
pub mod rules;
pub mod sitemap;
