//! Where the runs of the book are kept: two files each, in `static/runs/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use crate::blocks::Block;
use crate::picture;
use crate::recording::Recording;
use crate::run::Run;

/// The folder of the runs.
pub struct Shelf {
    folder: PathBuf,
    /// Compare instead of writing.
    check: bool,
}

impl Shelf {
    /// The shelf in `folder`, to be compared with or written to.
    pub fn new(folder: PathBuf, check: bool) -> Self {
        Shelf { folder, check }
    }

    /// Keeps a recording, or fails if another one is kept. Returns whether it is new.
    pub fn put(&self, block: &Block, recording: &Recording) -> Result<bool> {
        let files = [("json", &recording.json), ("svg", &recording.svg)];
        let files = files.map(|(kind, text)| (self.file(&block.name, kind), text));
        let kept = |path: &Path| fs::read_to_string(path).ok();
        if files
            .iter()
            .all(|(path, text)| kept(path).as_ref() == Some(text))
        {
            return Ok(false);
        }
        if self.check {
            return self.compare(block, recording).map(|()| false);
        }
        fs::create_dir_all(&self.folder)?;
        for (path, text) in files {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(true)
    }

    /// Draws the picture of a run that is kept anew. Returns whether it is another one.
    pub fn draw(&self, block: &Block) -> Result<bool> {
        let json = self.file(&block.name, "json");
        let json = fs::read_to_string(&json).with_context(|| json.display().to_string())?;
        let svg = picture::draw(&Run::from_json(&json)?)?;
        let file = self.file(&block.name, "svg");
        if fs::read_to_string(&file).ok().as_ref() == Some(&svg) {
            return Ok(false);
        }
        fs::write(&file, svg).with_context(|| file.display().to_string())?;
        Ok(true)
    }

    /// Says how a recording differs from the one that is kept.
    fn compare(&self, block: &Block, recording: &Recording) -> Result<()> {
        let fix = format!("type `cargo xtask record {}`", block.name);
        let kept = |kind| fs::read_to_string(self.file(&block.name, kind)).ok();
        let (Some(json), Some(svg)) = (kept("json"), kept("svg")) else {
            bail!("it is not recorded: {fix}");
        };
        let was = Run::from_json(&json).with_context(|| format!("its file is no run: {fix}"))?;
        let is = Run::from_json(&recording.json)?;
        // Another run of many may go another way; its program may not.
        if block.many && was.many && was.source == is.source {
            return Ok(());
        }
        let texts = [
            ("the program", was.source.clone(), is.source.clone()),
            ("the story", was.story(), is.story()),
            ("the file", json, recording.json.clone()),
            ("the picture", svg, recording.svg.clone()),
        ];
        let changed = texts.iter().find(|(_, was, is)| was != is);
        let Some((what, was, is)) = changed else {
            return Ok(());
        };
        bail!(
            "{what} is no longer as recorded: {fix}, then read the difference\n{}",
            diff(was, is)
        )
    }

    /// Takes away, or complains of, files whose block is gone.
    pub fn sweep(&self, blocks: &[Block]) -> Result<Vec<String>> {
        let mut failures = Vec::new();
        let Ok(files) = fs::read_dir(&self.folder) else {
            return Ok(failures);
        };
        let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        for path in files {
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            if blocks.iter().any(|block| block.name == stem) {
                continue;
            }
            let reason = format!("{}: no block carries run={stem}", path.display());
            if self.check {
                failures.push(reason);
            } else {
                fs::remove_file(&path)?;
                println!("removed {reason}");
            }
        }
        Ok(failures)
    }

    fn file(&self, name: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{name}.{kind}"))
    }
}

/// What changed between two texts, line by line.
fn diff(was: &str, is: &str) -> String {
    let diff = TextDiff::from_lines(was, is);
    let text = diff
        .unified_diff()
        .context_radius(2)
        .header("recorded", "now")
        .to_string();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::tests::run;

    fn block(many: bool) -> Block {
        Block {
            name: "ch01-a".into(),
            many,
            panics: false,
            hangs: false,
            page: "content/ch01.md".into(),
            line: 7,
            source: run().source,
        }
    }

    fn recording(run: &Run) -> Recording {
        Recording {
            json: run.to_json().unwrap(),
            svg: "<svg/>\n".into(),
            steps: run.steps.len(),
        }
    }

    #[test]
    fn what_is_kept_already_is_not_new() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().into(), false);
        assert!(shelf.put(&block(false), &recording(&run())).unwrap());
        assert!(!shelf.put(&block(false), &recording(&run())).unwrap());
    }

    #[test]
    fn a_check_shows_the_sentences_that_changed_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let kept = recording(&run());
        Shelf::new(folder.path().into(), false)
            .put(&block(false), &kept)
            .unwrap();
        let mut other = run();
        other.steps[1].say = "*main* sleeps.".into();
        let shelf = Shelf::new(folder.path().into(), true);
        let error = shelf
            .put(&block(false), &recording(&other))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("type `cargo xtask record ch01-a`"),
            "{error}"
        );
        assert!(error.contains("-1 main is polled"), "{error}");
        assert!(error.contains("+1 main sleeps."), "{error}");
        assert_eq!(
            fs::read_to_string(shelf.file("ch01-a", "json")).unwrap(),
            kept.json
        );
    }

    #[test]
    fn a_check_names_a_run_that_was_never_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().into(), true);
        let error = shelf.put(&block(false), &recording(&run())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is not recorded: type `cargo xtask record ch01-a`"
        );
        assert!(!shelf.file("ch01-a", "json").exists());
    }

    #[test]
    fn one_run_of_many_may_go_another_way() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = run();
        one.many = true;
        Shelf::new(folder.path().into(), false)
            .put(&block(true), &recording(&one))
            .unwrap();
        one.steps[1].say = "*main* sleeps.".into();
        let shelf = Shelf::new(folder.path().into(), true);
        assert!(shelf.put(&block(true), &recording(&one)).is_ok());
    }

    #[test]
    fn a_run_that_is_kept_is_drawn_anew_without_running() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().into(), false);
        shelf.put(&block(false), &recording(&run())).unwrap();
        assert!(shelf.draw(&block(false)).unwrap());
        assert!(!shelf.draw(&block(false)).unwrap());
        let svg = fs::read_to_string(shelf.file("ch01-a", "svg")).unwrap();
        assert!(svg.contains(">steps</text>"), "{svg}");
    }

    #[test]
    fn a_file_without_a_block_is_named_by_a_check_and_removed_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let stray = folder.path().join("ch09-gone.svg");
        fs::write(&stray, "").unwrap();
        let failures = Shelf::new(folder.path().into(), true)
            .sweep(&[block(false)])
            .unwrap();
        assert!(
            failures[0].ends_with("no block carries run=ch09-gone"),
            "{failures:?}"
        );
        Shelf::new(folder.path().into(), false)
            .sweep(&[block(false)])
            .unwrap();
        assert!(!stray.exists());
    }
}
