//! Fences: each code block is of a known language, and each program is one to paste and run.

use std::sync::LazyLock;

use harness::book::fence::{self, OPTIONS};
use harness::book::{Block, Heading, Page};
use regex::Regex;

use crate::Problem;
use crate::book::Book;
use crate::shortcodes;

const LANGUAGES: &[&str] = &["rust", "python", "toml", "console", "text", "diff", "asm"];

const MOST_LINES: usize = 30;
const MOST_COLUMNS: usize = 80;

/// What Zola takes for a shortcode, even inside a code block.
static SHORTCODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{\s*[A-Za-z_]\w*\s*\(|\{%\s*[A-Za-z_]\w*\s*\(").expect("a pattern")
});

/// Every fence of every page.
pub fn check(book: &Book) -> Vec<Problem> {
    let blocks = book.pages.iter().flat_map(|page| &page.blocks);
    let of_block = blocks.flat_map(|block| options(block).into_iter().chain(text(block)));
    let pages = book.pages.iter();
    of_block
        .chain(pages.flat_map(|page| {
            fixes(page)
                .into_iter()
                .chain(tabs(page))
                .chain(openings(page))
        }))
        .collect()
}

/// `templates/partials/content.html` finds the lines of programs by what opens them.
fn openings(page: &Page) -> Vec<Problem> {
    const OPENING: &str = "```rust";
    let begins = |line: usize| {
        let mut blocks = page.blocks.iter();
        blocks.any(|block| block.line == line && block.language() == "rust")
    };
    let lines = (1..).zip(page.text.lines());
    let other = lines.filter(|(line, text)| text.contains(OPENING) && !begins(*line));
    other
        .map(|(line, _)| {
            let what = format!("`` {OPENING} `` where no program begins");
            Problem::new(&page.path, line, what, "say it without the three backticks")
        })
        .collect()
}

/// A program that fixes the one above it stands in the same section; the opening of a page and its
/// first section count as one.
fn fixes(page: &Page) -> Vec<Problem> {
    let blocks = page
        .blocks
        .iter()
        .filter(|block| block.language() == "rust");
    let shown = shortcodes::of_page(page);
    let shown = shown.iter().filter(|shortcode| {
        ["anti_pattern", "listing", "steps"].contains(&shortcode.name.as_str())
    });
    let programs: Vec<usize> = blocks
        .map(|block| block.line)
        .chain(shown.map(|shortcode| shortcode.line))
        .collect();
    let fixing = page
        .blocks
        .iter()
        .filter(|block| block.option("fixes").is_some());
    let sections = &page.headings[1.min(page.headings.len())..];
    let what = "`fixes=1`, and no program stands";
    lonely(sections, fixing, &programs, what)
}

/// A program that is shown in turn with a Python program stands in the same section.
fn tabs(page: &Page) -> Vec<Problem> {
    let of_python = page
        .blocks
        .iter()
        .filter(|block| block.language() == "python");
    let lines: Vec<usize> = of_python.map(|block| block.line).collect();
    let shown_in_turn = page
        .blocks
        .iter()
        .filter(|block| block.option("python").is_some());
    lonely(
        &page.headings,
        shown_in_turn,
        &lines,
        "`python=1`, and no Python program stands",
    )
}

/// Blocks above which, in their section, none of `partners` stands.
fn lonely<'a>(
    headings: &[Heading],
    blocks: impl Iterator<Item = &'a Block>,
    partners: &[usize],
    what: &str,
) -> Vec<Problem> {
    let lonely = blocks.filter(|block| {
        let headings = headings.iter().map(|heading| heading.line);
        let section = headings.filter(|line| *line < block.line).max();
        let above = partners.iter().filter(|line| **line < block.line).max();
        above.copied() <= section
    });
    lonely
        .map(|block| {
            let what = format!("{what} above it in this section");
            let fix = "put the two next to each other, or remove the option";
            Problem::new(&block.path, block.line, what, fix)
        })
        .collect()
}

fn options(block: &Block) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |what: String, fix: String| {
        problems.push(Problem::new(&block.path, block.line, what, fix));
    };
    let language = block.language();
    if !LANGUAGES.contains(&language) {
        let what = if language.is_empty() {
            "a code block without a language".into()
        } else {
            format!("a code block in `{language}`")
        };
        problem(what, format!("the languages are {}", LANGUAGES.join(", ")));
    }
    let forms: Vec<&str> = OPTIONS.iter().map(|option| option.form).collect();
    for (name, value) in block.options() {
        match fence::known(language, name) {
            Some(known) if (known.fits)(value) => {}
            Some(known) => problem(
                format!("`{name}={value}`"),
                format!("write it as `{}`", known.form),
            ),
            None if ["ignore", "compile_fail"].contains(&name) => problem(
                format!("`{name}`"),
                "a program that the compiler refuses goes to tests/anti_patterns".into(),
            ),
            None if value.is_empty() => problem(
                format!("the bare word `{name}` after the language"),
                format!("write `{name}=1` if the option exists, else remove it"),
            ),
            None => problem(
                format!("an unknown option `{name}`"),
                format!("the options are {}", forms.join(", ")),
            ),
        }
    }
    for name in ["fixes", "python"] {
        if block.option(name).is_some() && block.option("run").is_some() {
            problem(
                format!("`{name}` and `run` together"),
                "remove one of them: a player needs its program in view".into(),
            );
        }
    }
    problems
}

