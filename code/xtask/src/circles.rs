//! Modules that import each other in a circle can only be read and changed all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

/// Which modules each module of a package imports: those that stand in `src` itself, with all below them.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Packages whose modules stand above or below each other.
const LAYERED: [&str; 12] = [
    "code/databases",
    "code/patterns",
    "code/press/book",
    "code/press/recorder",
    "code/projects/chat",
    "code/projects/gateway",
    "code/projects/orders",
    "code/projects/scraper",
    "code/projects/task-queue",
    "code/service",
    "code/testbed",
    "tests/site",
];

/// Reads what `source`, a package's `src`, imports by `crate::`, unit tests aside.
fn imports(source: &Path) -> Result<Imports> {
    let mut imports = Imports::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let inside = path.strip_prefix(source)?;
            let first = inside.iter().next().unwrap_or_default();
            let module = Path::new(first).with_extension("").display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs")
                && !path.ends_with("tests.rs")
                && !["lib", "main", "bin"].contains(&module.as_str())
            {
                let text = std::fs::read_to_string(&path)?;
                let uses = imported(&text).filter(|used| *used != module);
                let known = imports.entry(module.clone()).or_default();
                known.extend(uses.map(str::to_owned));
            }
        }
    }
    Ok(imports)
}

fn imported(text: &str) -> impl Iterator<Item = &str> {
    let end = text.find("#[cfg(test)]\nmod tests");
    let code = text[..end.unwrap_or(text.len())].lines();
    let code = code.filter_map(|line| line.split("//").next());
    let after = code.flat_map(|line| line.split("crate::").skip(1));
    after.filter_map(|rest| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
    })
}

/// The modules that can be reached from themselves.
fn in_circles(imports: &Imports) -> Vec<&str> {
    let reaches_itself = |module: &&String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![*module]);
        while let Some(one) = next.pop() {
            let more = imports.get(one).into_iter().flatten();
            next.extend(more.filter(|used| seen.insert(*used)));
        }
        seen.contains(module)
    };
    let found = imports.keys().filter(reaches_itself);
    found.map(String::as_str).collect()
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let root = crate::project::shell().unwrap().current_dir();
    for package in LAYERED {
        let imports = imports(&root.join(package).join("src")).unwrap();
        assert!(imports.len() > 1, "{package}");
        assert_eq!(in_circles(&imports), [""; 0], "{package}: {imports:#?}");
    }
}

#[test]
fn a_circle_is_found_and_comments_and_tests_are_none() {
    let of = |texts: [(&str, &str); 3]| -> Imports {
        let uses = |text| imported(text).map(str::to_owned).collect();
        let modules = texts.map(|(module, text)| (module.to_owned(), uses(text)));
        modules.into()
    };
    let circle = [
        ("error", "use crate::job::Id;"),
        ("job", "use crate::name::cut;"),
        ("name", "fn new() -> crate::error::Error {}"),
    ];
    assert_eq!(in_circles(&of(circle)), ["error", "job", "name"]);
    let none = [
        ("error", "use crate::job::Id;"),
        ("job", "use crate::name::cut;"),
        (
            "name",
            "// crate::error\n#[cfg(test)]\nmod tests {\n    use crate::error::Error;",
        ),
    ];
    assert!(in_circles(&of(none)).is_empty());
}
