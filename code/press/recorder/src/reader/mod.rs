//! Records a program of a reader's own, and makes a page that shows its run.
//!
//! - `target` finds out what a path names, `copy` marks and builds a copy of it;
//! - `watch` runs it until it ends or its time is up;
//! - `window` cuts what it did into parts, `page` shows them, `highlight` colors the program.
//!
//! A program runs once, since it may do something. So its run is one of many, unless it has one
//! thread and virtual time alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::mark::{Changed, Program};
use crate::probe;
use crate::project;
use crate::raw::{self, Item, What};
use crate::run::{Clock, Kind, LaneKind, Run};
use crate::story::{self, Story};
use crate::words::plain;

use copy::{Built, Copy};
use page::Page;
use target::Target;
use watch::End;
use window::{Doing, MOST_LANES, MOST_STEPS};

pub mod copy;
mod highlight;
mod page;
pub mod target;
pub mod watch;
pub mod window;

/// How a program of a reader's own is recorded.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Record your own: a file that ends in .rs, or the folder of a package
    #[arg(long, value_name = "PATH")]
    pub file: Option<PathBuf>,
    /// Record this test, by its name or the end of it
    #[arg(long, value_name = "NAME", requires = "file")]
    pub test: Option<String>,
    /// Record this program or example of the package
    #[arg(long, value_name = "NAME", requires = "file", conflicts_with = "test")]
    pub bin: Option<String>,
    /// How long it may run, such as 500ms, 5s or 2m; Ctrl-C ends it earlier
    #[arg(long = "for", value_name = "TIME", requires = "file", default_value = "10s", value_parser = duration)]
    pub limit: Duration,
    /// Open the recording in a browser
    #[arg(long, requires = "file")]
    pub open: bool,
    /// What the program is given as its arguments
    #[arg(last = true, requires = "file")]
    pub arguments: Vec<String>,
}

/// The longest time that a program may be given.
const LONGEST: Duration = Duration::from_secs(3600);

/// A time such as `500ms`, `5s` or `2m`.
fn duration(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .ok()
        .context("write a number and ms, s or m, such as 5s")?;
    let time = match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" | "" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        unit => bail!("{unit} is no unit of time here: write ms, s or m"),
    };
    ensure!(
        Duration::ZERO < time && time <= LONGEST,
        "it may be from 1ms to 60m"
    );
    Ok(time)
}

/// A recording of a reader's program.
#[derive(Debug)]
pub struct Recorded {
    /// The whole run.
    pub run: Run,
    /// How it ended.
    pub end: End,
    /// What each task does at the end that has not ended itself.
    pub rests: Vec<String>,
    /// What the recording does not show.
    pub notes: Vec<String>,
    /// The page that shows it; of several, that of the end.
    pub page: PathBuf,
}

/// Records what a path names, says what came of it, and opens it if asked to.
///
/// # Errors
///
/// If there is no such program, it does not compile, or it runs nothing on Tokio.
pub fn record(file: &Path, options: &Options) -> Result<()> {
    let recorded = make(file, options)?;
    let Recorded { run, end, .. } = &recorded;
    let steps = run.steps.len();
    println!(
        "\n{} It took {steps} step{}.",
        end.say(),
        if steps == 1 { "" } else { "s" }
    );
    for rest in &recorded.rests {
        println!("- {}", plain(rest));
    }
    for note in &recorded.notes {
        println!("note: {}", plain(note));
    }
    println!("\nThe recording: {}", recorded.page.display());
    if options.open {
        open(&recorded.page)?;
    }
    Ok(())
}

