//! x
pub mod address;
pub mod fetch;
pub mod frontier;
pub mod guard;
pub mod page;
pub mod robots;
pub mod rules;
pub mod sitemap;
