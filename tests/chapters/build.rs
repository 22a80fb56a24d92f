//! Has skeptic write a test for every `rust` block of README.md and content/.
//!
//! The tests are those of skeptic, but that each calls `proof::prove` with the place and the
//! options of its block, where skeptic would call itself. The compiled script also stands in for
//! rustc, which skeptic calls to build a block: see rustc.rs.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use book::escapes::{self, Escape};
use book::{Block, Page};

mod rustc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() {
    let words: Vec<_> = env::args_os().skip(1).collect();
    let done = if words.is_empty() {
        generate()
    } else {
        rustc::stand_in(words)
    };
    if let Err(error) = done {
        eprintln!("{error}");
        process::exit(1);
    }
}

fn generate() -> Result<()> {
    // From here: a checkout may be moved.
    let root = match env::var("BOOK_ROOT") {
        Ok(root) => root,
        Err(_) if Path::new("book").is_dir() => "book".into(),
        Err(_) => "../..".into(),
    };
    println!("cargo:rerun-if-changed=Cargo.toml");
    // cargo takes what is not there for changed.
    for part in ["README.md", "content"] {
        if Path::new(&root).join(part).exists() {
            println!("cargo:rerun-if-changed={root}/{part}");
        }
    }
    println!("cargo:rerun-if-env-changed=BOOK_ROOT");
    // Two checkouts may share a target directory; .cargo/config.toml says which one this is.
    println!("cargo:rerun-if-env-changed=CHECKOUT");
    let mut pages = Vec::new();
    for page in book::read(Path::new(&root)) {
        pages.push(page.map_err(|(path, why)| format!("{path}: {why}"))?);
    }
    if pages.is_empty() {
        return Err(format!("there is no book in {root}: neither README.md nor content/").into());
    }
    let with_programs = pages.iter().filter(|page| programs(page).next().is_some());
    let files: Vec<PathBuf> = with_programs
        .map(|page| Path::new(&root).join(&page.path))
        .collect();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let written = out.join("skeptic-tests.rs");
    skeptic::generate_doc_tests(&files);
    if files.is_empty() {
        fs::write(&written, "")?;
    }
    let tests = adapt(&fs::read_to_string(written)?, &pages)?;
    fs::write(
        out.join("chapters.rs"),
        tests + &python(&pages)? + &refused(&pages)? + &lists(&pages)?,
    )?;
    rustc::announce(&root)?;
    Ok(())
}

fn programs(page: &Page) -> impl Iterator<Item = &Block> {
    page.blocks
        .iter()
        .filter(|block| block.language() == "rust")
}

/// Lets the tests of skeptic call `proof::prove`, and gives them shorter names.
fn adapt(written: &str, pages: &[Page]) -> Result<String> {
    let mut blocks = pages.iter().flat_map(programs);
    let mut adapted = String::new();
    for test in written.split("#[test] fn ").skip(1) {
        let block = blocks.next();
        let block = block.ok_or("skeptic finds more programs than readers see")?;
        let place = block.name();
        let other = || format!("{place}: skeptic finds {test} instead");
        let (found, body) = test.split_once("() {\n").ok_or_else(other)?;
        let (text, call) = body.rsplit_once("    skeptic::rt::").ok_or_else(other)?;
        is_same(block, found, text, call)?;
        let triple = call.rsplit("r#\"").next();
        let triple = triple.and_then(|rest| rest.split('"').next());
        let (name, triple) = (name(block), triple.unwrap_or_default());
        write!(
            adapted,
            "#[test]\nfn {name}() {{\n{text}    proof::prove(&{}, {triple:?}, s);\n}}\n\n",
            program(block)
        )?;
    }
    match blocks.next() {
        Some(block) => Err(format!("{}: skeptic does not find this program", block.name()).into()),
        None => Ok(adapted),
    }
}