/// Records what a path names, and writes its page.
pub fn make(file: &Path, options: &Options) -> Result<Recorded> {
    let target = target::find(file, options)?;
    let test = options.test.is_some();
    let (copy, folder, home, title) = match &target {
        Target::File(path) => {
            let record = record_folder();
            let copy = Copy::of_file(path, &record, test)?;
            let name = path.file_name().unwrap_or_default();
            (copy, record, None, name.to_string_lossy().into_owned())
        }
        Target::Package(package) => {
            let copy = Copy::of_package(package, test)?;
            let home = Some(package.folder.clone());
            (copy, package.target.clone(), home, package.name.clone())
        }
    };
    let (program, built) = copy.build()?;
    let (executable, name) = match &options.test {
        Some(wanted) => find_test(&built, wanted)?,
        None => {
            let built = built.iter().find(|built| !built.is_test);
            let path = built.context("Cargo built no program")?.executable.clone();
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (path, name)
        }
    };
    let title = match test {
        true => format!("{title}, {name}"),
        false if home.is_some() && name != title => format!("{title}, {name}"),
        false => title,
    };
    let mut command = Command::new(&executable);
    let files = program.files.iter().map(|file| file.path.as_str());
    command
        .env(probe::SWITCH, probe::sources(&copy.folder, files))
        .env(probe::SEED, "0");
    if test {
        command.args([
            &name,
            "--exact",
            "--include-ignored",
            "--nocapture",
            "--quiet",
        ]);
        if let Some(home) = &home {
            command.current_dir(home);
        }
    } else {
        command.args(&options.arguments);
    }
    if let Some(home) = home {
        command.env("CARGO_MANIFEST_DIR", home);
    }
    let (output, end) = watch::watch(command, options.limit, true)?;
    let mut items = raw::read(&output)?;
    if test {
        trim_harness(&mut items);
    }
    let story = story::tell(&program, &items)?;
    ensure!(
        !story.lanes.is_empty(),
        "nothing ran on Tokio that the recorder hears{}",
        match end {
            End::Itself(status) if !status.success() =>
                format!(": the program ended with {status}"),
            End::Itself(_) => ", and the program ended".to_owned(),
            _ => format!(": {}", end.say()),
        }
    );
    let notes = notes(&program, &story, &items);
    let many = story.threads > 1 || story.clock == Clock::Real;
    let id = copy::name_of(Path::new(&title));
    let mut run = story.into_run(&id, &program.source, &copy.tokio_version()?, many);
    let starts: Vec<usize> = program.files.iter().map(|file| file.before).collect();
    let kept = window::keep_used(&mut run, &starts);
    let files: Vec<(String, usize)> = kept
        .into_iter()
        .map(|(file, before)| (shown_name(&program, file, &target), before))
        .collect();
    run.check_whole()?;
    let rests = rests(&run);
    let pages = folder.join("pages");
    let page = write(&pages, &title, &end, &rests, notes.clone(), &files, &run)?;
    Ok(Recorded {
        run,
        end,
        rests,
        notes,
        page,
    })
}

/// How the page calls a file.
fn shown_name(program: &Program, file: usize, target: &Target) -> String {
    match target {
        Target::File(path) => path.display().to_string(),
        Target::Package(_) => program.files[file].shown().to_owned(),
    }
}

/// Where files are recorded: in the book's `target` if this is its repository, else in the
/// reader's cache.
fn record_folder() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let root = here
        .ancestors()
        .find(|folder| folder.join("code/press/recorder").is_dir());
    let cache = || {
        let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let cache = home("XDG_CACHE_HOME").or_else(|| Some(home("HOME")?.join(".cache")));
        cache
            .unwrap_or_else(std::env::temp_dir)
            .join("record-async")
    };
    project::record_folder(root.map_or_else(cache, |root| root.join("target")))
}

/// Writes the pages of a run, and returns that of its end.
fn write(
    folder: &Path,
    title: &str,
    end: &End,
    rests: &[String],
    mut notes: Vec<String>,
    files: &[(String, usize)],
    run: &Run,
) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let windows = window::cut(run);
    if windows.len() > 1 {
        notes.push(format!(
            "A page shows {MOST_STEPS} steps of {}, and each begins with what is so by then.",
            run.steps.len()
        ));
    }
    let name = |first: usize| match first {
        1 => format!("{}.html", run.name),
        first => format!("{}-{first}.html", run.name),
    };
    let windows: Vec<_> = windows
        .into_iter()
        .map(|window| (name(window.first), window))
        .collect();
    let page = Page {
        title,
        end: &end.say(),
        rests,
        notes: &notes,
        files,
        windows: &windows,
    };
    for (index, (file, _)) in windows.iter().enumerate() {
        let path = folder.join(file);
        fs::write(&path, page.html(index)?).with_context(|| path.display().to_string())?;
    }
    let last = windows.last().context("a run has a window")?;
    Ok(folder.join(&last.0).canonicalize()?)
}

/// Where each task is that has not ended.
fn rests(run: &Run) -> Vec<String> {
    let states = window::states(run.lanes.len(), &run.steps);
    let all = run.lanes.iter().zip(states);
    let mut rests: Vec<String> = all
        .filter_map(|(lane, state)| {
            let name = &lane.name;
            let said = state.step.map_or("", |step| step.say.as_str());
            match (state.doing, lane.kind) {
                (Doing::Nothing, _) => None,
                (Doing::Waiting, _) => Some(said.to_owned()),
                (Doing::Ready, _) => Some(format!("*{name}* is ready, and no thread runs it.")),
                (Doing::Running, LaneKind::Blocking) => {
                    Some(format!("*{name}* is still at work on its thread."))
                }
                (Doing::Running, _) => Some(format!(
                    "*{name}* runs and does not give its thread back: {said}"
                )),
            }
        })
        .collect();
    let more = rests.len().saturating_sub(MOST_LANES);
    if more > 0 {
        rests.truncate(MOST_LANES);
        rests.push(format!("{more} more tasks have not ended."));
    }
    rests
}

