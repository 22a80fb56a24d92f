//! Servers that tests need and that this machine may lack.
//!
//! Such a test is `#[ignore = "needs redis-server"]`, so that `cargo test` passes on any machine;
//! `cargo test -- --ignored` runs them and takes a missing server for a failure.
//! What is not a test (a benchmark, an example) asks [`is_installed`] and goes without.

use std::env;
use std::path::PathBuf;

/// The variable that makes a missing server an error, also where it would be passed over.
pub const REQUIRE: &str = "REQUIRE_SERVICES";

/// The program of this name: on `PATH`, or where Debian keeps PostgreSQL's, the newest first.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    let programs = folders.into_iter().map(|folder| folder.join(program));
    programs.into_iter().find(|program| program.is_file())
}

/// Whether `program` is installed. If not, says so on standard error, and panics if
/// [`REQUIRE`] is set.
pub fn is_installed(program: &str) -> bool {
    let found = find(program).is_some();
    if !found {
        let required = env::var_os(REQUIRE).is_some();
        assert!(
            !required,
            "{program} is not installed, and {REQUIRE} is set"
        );
        eprintln!("passed over: {program} is not installed");
    }
    found
}

/// The program of this name, for a test that cannot do without.
pub(crate) fn required(program: &str, package: &str) -> PathBuf {
    find(program)
        .unwrap_or_else(|| panic!("{program} is not installed (Debian: apt-get install {package})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_it_is_and_nowhere_else() {
        assert!(find("sh").is_some_and(|shell| shell.is_absolute()));
        assert_eq!(find("no-such-program"), None);
    }
}
