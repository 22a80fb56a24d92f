//! Does the search find what readers look for? queries.toml says what has to come first.
//!
//! The script that readers' browsers run is asked, under Node, over the index of the built site.
//! As with the built pages, this is passed over where public/ is missing or old, or Node is
//! missing, but not in CI.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use site::book::Book;
use site::built;

/// How many of a hundred queries have to have the right section first.
const PERCENT: usize = 90;
const SCRIPTS: [&str; 2] = ["search-index.js", "search-words.js"];

#[derive(Deserialize)]
struct Queries {
    common: Vec<Query>,
    ours: Vec<Query>,
    readers: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    query: String,
    first: Vec<String>,
}

/// Where the book stands, if its search can be asked.
fn built_book() -> Option<PathBuf> {
    let root = harness::root();
    let has_node = Command::new("node").arg("--version").output().is_ok();
    let is_ci = std::env::var_os("CI").is_some();
    let is_built = has_node && built::are_current(&Book::read(&root));
    if !is_ci && !is_built {
        eprintln!("passed over: needs node and a public/ that `cargo xtask build` made anew");
        return None;
    }
    Some(root)
}

#[test]
fn every_section_is_found_where_it_stands() {
    let Some(root) = built_book() else { return };
    let sections = ask(&root, b"null").concat();
    assert!(sections.len() > 1000, "{} sections", sections.len());
    let mut pages: HashMap<String, String> = HashMap::new();
    let missing: Vec<&String> = sections
        .iter()
        .filter(|href| {
            let (path, id) = href.split_once('#').unwrap_or((href, ""));
            let html = pages.entry(path.to_owned()).or_insert_with(|| {
                let file = root.join(built::FOLDER).join(path).join("index.html");
                fs::read_to_string(file).unwrap_or_default()
            });
            !html.contains(&if id.is_empty() {
                "<h1".to_owned()
            } else {
                format!("id=\"{id}\"")
            })
        })
        .collect();
    assert!(
        missing.is_empty(),
        "nothing stands there: {missing:?}\n  fix: `id` in code/press/search/src/files.rs, or what reads it in static/js/search-index.js"
    );
}

#[test]
fn right_section_comes_first() {
    let Some(root) = built_book() else { return };
    let text = fs::read_to_string(root.join("tests/site/queries.toml")).expect("queries.toml");
    let Queries {
        common,
        ours,
        readers,
    } = toml::from_str(&text).expect("queries.toml has its form");
    let mut misses: Vec<String> = [&common, &ours, &readers]
        .iter()
        .filter_map(|queries| too_many_misses(queries, &answers(&root, queries)))
        .collect();
    misses.extend(far_behind(&readers, &answers(&root, &readers)));
    assert!(misses.is_empty(), "\n{}", misses.join("\n"));
}

/// What a set of queries found instead, if it is more than may go wrong.
fn too_many_misses(queries: &[Query], answers: &[Vec<String>]) -> Option<String> {
    let misses: Vec<String> = queries
        .iter()
        .zip(answers)
        .filter(|(query, found)| found.first().is_none_or(|it| !query.first.contains(it)))
        .map(|(query, found)| {
            let Query { query, first } = query;
            format!("  \"{query}\" finds {found:?}\n    expected first: {first:?}\n")
        })
        .collect();
    let right = queries.len() - misses.len();
    println!("{right} of {} have the right section first", queries.len());
    print!("{}", misses.concat());
    (right * 100 < PERCENT * queries.len()).then(|| {
        format!(
            "{right} of {} have the right section first, and it must be {PERCENT} %:\n{}  \
             fix: tests/site/queries.toml if a section moved, else the weights of code/press/search/src/weights.rs",
            queries.len(),
            misses.concat()
        )
    })
}

/// The queries whose right section is not even among the first three.
fn far_behind(queries: &[Query], answers: &[Vec<String>]) -> Option<String> {
    let far: String = queries
        .iter()
        .zip(answers)
        .filter(|(query, found)| !found.iter().take(3).any(|it| query.first.contains(it)))
        .map(|(query, found)| format!("  \"{}\" finds {found:?}\n", query.query))
        .collect();
    (!far.is_empty()).then(|| format!("the right section must be among the first three:\n{far}"))
}

/// The five sections that come first for each query.
fn answers(root: &Path, queries: &[Query]) -> Vec<Vec<String>> {
    let asked: Vec<&str> = queries.iter().map(|it| it.query.as_str()).collect();
    ask(root, &serde_json::to_vec(&asked).expect("JSON"))
}

/// What the search answers to this JSON.
fn ask(root: &Path, asked: &[u8]) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).expect("a file");
    put("package.json", br#"{"type": "module"}"#);
    put("search.mjs", include_bytes!("search.mjs"));
    for script in SCRIPTS {
        let file = root.join("static/js").join(script);
        put(script, &fs::read(file).expect("the search's script"));
    }
    let mut node = Command::new("node")
        .arg(folder.path().join("search.mjs"))
        .arg(root.join(built::FOLDER).join("search"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is on PATH");
    let mut input = node.stdin.take().expect("a pipe");
    input.write_all(asked).expect("node reads its input");
    drop(input);
    let output = node.wait_with_output().expect("node ends");
    assert!(
        output.status.success(),
        "node cannot ask the index in public/search: `cargo xtask build` makes it"
    );
    serde_json::from_slice(&output.stdout).expect("a list of answers")
}
