//! The rules of the book, one test each. A failure names every place and how to fix it.
//!
//! With `BLESS=1` what a program can fix is fixed first: the format of programs in the text,
//! the links of terms and of Tokio's names, the tables of cancel safety and of compiler errors, the crates to add, what
//! pages show of steps, and the list of published anchors.

use std::sync::LazyLock;

use site::book::Book;
use site::{
    Problem, anchors, cancel_safety, compiler_errors, costs, crates, documentation, format, paths,
    steps, styles, terms,
};

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    let book = Book::read(&harness::root());
    if std::env::var_os("BLESS").is_none() {
        return book;
    }
    format::bless(&book).expect("pages can be written");
    cancel_safety::bless(&book).expect("pages can be written");
    compiler_errors::bless(&book).expect("pages can be written");
    costs::bless(&book).expect("pages can be written");
    paths::bless(&book).expect("pages can be written");
    styles::bless(&book).expect("the style sheet can be written");
    steps::bless(&book).expect("what is shown of steps can be written");
    let book = Book::read(&harness::root());
    terms::bless(&book).expect("pages can be written");
    let book = Book::read(&harness::root());
    documentation::bless(&book).expect("pages can be written");
    let book = Book::read(&harness::root());
    crates::bless(&book).expect("pages can be written");
    let book = Book::read(&harness::root());
    anchors::bless(&book).expect("the list can be written");
    book
});

#[track_caller]
fn holds(check: fn(&Book) -> Vec<Problem>) {
    let problems: Vec<String> = check(&BOOK).iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "\n\n{}\n", problems.join("\n\n"));
}

#[test]
fn every_file_can_be_read() {
    holds(site::unreadable::check);
}

#[test]
fn front_matter_is_whole() {
    holds(site::front_matter::check);
}

#[test]
fn outline_is_followed() {
    holds(site::topics::check);
}

#[test]
fn headings_have_ids() {
    holds(site::headings::check);
}

#[test]
fn anchors_once_published_stay() {
    holds(site::anchors::check);
}

#[test]
fn no_code_escapes_proof() {
    holds(site::escapes::check);
}

#[test]
fn fences_hold_whole_programs() {
    holds(site::fences::check);
}

#[test]
fn format_of_programs_is_rustfmt() {
    holds(site::format::check);
}

#[test]
fn links_lead_somewhere() {
    holds(site::links::check);
}

#[test]
fn terms_lead_to_the_glossary() {
    holds(site::terms::check);
}

#[test]
fn documentation_is_of_what_the_sources_declare() {
    holds(site::documentation::check);
}

#[test]
fn cancel_safety_is_what_the_sources_say() {
    holds(cancel_safety::check);
}

#[test]
fn compiler_errors_are_those_of_the_programs() {
    holds(compiler_errors::check);
}

#[test]
fn costs_are_those_that_were_measured() {
    holds(costs::check);
}

#[test]
fn paths_take_what_their_pages_take() {
    holds(paths::check);
}

#[test]
fn asyncio_has_a_row_for_each_name() {
    holds(site::asyncio::check);
}

#[test]
fn shortcodes_name_what_exists() {
    holds(site::shortcodes::check);
}

#[test]
fn listings_have_whole_parts() {
    holds(site::listings::check);
}

#[test]
fn steps_are_printed_line_by_line() {
    holds(steps::check);
}

#[test]
fn anti_patterns_are_shown() {
    holds(site::anti_patterns::check);
}

#[test]
fn cards_are_shown_once() {
    holds(site::cards::check);
}

#[test]
fn crates_are_named_before_they_are_needed() {
    holds(site::crates::check);
}

#[test]
fn drawings_follow_the_theme() {
    holds(site::drawings::check);
}

#[test]
fn quizzes_are_proved() {
    holds(site::quiz::check);
}

#[test]
fn prose_keeps_to_the_style() {
    holds(site::prose::check);
}

#[test]
fn sentences_have_lines_of_their_own() {
    holds(site::sentences::check);
}

#[test]
fn exercises_are_there_for_each_chapter() {
    holds(site::exercises::check);
}

#[test]
fn runs_match_their_programs() {
    holds(site::runs::check);
}

#[test]
fn styles_are_joined() {
    holds(styles::check);
}

#[test]
fn hosts_send_what_pages_cannot_say() {
    holds(site::hosting::check);
}

#[test]
fn templates_parse() {
    holds(site::templates::check);
}

#[test]
fn words_of_the_interface_are_there_in_every_language() {
    holds(site::words::check);
}

#[test]
fn translations_keep_programs_and_anchors() {
    holds(site::translations::check);
}

#[test]
fn built_pages_are_sound() {
    if site::built::are_current(&BOOK) {
        holds(site::built::check);
    } else if std::env::var_os("CI").is_some() {
        panic!("public/ is missing or older than the text\n  fix: cargo xtask build");
    } else {
        println!("public/ is missing or older than the text: `cargo xtask build` makes it");
    }
}
