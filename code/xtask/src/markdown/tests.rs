use std::fs;

use tempfile::TempDir;

use super::*;

const CHAPTER: &str = "part1-x/ch01-waits.md";

/// A small book in a folder of its own, with its site as Zola would have built it.
fn book(chapter: &str) -> (TempDir, Shell) {
    let folder = tempfile::tempdir().unwrap();
    let head = "title = \"Waits\"\ndescription = \"Who waits.\"\npath = \"waits\"\n\
        [extra]\nin_one_minute = [\"A [task](@/glossary.md#task) waits.\"]\n\
        patterns = [{ id = \"ask\", title = \"Ask\", use = \"when in doubt\", not = \"at `night`\" }]\n\
        anti_patterns = [{ id = \"spin\", title = \"Spin\", harm = \"it burns\", fix = \"Wait.\" }]";
    let chapter = format!("+++\n{head}\n+++\n{chapter}");
    let words = fs::read_to_string("../../content/words/en.toml").unwrap();
    let files = [
        (
            "config.toml",
            "base_url = \"https://example.org/book\"\ntitle = \"Book\"\ndescription = \"Of waits.\"\n[extra]\nreference = [\"glossary.md\"]\nrepository = \"https://example.org/source\"\n",
        ),
        (
            EXERCISES,
            "[[exercises]]\nname = \"ch01_wait\"\ndir = \"ch01\"\ntrains = \"waiting\"\n",
        ),
        (
            "content/outline.toml",
            "[[part]]\nnumber = 1\nslug = \"x\"\ntitle = \"X\"\npromise = \"P.\"\n\
             [[part.chapter]]\nnumber = 1\nslug = \"waits\"\ntitle = \"Waits\"\ntopic = []\n\
             [[part.chapter]]\nnumber = 2\nslug = \"wakes\"\ntitle = \"Wakes\"\ntopic = []\n",
        ),
        ("content/words/en.toml", &words),
        (
            "content/_index.md",
            "+++\ntitle = \"Book\"\n[extra]\n\
             ways = [{ title = \"By word\", links = [\"[A word](@/glossary.md#word)\"] }, { title = \"X\", part = 1 }]\n\
             +++\nHello.\n",
        ),
        (
            "content/glossary.md",
            "+++\ntitle = \"Glossary\"\ndescription = \"Words.\"\n+++\nA word.\n",
        ),
        (
            "content/part1-x/_index.md",
            "+++\ntitle = \"Part X\"\n+++\n",
        ),
        ("content/part1-x/ch01-waits.md", &chapter),
        (
            "code/x.rs",
            "fn main() {\n    // ANCHOR: wait\n    wait();\n    // ANCHOR_END: wait\n}\n",
        ),
        ("code/x.py", "# ANCHOR: wait\nwait()\n# ANCHOR_END: wait\n"),
        ("code/projects/x/steps/1_a.rs", "fn main() {\n    a();\n}\n"),
        (
            "code/projects/x/steps/2_b.rs",
            "// ANCHOR: it\nfn main() {\n    b();\n}\n// ANCHOR_END: it\n// one\n// two\n",
        ),
        (
            "code/projects/x/steps/shown.toml",
            "[\"1_a\".part.all]\nruns = [[\"=\", 1, 3]]\n[\"2_b\"]\nformer = \"1_a\"\n\
             [\"2_b\".part.it]\nruns = [[\"=\", 1, 1], [\"-\", 2, 2], [\"+\", 2, 2], [\"~\", 3, 5]]\n",
        ),
        (
            "code/measurements/results/memory.toml",
            "[values]\nbytes = 128\n",
        ),
        (
            "static/drawings/lanes.svg",
            "<svg><title id=\"a\">Lanes</title><desc id=\"b\">A &lt; B\n  waits.</desc></svg>",
        ),
        (
            "static/runs/ch01-wait.svg",
            "<svg><title>Run</title><desc>main waits.</desc></svg>",
        ),
        ("tests/anti_patterns/ch01/no.rs", "fn mai() {}\n"),
        (
            "tests/anti_patterns/ch01/no.stderr",
            "error[E0601]: no `main`\n",
        ),
        ("public/index.html", ""),
        ("public/glossary/index.html", ""),
        ("public/part1-x/index.html", ""),
        ("public/waits/index.html", ""),
    ];
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let shell = Shell::new().unwrap();
    shell.change_dir(folder.path());
    (folder, shell)
}

/// The chapter's Markdown below its head.
#[track_caller]
fn shows(chapter: &str, expected: &str) {
    let (folder, shell) = book(chapter);
    write(&shell, Path::new("public"), None).unwrap();
    let text = fs::read_to_string(folder.path().join("public/waits/index.md")).unwrap();
    let head = "# Waits\n\nWho waits.\n\nPage: https://example.org/book/waits/\n\n\
        In one minute:\n\n- A [task](https://example.org/book/glossary/index.md#task) waits.\n\n";
    let tail = "\n- `code/exercises/exercises/ch01/ch01_wait.rs`: waiting\n";
    assert_eq!(text, format!("{head}{expected}\n{tail}"));
}

