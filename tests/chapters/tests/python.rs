//! Runs the `python` blocks of the book, each in an empty folder and within a time limit.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{MAIN_SEPARATOR, Path};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use wait_timeout::ChildExt as _;

/// Of a program that wrote more than this, the end is shown: that is where it says why it failed.
const MOST_OUTPUT: u64 = 16 * 1024;

/// Runs a program. An error is what is wrong, and below it, what the program wrote.
pub fn run(page: &str, line: usize, code: &str) -> Result<(), String> {
    PYTHON
        .clone()
        .map_err(|why| format!("cannot be run\n{why}"))?;
    let limit = std::env::var("CHAPTERS_LIMIT").ok();
    let limit = limit.and_then(|limit| limit.parse().ok()).unwrap_or(60);
    let ended = run_within(Duration::from_secs(limit), page, line, code);
    let (status, output) = ended.map_err(|error| format!("cannot be run\n{error}"))?;
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("fails, {status}\n{output}")),
        None => Err(format!(
            "still ran after {limit} s: bound its waits\n{output}"
        )),
    }
}

/// Whether there is a Python that is new enough.
static PYTHON: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let ask = Command::new("python3").arg("--version").output();
    let answer = ask.map_or_else(
        |error| format!("none: {error}"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    let numbers = answer.split([' ', '.']).skip(1);
    let mut numbers = numbers.map_while(|number| number.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        version if version >= (Some(3), Some(11)) => Ok(()),
        _ => Err(format!(
            "Python 3.11 or newer is needed, and python3 is {answer}"
        )),
    }
});

/// How it ended, unless it was stopped by the limit, and what it wrote.
fn run_within(
    limit: Duration,
    page: &str,
    line: usize,
    code: &str,
) -> io::Result<(Option<ExitStatus>, String)> {
    // The lines are numbered as in the page.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(page);
    fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
    fs::write(&file, "\n".repeat(line) + code)?;
    // A file, not pipes: whoever still holds it when the program ends keeps nobody waiting.
    let mut log = tempfile::tempfile()?;
    let mut command = Command::new("python3");
    // Isolated: it sees neither the user's packages nor the variables that change Python.
    command
        .arg("-I")
        .arg(&file)
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let status = child.wait_timeout(limit)?;
    stop(&mut child)?;
    Ok((status, shorten(&mut log, folder.path())?))
}

/// Stops what is left: the program at its limit, and those that it started and left behind.
fn stop(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // An error says that none is left, which is as good.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    // Both succeed if it has ended by itself.
    child.kill()?;
    child.wait().map(drop)
}

fn shorten(log: &mut File, folder: &Path) -> io::Result<String> {
    let left_out = log.metadata()?.len().saturating_sub(MOST_OUTPUT);
    log.seek(SeekFrom::Start(left_out))?;
    let mut bytes = Vec::new();
    log.take(MOST_OUTPUT).read_to_end(&mut bytes)?;
    let folder = format!("{}{MAIN_SEPARATOR}", folder.display());
    let shown = String::from_utf8_lossy(&bytes).replace(&folder, "");
    Ok(match left_out {
        0 => shown,
        _ => format!("({left_out} bytes before this are left out)\n{shown}"),
    })
}
