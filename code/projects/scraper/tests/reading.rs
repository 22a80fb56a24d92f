//! What is read and learned: addresses, hosts, pages, robots.txt, sitemaps, rules. No server is
//! needed.

mod address;
mod guard;
mod hosts;
mod page;
mod retry_after;
mod robots;
mod rules;
mod sitemap;
