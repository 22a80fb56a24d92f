//! Which systems a benchmark measures: all, or those whose names begin as its options say.

use anyhow::{Result, ensure};

/// Whether a system of this name is measured.
pub fn is_wanted(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|beginning| name.starts_with(beginning))
}

/// Those that are measured.
///
/// # Errors
///
/// No name begins as one of `only` says: a table without it would look like a measurement. The
/// error has the names that there are.
pub fn chosen<S>(
    mut systems: Vec<S>,
    only: &[String],
    name: impl Fn(&S) -> &str,
) -> Result<Vec<S>> {
    for beginning in only {
        let names: Vec<_> = systems.iter().map(&name).collect();
        ensure!(
            names.iter().any(|name| name.starts_with(beginning)),
            "no system's name begins with {beginning:?}; these are their names:\n{}",
            names.join("\n")
        );
    }
    systems.retain(|system| is_wanted(only, name(system)));
    Ok(systems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(only: &[&str]) -> Result<Vec<&'static str>> {
        let only: Vec<_> = only.iter().map(|&it| it.to_owned()).collect();
        chosen(vec!["chat", "ws 8.23.0", "ws, gathered"], &only, |it| it)
    }

    #[test]
    fn those_whose_names_begin_so_are_measured_or_all() {
        assert_eq!(measured(&[]).unwrap().len(), 3);
        assert_eq!(measured(&["ws 8", "ch"]).unwrap(), ["chat", "ws 8.23.0"]);
    }

    #[test]
    fn a_beginning_of_no_name_is_refused_with_the_names_also_beside_another() {
        for only in [&["redis"][..], &["chat", "redis"]] {
            let said = measured(only).unwrap_err().to_string();
            let names =
                "begins with \"redis\"; these are their names:\nchat\nws 8.23.0\nws, gathered";
            assert!(said.ends_with(names), "{said}");
        }
    }
}
