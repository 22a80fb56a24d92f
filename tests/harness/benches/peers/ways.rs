//! The ways to prove a book, each set up in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::Context as _;
use harness::bench;

use crate::pages::{CHAPTER, Dialect, Pages};

const SKEPTIC: &str = "0.14.2";

/// A way to prove a book.
pub struct Way {
    pub name: String,
    pages: PathBuf,
    dialect: Dialect,
    /// Where it keeps programs that it has built.
    cache: Option<PathBuf>,
    folder: PathBuf,
    /// What one types to prove the whole book.
    command: Vec<String>,
    /// What one types besides to prove one chapter.
    chapter: Vec<String>,
    variables: Vec<(&'static str, PathBuf)>,
}

/// Sets up all ways. Each proves the book once, and thereby compiles what it needs for that.
pub fn all(pages: &Pages) -> anyhow::Result<Vec<Way>> {
    let repository = harness::root().canonicalize()?;
    let bench = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let ways = vec![
        ours(&repository, &bench.join("ours")),
        skeptic(&repository, &bench.join("skeptic"))?,
        doctests(&repository, &bench.join("doctests"), pages)?,
        mdbook(&bench, pages)?,
    ];
    for way in &ways {
        eprintln!("{} proves the book once", way.name);
        way.edit(pages, 0)?;
        let proved = way.prove(way.command())?;
        // mdBook does not say how many programs it ran.
        anyhow::ensure!(
            proved == pages.programs() || way.dialect == Dialect::MdBook,
            "{} proved {proved} programs of {}",
            way.name,
            pages.programs()
        );
    }
    Ok(ways)
}

impl Way {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .current_dir(&self.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn command_for_chapter(&self) -> Command {
        let mut command = self.command();
        command.args(&self.chapter);
        command
    }

    /// Runs a command, which must succeed, and tells how many programs it says have passed.
    pub fn prove(&self, mut command: Command) -> anyhow::Result<usize> {
        let output = command
            .output()
            .with_context(|| format!("cannot run {}", self.command[0]))?;
        let said = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(
            output.status.success(),
            "{command:?} fails:\n{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let passed = said.split(" passed").filter_map(|before| {
            before
                .rsplit(' ')
                .next()
                .and_then(|number| number.parse::<usize>().ok())
        });
        Ok(passed.sum())
    }

    /// Writes its copy of the pages, with one program changed.
    pub fn edit(&self, pages: &Pages, edit: u32) -> io::Result<()> {
        pages.write(&self.pages, self.dialect, edit)
    }

