//! Says whether a program does what the page says, and if not, what it did.

use std::any::Any;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{env, fs};

/// What a block with tests is given besides, so that the program itself is run too.
const RUN_MAIN: &str =
    "#[test]\nfn the_program_runs() -> impl std::process::Termination { main() }\n";

/// A `rust` block of the book.
pub struct Program {
    /// The name of its test.
    pub name: &'static str,
    /// `content/part1-foundations/ch01-….md`
    pub page: &'static str,
    /// The line of its fence.
    pub line: usize,
    /// The heading above it.
    pub heading: &'static str,
    /// It is to panic, with this in its message.
    pub panics: Option<&'static str>,
    /// It is more than compiled.
    pub is_run: bool,
}

/// Has skeptic build and run a program; what it says of one that fails is the output of the test.
pub fn prove(program: &Program, triple: &str, text: &str) {
    end(told(program, triple, text));
}

/// Runs the program of a `python` block.
#[allow(dead_code, reason = "a book may have none")]
pub fn prove_python(program: &Program, code: &str) {
    let proved = is_current(program).and_then(|()| {
        let Program { page, line, .. } = *program;
        crate::python::run(page, line, code).map_err(|said| {
            let (what, details) = said.split_once('\n').unwrap_or((&said, ""));
            report(program, what, &format!("{details}\n"), " -- --ignored")
        })
    });
    end(proved);
}

/// Fails for code that would not be proved.
#[allow(dead_code, reason = "a book should have none")]
pub fn refuse(words: &str) {
    end(Err(words.to_owned()));
}

fn end(proved: Result<(), String>) {
    if let Err(words) = proved {
        eprintln!("{words}");
        // A panic that says nothing more.
        panic::resume_unwind(Box::new(()));
    }
}

/// Why a program is not proved.
pub fn told(program: &Program, triple: &str, text: &str) -> Result<(), String> {
    is_current(program)?;
    let code = text.trim_start_matches('\n');
    let mut source = code.to_owned();
    if let Some(message) = program.panics {
        source += &format!(
            "#[test]\n#[should_panic(expected = {message:?})]\nfn the_program_panics() {{ let _ = main(); }}\n"
        );
    } else if code.contains("#[test]") || code.contains("#[tokio::test") {
        source += RUN_MAIN;
    }
    source += "extern crate limit as _;\n";
    if skeptic(program, triple, &format!("\n{source}")).is_ok() {
        return Ok(());
    }
    // Once more, with the lines of the page and aloud.
    let Program { page, line, .. } = program;
    let again = format!("//@ {page}:{line}\n{source}");
    let (what, details) = match skeptic(program, triple, &again) {
        Ok(()) => ("failed, and did not fail when it was run again", ""),
        Err(why) if why.contains("test.rs") => (
            "does not compile without a warning",
            "A program that the compiler is to refuse belongs in tests/anti_patterns.\n",
        ),
        Err(_) if program.panics.is_some() => ("does not panic, as its should_panic=1 says", ""),
        Err(_) => ("fails", ""),
    };
    Err(report(program, what, details, ""))
}

fn report(program: &Program, what: &str, details: &str, ignored: &str) -> String {
    let Program {
        name,
        page,
        line,
        heading,
        ..
    } = program;
    format!(
        "\n{page}:{line}: the block below the heading `{heading}` {what}\n{details}\
         To run only this block: cargo test -p chapters {name}{ignored}"
    )
}

/// The test holds a text; it must be the one of the page in this very checkout.
fn is_current(program: &Program) -> Result<(), String> {
    let page = program.page;
    let text = fs::read_to_string(Path::new(env!("BOOK")).join(page)).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    text.trim_start_matches('\u{feff}').hash(&mut hasher);
    let is_same = crate::PAGES.contains(&(page, hasher.finish()));
    is_same.then_some(()).ok_or_else(|| {
        format!("{page} is not what it was when the tests were built: touch tests/chapters/build.rs, and run them again")
    })
}

/// Builds a program unless it is kept, and runs it. An error is what skeptic says.
fn skeptic(program: &Program, triple: &str, source: &str) -> Result<(), String> {
    hush();
    // skeptic finds the crates of this test by the place of its program.
    let package = env::current_dir().expect("a test runs in its package");
    let test = env::current_exe().expect("a test knows its program");
    let profile = test
        .ancestors()
        .nth(2)
        .map_or_else(PathBuf::new, Path::to_path_buf);
    let out = profile.join("build/chapters/out");
    let (package, out) = (package.display().to_string(), out.display().to_string());
    loop {
        let proved = panic::catch_unwind(AssertUnwindSafe(|| match program.is_run {
            true => skeptic::rt::run_test(&package, &out, triple, source),
            false => skeptic::rt::compile_test(&package, &out, triple, source),
        }));
        match proved.map_err(|panic| message(&*panic)) {
            // It opens a kept program while it starts others, which this can come of.
            Err(why) if why.contains("Text file busy") => {}
            proved => return proved,
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let owned = panic.downcast_ref::<String>().cloned();
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    owned.or(fixed).unwrap_or_default()
}

/// Keeps skeptic from telling the whole command line of a program that failed.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let file = panic.location().map_or("", |place| place.file());
            if !(file.contains("skeptic-") && file.ends_with("rt.rs")) {
                usual(panic);
            }
        }));
    });
}