#[track_caller]
fn fails(chapter: &str, expected: &str) {
    let (_folder, shell) = book(chapter);
    let error = write(&shell, Path::new("public"), None).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_listing_is_its_code() {
    shows(
        "{{ listing(file=\"code/x.rs\", part=\"wait\") }}",
        "`code/x.rs`:\n\n`````rust\nwait();\n`````",
    );
    shows(
        "{{ listing(file=\"code/x.rs\") }}",
        "`code/x.rs`:\n\n`````rust\nfn main() {\n    wait();\n}\n`````",
    );
    shows(
        "{{ listing(file=\"code/x.py\", part=\"wait\") }}",
        "`code/x.py`:\n\n`````python\nwait()\n`````",
    );
}

#[test]
fn a_step_is_what_it_adds_to_the_one_before_it() {
    shows(
        "{{ steps(project=\"x\", step=\"1_a\") }}",
        "`code/projects/x/steps/1_a.rs`:\n\n`````rust\nfn main() {\n    a();\n}\n`````",
    );
    shows(
        "{{ steps(project=\"x\", step=\"2_b\", part=\"it\") }}",
        "`code/projects/x/steps/2_b.rs`, after `1_a.rs`:\n\n`````diff\n fn main() {\n-    a();\n+    b();\n@@ 3 lines as before @@\n`````",
    );
    fails(
        "{{ steps(project=\"x\", step=\"2_b\", part=\"y\") }}",
        "code/projects/x/steps/2_b.rs has no part y",
    );
}

#[test]
fn an_anti_pattern_is_its_program_and_the_message() {
    shows(
        "{{ anti_pattern(name=\"ch01/no\") }}",
        "Does not compile (`tests/anti_patterns/ch01/no.rs`):\n\n`````rust\nfn mai() {}\n`````\n\n\
         `````text\nerror[E0601]: no `main`\n`````",
    );
}

#[test]
fn a_drawing_is_its_title_description_and_caption() {
    shows(
        "{{ drawing(name=\"lanes\", caption=\"Two, (or three) lanes.\") }}",
        "> **Drawing: Lanes.** A < B waits.\n>\n> Two, (or three) lanes.",
    );
}

#[test]
fn a_question_stands_before_its_answer() {
    shows(
        "<quiz-card answer=\"2\">\n\nWho waits?\n\n1. no one\n2. a task\n\n<details>\n<summary>Answer</summary>\n\n\
         **2.** A task.\n\n</details>\n\n</quiz-card>",
        "<quiz-card>\n\nWho waits?\n\n1. no one\n2. a task\n\n<details>\n<summary>Answer</summary>\n\n\
         **2.** A task.\n\n</details>\n\n</quiz-card>",
    );
}

#[test]
fn the_repository_is_cloned_from_where_it_is() {
    shows(
        "{{ clone() }}",
        "`````console\n$ git clone https://example.org/source book && cd book\n`````",
    );
}

#[test]
fn a_card_is_what_the_front_matter_says() {
    shows(
        "{{ card(id=\"ask\") }}",
        "> **Pattern: Ask.**\n> *Use:* when in doubt.\n> *Not:* at `night`.",
    );
    shows(
        "{{ card(id=\"spin\") }}",
        "> **Anti-pattern: Spin.**\n> *What it does:* it burns.\n> *Fix:* Wait.",
    );
    fails("{{ card(id=\"x\") }}", "the front matter has no card x");
}

#[test]
fn a_page_of_cards_lists_those_of_all_chapters() {
    let (folder, shell) = book("Text.");
    let head = "title = \"Patterns\"\ndescription = \"By name.\"\n[extra]\ncards = \"patterns\"";
    fs::write(
        folder.path().join("content/patterns.md"),
        format!("+++\n{head}\n+++\nAll.\n"),
    )
    .unwrap();
    let site = folder.path().join("public/patterns");
    fs::create_dir_all(&site).unwrap();
    fs::write(site.join("index.html"), "").unwrap();
    write(&shell, Path::new("public"), None).unwrap();
    let text = fs::read_to_string(site.join("index.md")).unwrap();
    let expected = "All.\n\n## Chapter 1: Waits\n\nhttps://example.org/book/waits/index.md\n\n\
        > **Pattern: Ask.**\n> *Use:* when in doubt.\n> *Not:* at `night`.\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_later_chapter_is_a_link_once_it_stands() {
    shows(
        "In {{ later(chapter=2, text=\"chapter 2\", id=\"x\") }}.",
        "In chapter 2.",
    );
    shows(
        "In {{ later(chapter=1, text=\"*this* one\", id=\"x\") }} and {{ later(chapter=1, text=\"it\") }}.",
        "In [*this* one](https://example.org/book/waits/index.md#x) and [it](https://example.org/book/waits/index.md).",
    );
    fails(
        "{{ later(chapter=3, text=\"x\") }}",
        "content/outline.toml has no chapter `3`",
    );
}

#[test]
fn measured_values_stand_in_their_line() {
    let call = "{{ measured(name=\"memory\", value=\"bytes\") }}";
    shows(&format!("| {call} or {call} |"), "| 128 or 128 |");
}

#[test]
fn a_program_keeps_its_language_and_tells_its_run() {
    shows(
        "```rust,run=ch01-wait,hl_lines=1\nlet text = \"](@/x)\";\n```",
        "```rust\nlet text = \"](@/x)\";\n```\n\n> **Recorded run.** main waits.",
    );
}

#[test]
fn a_program_in_a_quote_and_in_any_fence_tells_its_run() {
    shows(
        "> ~~~rust,run=ch01-wait\n> let a = 1;\n> ~~~~\n",
        "> ~~~rust\n> let a = 1;\n> ~~~~\n\n> **Recorded run.** main waits.",
    );
    shows(
        "````rust\n```\n[x](@/none.md)\n````\n",
        "````rust\n```\n[x](@/none.md)\n````",
    );
}

#[test]
fn a_page_may_be_saved_by_any_editor() {
    let (folder, shell) = book("A word.\n");
    let page = folder.path().join("content").join(CHAPTER);
    let text = fs::read_to_string(&page).unwrap().replace('\n', "\r\n");
    fs::write(&page, format!("\u{feff}{text}")).unwrap();
    let section = folder.path().join("content/part1-x/_index.md");
    fs::write(section, "+++\ntitle = \"Part X\"\n+++").unwrap();
    write(&shell, Path::new("public"), None).unwrap();
}

#[test]
fn links_lead_to_the_markdown_of_their_page() {
    shows(
        "A [word](@/glossary.md#word) and [this](@/part1-x/ch01-waits.md).",
        "A [word](https://example.org/book/glossary/index.md#word) and [this](https://example.org/book/waits/index.md).",
    );
}

#[test]
fn what_cannot_be_shown_is_told_with_its_line() {
    let line = "content/part1-x/ch01-waits.md:11";
    fails("\n{{ note(text=\"x\") }}", line);
    fails("\n{{ measured(name=\"memory\", value=\"x\") }}", line);
    fails("\n{{ listing(file=\"code/x.rs\", part=\"x\") }}", line);
    fails("\n[x](@/none.md)", "there is no page content/none.md");
}

#[test]
fn a_page_that_zola_wrote_elsewhere_is_told() {
    let (folder, shell) = book("");
    fs::remove_file(folder.path().join("public/waits/index.html")).unwrap();
    let error = write(&shell, Path::new("public"), None).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("content/{CHAPTER}: no page stands at /waits/")),
        "{error}"
    );
}