    /// Removes every program that it keeps.
    pub fn forget(&self) -> io::Result<()> {
        match &self.cache {
            Some(cache) if cache.exists() => fs::remove_dir_all(cache),
            _ => Ok(()),
        }
    }
}

fn ours(repository: &Path, folder: &Path) -> Way {
    Way {
        name: "this harness".into(),
        pages: folder.join("book"),
        dialect: Dialect::Ours,
        cache: Some(folder.join("target/tmp/chapters")),
        folder: repository.into(),
        command: words("cargo test --package chapters"),
        chapter: words(CHAPTER),
        variables: vec![
            ("CARGO_TARGET_DIR", folder.join("target")),
            ("BOOK_ROOT", folder.join("book")),
        ],
    }
}

fn skeptic(repository: &Path, folder: &Path) -> anyhow::Result<Way> {
    let version = format!("version = \"{SKEPTIC}\", features = [\"binary-cache\"]");
    package(
        repository,
        folder,
        &format!(
            "[build-dependencies]\nskeptic = {{ {version} }}\n\
             [dev-dependencies]\nskeptic = {{ {version} }}\n"
        ),
    )?;
    write(&folder.join("src/lib.rs"), "")?;
    let build = "fn main() {\n    \
                 let pages = skeptic::markdown_files_of_directory(\"book/\");\n    \
                 skeptic::generate_doc_tests(&pages);\n}\n";
    write(&folder.join("build.rs"), build)?;
    let tests = "include!(concat!(env!(\"OUT_DIR\"), \"/skeptic-tests.rs\"));\n";
    write(&folder.join("tests/book.rs"), tests)?;
    Ok(Way {
        name: format!("skeptic {SKEPTIC}"),
        pages: folder.join("book"),
        dialect: Dialect::Skeptic,
        cache: Some(folder.join("target/debug/.skeptic-bin")),
        folder: folder.into(),
        command: words("cargo test --test book"),
        chapter: words(CHAPTER),
        variables: vec![("CARGO_TARGET_DIR", folder.join("target"))],
    })
}

fn doctests(repository: &Path, folder: &Path, pages: &Pages) -> anyhow::Result<Way> {
    package(repository, folder, "")?;
    let module = |stem: String| {
        format!("#[doc = include_str!(\"../book/{stem}.md\")]\npub mod {stem} {{}}\n")
    };
    write(
        &folder.join("src/lib.rs"),
        &pages.stems().map(module).collect::<String>(),
    )?;
    Ok(Way {
        name: "merged doctests".into(),
        pages: folder.join("book"),
        dialect: Dialect::Rustdoc,
        cache: None,
        folder: folder.into(),
        command: words("cargo test --doc"),
        chapter: words(CHAPTER),
        variables: vec![("CARGO_TARGET_DIR", folder.join("target"))],
    })
}

/// Comes after the doctests, whose crates it uses.
fn mdbook(bench: &Path, pages: &Pages) -> anyhow::Result<Way> {
    let folder = bench.join("mdbook");
    let program = bench::mdbook(&bench.join("tools"))?;
    let settings = "[book]\ntitle = \"Book\"\n[rust]\nedition = \"2024\"\n";
    write(&folder.join("book.toml"), settings)?;
    let entry = |stem| format!("- [{stem}]({stem}.md)\n");
    let summary = pages.stems().map(entry).collect::<String>();
    write(&folder.join("src/SUMMARY.md"), &summary)?;
    let chapter = pages.stems().find(|stem| stem.starts_with(CHAPTER));
    let crates = bench.join("doctests/target/debug/deps");
    Ok(Way {
        name: format!("mdbook test {}", bench::MDBOOK),
        pages: folder.join("src"),
        dialect: Dialect::MdBook,
        cache: None,
        folder,
        command: vec![
            program.display().to_string(),
            "test".into(),
            "--library-path".into(),
            crates.display().to_string(),
        ],
        chapter: vec![
            "--chapter".into(),
            chapter.with_context(|| format!("no chapter {CHAPTER}"))?,
        ],
        variables: vec![],
    })
}

/// A package that has the crates a block of the book may use, of the same versions.
fn package(repository: &Path, folder: &Path, more: &str) -> anyhow::Result<()> {
    let workspace = fs::read_to_string(repository.join("Cargo.toml"))?;
    let chapters = fs::read_to_string(repository.join("tests/chapters/Cargo.toml"))?;
    let manifest = format!(
        "[workspace]\n{}\n\
         [package]\nname = \"peer\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [lib]\ntest = false\n\
         {}\n{more}\
         [profile.dev]\ndebug = false\n",
        section(&workspace, "[workspace.dependencies]")?,
        section(&chapters, "[dependencies]")?,
    );
    write(&folder.join("Cargo.toml"), &manifest)?;
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        fs::copy(repository.join("Cargo.lock"), lock)?;
    }
    Ok(())
}

/// A table of a manifest, with its heading.
fn section<'a>(manifest: &'a str, heading: &str) -> anyhow::Result<&'a str> {
    let start = manifest
        .find(heading)
        .with_context(|| format!("no {heading} in a Cargo.toml"))?;
    let rest = &manifest[start..];
    Ok(rest.split("\n\n").next().unwrap_or(rest))
}

/// Writes a file unless it says that already, so that nothing is built again for it.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}