fn text(block: &Block) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |line: usize, what: &str, fix: &str| {
        problems.push(Problem::new(&block.path, line, what, fix));
    };
    for (line, text) in (block.line + 1..).zip(block.code.lines()) {
        if SHORTCODE.is_match(text) {
            problem(
                line,
                "Zola takes `{{ name(` for a shortcode, even in a program",
                "write the braces apart, or use a variable",
            );
        }
        if block.language() != "rust" {
            continue;
        }
        let trimmed = text.trim();
        if trimmed == "#" || trimmed.starts_with("# ") {
            problem(
                line,
                "a hidden line",
                "show it: a reader pastes the whole program",
            );
        }
        if has_ellipsis(text) {
            problem(
                line,
                "an ellipsis in a program",
                "write out what it stands for",
            );
        }
        if text.chars().count() > MOST_COLUMNS {
            problem(
                line,
                "a line of more than 80 columns",
                "break it, or shorten its names",
            );
        }
    }
    if block.language() == "rust" {
        if block.code.lines().count() > MOST_LINES {
            problem(
                block.line,
                "a program of more than 30 lines",
                "move it below code/ and show it with a listing",
            );
        }
        let asserts = block.code.contains("assert")
            || block.option("should_panic").is_some()
            || block.option("no_run").is_some();
        if !asserts {
            problem(
                block.line,
                "a program that asserts nothing",
                "let it assert what the text claims",
            );
        }
    }
    problems
}