/// What the recording does not show, or shows otherwise.
fn notes(program: &Program, story: &Story, items: &[Item]) -> Vec<String> {
    let mut notes = Vec::new();
    if story.threads > 1 {
        notes.push(format!(
            "{} threads polled its tasks: this is one run of many, and another may go another way.",
            story.threads
        ));
    } else if story.clock == Clock::Real && story.paused <= 1 {
        notes.push(
            "Its time is real: this is one run of many, and the picture tells the order alone."
                .to_owned(),
        );
    }
    if story.paused > 1 {
        notes.push(format!(
            "{} runtimes have paused clocks of their own: the picture tells the order alone.",
            story.paused
        ));
    }
    for (line, Changed::Unheard) in &program.changed {
        notes.push(format!(
            "The recording listens in the place of the subscriber of `tracing` that {} installs: its \
             log is not written.",
            program.spot(*line)
        ));
    }
    let unmarked = story
        .steps
        .iter()
        .any(|step| step.say.contains("that has no mark"));
    if unmarked {
        notes.push(
            "Some of its tasks wait inside of futures of other packages, which bear no marks."
                .to_owned(),
        );
    }
    let panics = |item: &Item| matches!(item, Item::Event(event) if matches!(event.what, What::Panic { .. }));
    let told = story.steps.iter().any(|step| step.kind == Kind::Panic);
    if !told && items.iter().any(panics) {
        notes.push("It panicked outside of its tasks; its own message stands above.".to_owned());
    }
    notes
}

/// The one test that a name means, and the program that has it.
fn find_test(built: &[Built], wanted: &str) -> Result<(PathBuf, String)> {
    let mut tests = Vec::new();
    for built in built.iter().filter(|built| built.is_test) {
        let list = Command::new(&built.executable)
            .args(["--list", "--format", "terse"])
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| built.executable.display().to_string())?;
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        tests.extend(names.map(|name| (built.executable.clone(), name.to_owned())));
    }
    // Cargo reports what it built in the order in which that was done.
    tests.sort_by(|one: &(PathBuf, String), other| one.1.cmp(&other.1));
    let exact: Vec<_> = tests.iter().filter(|(_, name)| name == wanted).collect();
    let ends = |name: &str| name.ends_with(&format!("::{wanted}"));
    let found = match exact.is_empty() {
        false => exact,
        true => tests.iter().filter(|(_, name)| ends(name)).collect(),
    };
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let names: Vec<&str> = tests.iter().map(|(_, name)| name.as_str()).collect();
            match names.as_slice() {
                [] => bail!("there is no test {wanted}, nor any other"),
                names => bail!("there is no test {wanted}; there are: {}", names.join(", ")),
            }
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
            bail!(
                "{wanted} is the name of {} tests: give the whole of one: {}",
                several.len(),
                names.join(", ")
            )
        }
    }
}

/// Takes out what the test harness prints before and after the test.
fn trim_harness(items: &mut Vec<Item>) {
    let is_event = |item: &Item| matches!(item, Item::Event(_));
    let first = items.iter().position(is_event).unwrap_or(items.len());
    items.drain(..first);
    let Some(Item::Console(text)) = items.last_mut() else {
        return;
    };
    let words = ["\ntest result: ", "\nfailures:\n", "\nsuccesses:\n"];
    let end = words.iter().filter_map(|word| text.find(word)).min();
    text.truncate(end.unwrap_or(text.len()));
    // A dot or an F tells how the test went.
    let kept = text.trim_end_matches('\n');
    let kept = kept.strip_suffix(['.', 'F']).unwrap_or(kept).len();
    text.truncate(kept);
    if text.is_empty() {
        items.pop();
    }
}

/// Opens a page in the reader's browser.
fn open(page: &Path) -> Result<()> {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let opened = Command::new(opener).arg(page).status();
    if !opened.is_ok_and(|status| status.success() || cfg!(windows)) {
        println!("It could not be opened by `{opener}`: open that file in a browser.");
    }
    Ok(())
}
