//! Nothing to use: the manifest of this package is what it is for.
//!
//! Cargo builds a crate anew for each set of its features, and which features are on depends on the
//! packages that a command names. Were it not for this package, `cargo run -p chat` after `cargo test`
//! would build serde, syn, and all that stands on them once more. So every package has this one as a
//! dev-dependency, and it asks for what any of them asks for. With `resolver = "1"` that holds for all
//! builds, while dependencies of a build script that isn't there are never built themselves.
//!
//! `cargo test -p xtask features -- --ignored` holds it, and says what to write when a dependency has changed.
