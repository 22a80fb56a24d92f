//! What a look at the upgraded copy found.

use std::fmt;
use std::path::Path;

use anyhow::Result;
use xshell::Cmd;

/// More lines than these say nothing more.
const MOST: usize = 40;

/// The differences of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    title: &'static str,
    of: &'static str,
    lines: Vec<String>,
}

impl Finding {
    /// With more differences.
    pub fn with(mut self, lines: Vec<String>) -> Finding {
        self.lines.extend(lines);
        self
    }

    /// With paths as they are from the copy's root.
    pub fn relative_to(mut self, folder: &Path) -> Finding {
        let folder = format!("{}/", folder.display());
        for line in &mut self.lines {
            *line = line.replace(&folder, "");
        }
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { title, of, lines } = self;
        writeln!(f, "## {title}: {} differ ({of})\n", lines.len())?;
        for line in lines.iter().take(MOST) {
            writeln!(f, "- {line}")?;
        }
        if lines.len() > MOST {
            writeln!(f, "- and {} more", lines.len() - MOST)?;
        }
        Ok(())
    }
}

/// Runs a command and takes from what it says what failed.
pub fn finding(title: &'static str, of: &'static str, command: Cmd) -> Result<Finding> {
    eprintln!("$ {command}");
    let output = command.quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let mut lines = failures(&said);
    if lines.is_empty() && !output.status.success() {
        // It failed in a way of its own: show its last words.
        let last: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
        lines = last
            .iter()
            .rev()
            .take(5)
            .rev()
            .map(|it| (*it).to_owned())
            .collect();
    }
    Ok(Finding { title, of, lines })
}

/// Tests that failed, what rules found, runs that changed, and what did not compile.
fn failures(said: &str) -> Vec<String> {
    let mut failures = Vec::new();
    for line in said.lines() {
        let line = line.trim_end();
        let test = line
            .strip_prefix("test ")
            .and_then(|it| it.strip_suffix(" ... FAILED"));
        let is_of_rule = line.split_once(": ").is_some_and(|(place, _)| {
            let (file, number) = place.rsplit_once(':').unwrap_or((place, ""));
            file.contains('/') && !file.contains(' ') && number.parse::<u32>().is_ok()
        });
        let is_error = line.starts_with("error[") || line.starts_with("error: ");
        let run = line.strip_prefix("refused: ");
        if let Some(name) = test.or(run) {
            failures.push(name.to_owned());
        } else if is_of_rule || is_error || line.starts_with("Error: ") {
            failures.push(line.to_owned());
        }
    }
    failures.dedup();
    let sums = ["error: test failed", "error: aborting"];
    failures.retain(|line| {
        let is_sum = sums.iter().any(|sum| line.starts_with(sum));
        !is_sum && !line.ends_with("target failed:") && !line.contains(" refused, of ")
    });
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_broken_rules_and_errors_are_taken_from_what_was_said() {
        let said = "running 2 tests\ntest ch03_send_line_9 ... ok\ntest ch03_size_line_4 ... FAILED\n\n\
                    content/a.md:12: `tick` is not there\n  fix: fix the name\n\
                    error[E0433]: cannot find `SetOnce` in `sync`\nerror: aborting due to 1 previous error\n\
                    error: test failed, to rerun pass `-p chapters`\n\n\
                    refused: ch03-kettle (content/a.md:30): step 4 differs\n--- recorded\n\nerror: 1 refused, of 111 runs\n";
        assert_eq!(
            failures(said),
            [
                "ch03_size_line_4",
                "content/a.md:12: `tick` is not there",
                "error[E0433]: cannot find `SetOnce` in `sync`",
                "ch03-kettle (content/a.md:30): step 4 differs",
            ]
        );
    }

    #[test]
    fn a_finding_names_how_many_and_cuts_a_long_list() {
        let finding = Finding {
            title: "Programs",
            of: "of the text",
            lines: vec!["x".into(); MOST + 2],
        };
        let text = finding.to_string();
        assert!(
            text.starts_with("## Programs: 42 differ (of the text)\n"),
            "{text}"
        );
        assert!(text.ends_with("- and 2 more\n"), "{text}");
    }
}