#[test]
fn the_home_page_has_the_ways_in() {
    let (folder, shell) = book("");
    write(&shell, Path::new("public"), None).unwrap();
    let home = fs::read_to_string(folder.path().join("public/index.md")).unwrap();
    let end = "\n## Ways in\n\n### By word\n\n\
               - [A word](https://example.org/book/glossary/index.md#word)\n";
    assert!(home.ends_with(end), "{home}");
}

#[test]
fn the_index_leads_from_a_question_to_its_answer() {
    let (folder, shell) = book("");
    let head = "title = \"Paths\"\ndescription = \"Ways.\"\npath = \"paths\"";
    let page = format!("+++\n{head}\n+++\nA way.\n");
    fs::write(folder.path().join("content").join(QUESTIONS.0), page).unwrap();
    fs::create_dir_all(folder.path().join("public/paths")).unwrap();
    fs::write(folder.path().join("public/paths/index.html"), "").unwrap();
    write(&shell, Path::new("public"), None).unwrap();
    let index = fs::read_to_string(folder.path().join("public/llms.txt")).unwrap();
    let line =
        "\nYou have one question? Look it up: https://example.org/book/paths/index.md#questions\n";
    assert!(index.contains(line), "{index}");
}

#[test]
fn the_index_names_every_page_at_the_address_asked_for() {
    let (folder, shell) = book("");
    write(&shell, Path::new("public"), Some("https://else.where/")).unwrap();
    let index = fs::read_to_string(folder.path().join("public/llms.txt")).unwrap();
    assert!(index.starts_with("# Book\n\n> Of waits.\n"), "{index}");
    let end = "\n## Part X\n\n- [Waits](https://else.where/waits/index.md): Who waits.\n\
               \n## Beside the chapters\n\n- [Glossary](https://else.where/glossary/index.md): Words.\n";
    assert!(index.ends_with(end), "{index}");
}
