//! Builds the program of a block, and keeps it until its text changes.
//!
//! Programs that are missing are built many at a time, each as a module of one crate, because
//! most of what a small Tokio program costs to build is the same for all of them. If such a
//! crate does not compile it is halved until each block at fault stands alone, so what is
//! reported always comes from a program built by itself, as a reader would build it.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::book::Block;

/// The name of the variable that tells a shared program which of its blocks to run.
pub const BLOCK: &str = "BOOK_BLOCK";

/// More than this in one crate saves little and costs memory.
const MOST_IN_ONE_CRATE: usize = 24;

/// What a block with tests is given besides, so that the program itself is run too.
const RUN_MAIN: &str =
    "#[test]\nfn the_program_runs() -> impl std::process::Termination { main() }\n";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A warning is an error: a reader who pastes a block should see none.
const FLAGS: &[&str] = &[
    "--edition=2024",
    "--crate-type=bin",
    "--crate-name=main",
    "-Dwarnings",
    "-Cdebuginfo=0",
    "-Cstrip=debuginfo",
];

/// Compiles blocks with the compiler, and against the crates, that built a test.
pub struct Compiler {
    rustc: String,
    crates: Vec<String>,
    cache: PathBuf,
}

impl Compiler {
    /// `invocation` is what the macro of that name gives in the test; programs are kept in `cache`.
    /// Blocks cannot use the crates in `hidden`, which serve the test itself.
    pub fn new(invocation: &[&str], hidden: &[&str], cache: &Path) -> anyhow::Result<Compiler> {
        let (rustc, arguments) = invocation.split_first().context("an empty invocation")?;
        let is_hidden = |value: &str| {
            let name = value.split('=').next().unwrap_or_default();
            hidden.contains(&name.rsplit(':').next().unwrap_or_default())
        };
        let mut crates = Vec::new();
        for pair in arguments.windows(2) {
            if pair[0] == "-L" || (pair[0] == "--extern" && !is_hidden(pair[1])) {
                crates.extend(pair.iter().map(|word| word.to_string()));
            }
        }
        fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
        Ok(Compiler {
            rustc: rustc.to_string(),
            crates,
            cache: cache.into(),
        })
    }

    /// Where the program of a block is kept: its name stands for all that it is made from.
    pub fn program(&self, block: &Block) -> PathBuf {
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, &block.code, &self.rustc, FLAGS, &self.crates).hash(&mut hasher);
            hasher.finish()
        };
        self.cache.join(format!("{:016x}{:016x}", hash(0), hash(1)))
    }

    /// Builds every program that is missing, on all processors.
    /// One that does not compile stays missing: [`Compiler::build_alone`] says why.
    pub fn build(&self, blocks: &[&Block]) {
        let mut seen = HashSet::new();
        let missing = blocks.iter().copied().filter(|block| {
            let program = self.program(block);
            !program.exists() && seen.insert(program)
        });
        let (alone, shared): (Vec<&Block>, Vec<&Block>) =
            missing.partition(|block| has_tests(block));
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let rounds = shared.len().div_ceil(workers * MOST_IN_ONE_CRATE).max(1);
        let size = shared.len().div_ceil(workers * rounds).max(1);
        let groups: Vec<&[&Block]> = shared.chunks(size).chain(alone.chunks(1)).collect();
        let groups = Mutex::new(groups.into_iter());
        let next = || {
            groups
                .lock()
                .expect("no thread panics with the lock")
                .next()
        };
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(group) = next() {
                        self.build_group(group);
                    }
                });
            }
        });
    }

    fn build_group(&self, group: &[&Block]) {
        if let [block] = group {
            // Whoever runs it builds it again, and reports the error.
            let _ = self.build_alone(block);
        } else if self.build_together(group).is_err() {
            let (left, right) = group.split_at(group.len() / 2);
            self.build_group(left);
            self.build_group(right);
        }
    }

    /// Builds the program of one block as a reader would.
    /// Its lines are numbered as in the page, in the compiler's messages and in those of a panic.
    pub fn build_alone(&self, block: &Block) -> anyhow::Result<()> {
        let mut source = "\n".repeat(block.line) + &block.code;
        let mut flags: &[&str] = &[];
        if has_tests(block) {
            source += RUN_MAIN;
            flags = &["--test"];
        }
        let built = self.compile(&block.path, &source, flags)?;
        let program = self.program(block);
        fs::rename(&built.program, &program).context("cannot keep the program")
    }

    /// Builds one program that is any of several blocks, as the variable [`BLOCK`] says.
    fn build_together(&self, group: &[&Block]) -> anyhow::Result<()> {
        let (mut modules, mut arms) = (String::new(), String::new());
        for (index, block) in group.iter().enumerate() {
            let (code, program) = (&block.code, self.program(block));
            write!(
                modules,
                "mod block_{index} {{\n{code}\npub fn run_block() -> std::process::ExitCode \
                 {{ std::process::Termination::report(main()) }}\n}}\n",
            )?;
            let name = program.file_name().unwrap_or_default().display();
            writeln!(arms, "Ok(\"{name}\") => block_{index}::run_block(),")?;
        }
        let source = format!(
            "{modules}fn main() -> std::process::ExitCode {{\n\
             match std::env::var(\"{BLOCK}\").as_deref() {{\n{arms}\
             _ => std::process::ExitCode::FAILURE,\n}}\n}}\n"
        );
        let built = self.compile("blocks.rs", &source, &[])?;
        for block in group {
            fs::hard_link(&built.program, self.program(block))
                .or_else(|_| fs::copy(&built.program, self.program(block)).map(drop))?;
        }
        Ok(())
    }

    /// Compiles `source` in a folder of its own, where it stands in a file named `path`: so the
    /// messages of the compiler name the page.
    fn compile(&self, path: &str, source: &str, flags: &[&str]) -> anyhow::Result<Built> {
        let folder = tempfile::tempdir_in(&self.cache)?;
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
        fs::write(&file, source)?;
        let program = folder.path().join("program");
        let output = Command::new(&self.rustc)
            .current_dir(&folder)
            .args(FLAGS)
            .args(flags)
            .args(&self.crates)
            .arg("-o")
            .arg(&program)
            .arg(path)
            .output()
            .with_context(|| format!("cannot run {}", self.rustc))?;
        anyhow::ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        Ok(Built {
            program,
            _folder: folder,
        })
    }

    /// Forgets every program that is not that of one of these blocks, and what was left by
    /// runs that were stopped while they compiled.
    pub fn keep_only(&self, blocks: &[&Block]) {
        let keep: HashSet<PathBuf> = blocks.iter().map(|block| self.program(block)).collect();
        for entry in fs::read_dir(&self.cache).into_iter().flatten().flatten() {
            // What cannot be removed now is tried again by the next run.
            let path = entry.path();
            if path.is_dir() && is_old(&path) {
                let _ = fs::remove_dir_all(path);
            } else if path.is_file() && !keep.contains(&path) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Whether nothing can still be compiling here.
fn is_old(folder: &Path) -> bool {
    let changed = fs::metadata(folder).and_then(|folder| folder.modified());
    changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > DAY))
}

/// Whether the program is one for `cargo test`: without that, its tests would not even be compiled.
fn has_tests(block: &Block) -> bool {
    let mut lines = block.code.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("#[test") || line.starts_with("#[tokio::test"))
}

/// A program, and the folder that it stands in until it is moved to where it is kept.
struct Built {
    program: PathBuf,
    _folder: tempfile::TempDir,
}
