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

/// Programs that have more than one run, or no single clock, and what refuses them.
const REFUSED: [(&str, &str); 3] = [
    ("random", "write `biased;`"),
    (
        "one_worker",
        "2 threads poll its tasks, so that another run may go another way",
    ),
    ("clocks", "it has 2 runtimes with paused clocks"),
];

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
    let blocks = programs();
    let record = project::record_folder(Path::new("../../../target").to_owned());
    let named = |name: &str| {
        blocks
            .iter()
            .any(|block| block.source.contains(&name.replace('-', "_")))
    };
    let project = Project::create(&record, "programs", &Versions::built_in(), named).unwrap();
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
            Err(error) => {
                let refused = REFUSED.iter().find(|(name, _)| *name == block.name);
                let (_, words) = refused.unwrap_or_else(|| panic!("{}: {error:#}", block.name));
                assert!(error.to_string().contains(words), "{}: {error}", block.name);
                continue;
            }
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