/// skeptic must find the very programs that readers see.
fn is_same(block: &Block, found: &str, text: &str, call: &str) -> Result<()> {
    let place = block.name();
    if !found.ends_with(&format!("_line_{}", block.line)) {
        return Err(format!("{place}: skeptic finds {found} instead").into());
    }
    let code = block.code.replace("\r\n", "\n");
    if !text.ends_with(&format!("r####\"{code}\"####);\n")) {
        let why = "begin no line with `# `, and write no `\"####`";
        return Err(format!("{place}: skeptic reads another program than readers: {why}").into());
    }
    if call.starts_with("compile_test") != block.option("no_run").is_some() {
        return Err(format!("{place}: `no_run` in another word of the fence").into());
    }
    Ok(())
}

/// `ch03_coroutines_latency_hiding_line_142`
fn name(block: &Block) -> String {
    let page = words(block.path.rsplit('/').next().unwrap_or_default());
    let heading = words(&block.heading);
    let python = match block.language() {
        "python" => "_python",
        _ => "",
    };
    format!("{page}_{heading}{python}_line_{}", block.line)
}

/// Text as a part of a name: `event_loop` of `Event loop.md`.
fn words(text: &str) -> String {
    let words = text.trim_end_matches(".md");
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_ascii_lowercase()
}

/// What `proof::prove` is told.
fn program(block: &Block) -> String {
    let name = name(block);
    let panics = block.option("should_panic").map(|_| {
        let message = block.option("message").unwrap_or_default();
        message.trim_matches('"')
    });
    let is_run = block.option("no_run").is_none();
    format!(
        "proof::Program {{ name: {name:?}, page: {:?}, line: {}, heading: {:?}, panics: {panics:?}, is_run: {is_run} }}",
        block.path, block.line, block.heading
    )
}

/// A test of each `python` block: skeptic knows no Python.
fn python(pages: &[Page]) -> Result<String> {
    let mut tests = String::new();
    let blocks = pages.iter().flat_map(|page| &page.blocks);
    for block in blocks.filter(|block| block.language() == "python") {
        let name = name(block);
        writeln!(
            tests,
            "#[test] #[ignore = \"needs Python 3.11\"] fn {name}() {{\n    \
             proof::prove_python(&{}, r####\"{}\"####);\n}}\n",
            program(block),
            block.code
        )?;
    }
    Ok(tests)
}

/// A test that fails for what looks like code and is not proved.
fn refused(pages: &[Page]) -> Result<String> {
    let mut tests = String::new();
    for page in pages {
        for (at, Escape { line, what, fix }) in escapes::of_page(page).into_iter().enumerate() {
            let stem = words(page.path.rsplit('/').next().unwrap_or_default());
            let words = format!("{}:{line}: {what}\n  fix: {fix}", page.path);
            write!(
                tests,
                "#[test]\nfn {stem}_refused_{at}_line_{line}() {{\n    proof::refuse({words:?});\n}}\n\n"
            )?;
        }
    }
    Ok(tests)
}

/// What the text was when the tests were written, and what their names are.
fn lists(pages: &[Page]) -> Result<String> {
    let mut lists = String::from(
        "/// A page, and what stands for its text.\nconst PAGES: &[(&str, u64)] = &[\n",
    );
    for page in pages {
        let mut hasher = DefaultHasher::new();
        page.text.hash(&mut hasher);
        writeln!(lists, "    ({:?}, {}),", page.path, hasher.finish())?;
    }
    lists += "];\n\n/// The tests.\nconst NAMES: &[&str] = &[\n";
    let mut names = HashSet::new();
    let blocks = pages.iter().flat_map(|page| &page.blocks);
    for block in blocks.filter(|block| ["rust", "python"].contains(&block.language())) {
        let name = name(block);
        writeln!(lists, "    {name:?},")?;
        if !names.insert(name) {
            let why = "is named as another program: name the file or the heading anew";
            return Err(format!("{} {why}", block.name()).into());
        }
    }
    Ok(lists + "];\n")
}
