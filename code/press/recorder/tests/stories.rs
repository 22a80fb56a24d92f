//! Records the programs in `tests/programs/`, and holds what they tell to `tests/snapshots/`.
//!
//! Between them they wait for everything that Tokio has, and end in every way that a task can.
//! `INSTA_UPDATE=always cargo test -p recorder -- --ignored` takes over what they tell now.

use std::fs;
use std::path::{Path, PathBuf};

use recorder::blocks::Block;
use recorder::project::{self, Project, Versions};
use recorder::run::Run;
use recorder::{mark, recording};

/// A program whose runs must differ, since it leaves the choice of a branch to chance.
const RANDOM: &str = "random";

fn programs() -> Vec<Block> {
    let folder = Path::new("tests/programs");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of the programs")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let block = |file: &PathBuf| Block {
        name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
        many: false,
        panics: false,
        hangs: false,
        page: file.display().to_string(),
        line: 1,
        source: fs::read_to_string(file).unwrap(),
    };
    files.iter().map(block).collect()
}

#[test]
#[ignore = "builds Tokio with its instrumentation"]
fn programs_tell_what_they_do() {
    let record = project::record_folder(Path::new("../../../target").to_owned());
    let project = Project::create(&record, "programs", &Versions::built_in(), |_| true).unwrap();
    let blocks = programs();
    let marked: Vec<_> = blocks
        .iter()
        .map(|block| mark::mark(&block.name, &block.source).unwrap())
        .collect();
    for (block, program) in blocks.iter().zip(&marked) {
        project.add(&block.name, &program.files[0].text).unwrap();
    }
    let names = blocks.iter().map(|block| block.name.as_str());
    let built = project.build(names).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for (block, program) in blocks.iter().zip(&marked) {
        let executable = &built[&block.name];
        let told = match recording::record(block, program, &project, executable) {
            Ok(recording) => story(&recording.json, &recording.svg),
            Err(error) if block.name == RANDOM => {
                let error = error.to_string();
                assert!(error.contains("write `biased;`"), "{error}");
                continue;
            }
            Err(error) => panic!("{}: {error:#}", block.name),
        };
        insta::assert_snapshot!(block.name.as_str(), told);
    }
}

/// The story of a run, after its picture was looked at by a reader of XML.
fn story(json: &str, svg: &str) -> String {
    roxmltree::Document::parse(svg).expect("a picture is XML");
    Run::from_json(json)
        .expect("a file that was written")
        .story()
}