/// In a comment: elsewhere it would not compile, or stand in a text.
fn has_ellipsis(line: &str) -> bool {
    let comment = line
        .find("//")
        .or_else(|| line.find("/*"))
        .map_or("", |at| &line[at..]);
    comment.contains("...") || comment.contains('…')
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    /// Replaces the fence of the first block.
    fn fence(with: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "```rust,run=ch02-tick", with)
    }

    /// Replaces the body of the first block.
    fn body(with: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "    assert!(true);\n", with)
    }

    #[test]
    fn a_block_without_a_language_is_named() {
        fence("```").expect(
            check,
            &[(CHAPTER, "```", "a code block without a language")],
        );
    }

    #[test]
    fn an_unknown_language_is_named() {
        fence("```ruby").expect(check, &[(CHAPTER, "```ruby", "a code block in `ruby`")]);
    }

    #[test]
    fn options_that_are_not_of_the_book_are_named() {
        fence("```rust,ignore").expect(check, &[(CHAPTER, "```rust", "`ignore`")]);
        fence("```rust,compile_fail").expect(check, &[(CHAPTER, "```rust", "`compile_fail`")]);
        fence("```rust,no_run").expect(check, &[(CHAPTER, "```rust", "`no_run=`")]);
        fence("```rust,copy").expect(check, &[(CHAPTER, "```rust", "the bare word `copy`")]);
        fence("```rust,name=a.rs")
            .expect(check, &[(CHAPTER, "```rust", "an unknown option `name`")]);
        fence("```rust,hl_lines=1,2").expect(check, &[(CHAPTER, "```rust", "the bare word `2`")]);
        fence("```rust,hl_lines=1-2 4").expect(check, &[]);
    }

    #[test]
    fn a_program_that_mends_nothing_is_named() {
        fence("```rust,fixes=1").expect(
            check,
            &[(CHAPTER, "```rust", "`fixes=1`, and no program stands above")],
        );
        fence("```rust\nfn main() {\n    assert!(true);\n}\n```\n\n```rust,fixes=1")
            .expect(check, &[]);
        fence("```rust\nfn main() {\n    assert!(true);\n}\n```\n\n```rust,fixes=1,run=ch02-tick")
            .expect(
                check,
                &[(CHAPTER, "```rust,fixes", "`fixes` and `run` together")],
            );
    }

    #[test]
    fn a_program_of_the_first_section_may_fix_that_of_the_opening_and_no_later_one_may() {
        let fix = "\n```rust,fixes=1\nfn main() {\n    assert!(true);\n}\n```\n";
        let below = |heading: &str| {
            let with = format!("{heading}{fix}");
            Fixture::sound().replace(CHAPTER, heading, &with)
        };
        below("## How the runtime learns {#selectors}\n").expect(check, &[]);
        below("## Who wakes a task {#wakeups}\n").expect(
            check,
            &[(
                CHAPTER,
                "```rust,fixes",
                "`fixes=1`, and no program stands above",
            )],
        );
    }

    #[test]
    fn a_program_in_tabs_without_a_python_program_is_named() {
        fence("```rust,python=1").expect(
            check,
            &[(
                CHAPTER,
                "```rust",
                "`python=1`, and no Python program stands above",
            )],
        );
        fence("```python\nassert True\n```\n\n```rust,python=1").expect(check, &[]);
        fence("```python\nassert True\n```\n\n```rust,python=1,run=ch02-tick").expect(
            check,
            &[(CHAPTER, "```rust,python", "`python` and `run` together")],
        );
    }

    #[test]
    fn what_a_reader_cannot_paste_is_named() {
        body("    # let x = 1;\n    assert!(true);\n")
            .expect(check, &[(CHAPTER, "# let", "a hidden line")]);
        body("    // ...\n    assert!(true);\n")
            .expect(check, &[(CHAPTER, "// ...", "an ellipsis")]);
        body("    print!();\n").expect(
            check,
            &[(CHAPTER, "```rust", "a program that asserts nothing")],
        );
        body(&"    assert!(true);\n".repeat(30)).expect(
            check,
            &[(CHAPTER, "```rust", "a program of more than 30 lines")],
        );
        body(&format!(
            "    assert!({});\n",
            "true && ".repeat(9) + "true"
        ))
        .expect(
            check,
            &[(CHAPTER, "true && ", "a line of more than 80 columns")],
        );
    }

    #[test]
    fn what_opens_a_program_stands_nowhere_else() {
        let sentence = "A fence is `` ```rust ``.\n\n```rust,run=ch02-tick";
        let wanted = "`` ```rust ``";
        fence(sentence).expect(
            check,
            &[(CHAPTER, wanted, "`` ```rust `` where no program begins")],
        );
    }

    #[test]
    fn what_zola_takes_for_a_shortcode_is_named() {
        body("    assert!({{ ready() }});\n").expect(
            check,
            &[(CHAPTER, "{{ ready() }}", "Zola takes `{{ name(`")],
        );
        body("    assert_eq!(format!(\"{{}}\"), \"{}\");\n").expect(check, &[]);
    }
}
