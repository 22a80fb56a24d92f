//! What a step adds to the step before it, in Markdown: the lines that `shown.toml` names.

use anyhow::{Context, Result};
use toml::{Table, Value};
use xshell::Shell;

use super::shown::{argument, fenced};

/// The first step as it stands, a later one as a difference from the one before it.
pub fn shown(shell: &Shell, arguments: &Table) -> Result<String> {
    let (project, step) = (
        argument(arguments, "project")?,
        argument(arguments, "step")?,
    );
    let part = arguments.get("part").and_then(Value::as_str);
    let part = part.unwrap_or("all");
    let folder = format!("code/projects/{project}/steps");
    let shown: Table = shell.read_file(format!("{folder}/shown.toml"))?.parse()?;
    let its = shown.get(step).and_then(Value::as_table);
    let its = its.with_context(|| format!("{folder}/shown.toml has no {step}"))?;
    let runs = its
        .get("part")
        .and_then(|parts| parts.get(part)?.get("runs"));
    let runs = runs.and_then(Value::as_array);
    let runs = runs.with_context(|| format!("{folder}/{step}.rs has no part {part}"))?;

    let now = lines(shell, &folder, step)?;
    let Some(former) = its.get("former").and_then(Value::as_str) else {
        let code = picked(runs, |_, first, last| now[first - 1..last].join("\n"));
        return Ok(format!(
            "`{folder}/{step}.rs`:\n\n{}",
            fenced("rust", &code?)
        ));
    };
    let was = lines(shell, &folder, former)?;
    let code = picked(runs, |kind, first, last| match kind {
        "~" => format!("@@ {} lines as before @@", last - first + 1),
        "+" => signed('+', &now[first - 1..last]),
        "=" => signed(' ', &now[first - 1..last]),
        _ => signed('-', &was[first - 1..last]),
    });
    Ok(format!(
        "`{folder}/{step}.rs`, after `{former}.rs`:\n\n{}",
        fenced("diff", &code?)
    ))
}

/// The program without its anchors.
fn lines(shell: &Shell, folder: &str, step: &str) -> Result<Vec<String>> {
    let text = shell.read_file(format!("{folder}/{step}.rs"))?;
    let lines = text.lines().filter(|line| {
        let said = line.trim_start().strip_prefix("// ").unwrap_or("");
        !said.starts_with("ANCHOR: ") && !said.starts_with("ANCHOR_END: ")
    });
    Ok(lines.map(str::to_owned).collect())
}

/// What `text` makes of each run: its kind, its first and its last line.
fn picked(runs: &[Value], text: impl Fn(&str, usize, usize) -> String) -> Result<String> {
    let texts = runs.iter().map(|run| {
        let number = |at: usize| usize::try_from(run.get(at)?.as_integer()?).ok();
        let kind = run.get(0).and_then(Value::as_str);
        let run = kind.zip(number(1)).zip(number(2));
        let ((kind, first), last) = run.context("shown.toml has a run of another form")?;
        Ok(text(kind, first, last))
    });
    Ok(texts.collect::<Result<Vec<_>>>()?.join("\n"))
}

fn signed(sign: char, lines: &[String]) -> String {
    let lines = lines.iter().map(|line| format!("{sign}{line}"));
    lines.collect::<Vec<_>>().join("\n")
}
