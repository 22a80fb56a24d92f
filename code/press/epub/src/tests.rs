//! A site of three pages, bound.

use std::fs;
use std::io::{Cursor, Read};

use roxmltree::{Document, ParsingOptions};
use tempfile::TempDir;
use zip::ZipArchive;

use super::*;

const HOME: &str = r#"<html lang="en"><head><title>Waits &amp; wakes</title>
<meta name="description" content="On waiting."><link rel="canonical" href="https://book.example/">
</head><body><main><article class="home"><header class="hero"><h1>Waits</h1>
<p class="start"><a href="https://book.example/lazy/">Start reading</a></p></header></article></main></body></html>"#;

const CONTENTS: &str = r#"<nav class="book-contents"><details><ol>
<li><a class="part" href="https://book.example/part1/">Foundations</a><ol>
<li><a href="https://book.example/lazy/"><b>1</b> Lazy</a></li></ol></li>
<li><span class="part">Beside the chapters</span><ul><li><a href="https://book.example/glossary/">Glossary</a></li></ul></li>
</ol></details></nav>"#;

fn site(chapter: &str) -> TempDir {
    let site = tempfile::tempdir().unwrap();
    let page = |article: &str| {
        format!("<html>{CONTENTS}<main><article class=\"prose\">{article}</article></main></html>")
    };
    for (name, text) in [
        ("index.html", HOME.to_owned()),
        ("part1/index.html", page("<h1>Foundations</h1>")),
        ("lazy/index.html", page(&format!("<h1>Lazy</h1>{chapter}"))),
        ("glossary/index.html", page("<h1>Glossary</h1>")),
        (
            "css/tokens.css",
            fs::read_to_string("../../../static/css/tokens.css").unwrap(),
        ),
        ("fonts/text.woff2", String::new()),
        ("fonts/text-italic.woff2", String::new()),
        ("fonts/code.woff2", String::new()),
    ] {
        let file = site.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    site
}

fn words() -> Words {
    Words::read(Path::new("../../../content/words/en.toml")).unwrap()
}

/// The bytes of the book, which are the same each time.
fn bound(chapter: &str) -> Vec<u8> {
    let site = site(chapter);
    let about = About {
        author: "A & B".to_owned(),
        modified: "2026-11-23T00:00:00Z".to_owned(),
        words: words(),
    };
    let file = site.path().join("book.epub");
    bind(site.path(), &about, &file).unwrap();
    fs::read(file).unwrap()
}

fn text(book: &[u8], name: &str) -> String {
    let mut book = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut text = String::new();
    let mut file = book.by_name(name).unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

/// What stands in the body of the chapter.
fn chapter(html: &str) -> String {
    let text = text(&bound(html), "EPUB/lazy.xhtml");
    let (_, body) = text.split_once("<h1>Lazy</h1>").unwrap();
    let (body, _) = body.split_once("</article>").unwrap();
    body.to_owned()
}

#[test]
fn the_type_stands_first_and_plain_and_every_document_is_xml() {
    let book = bound("<p>One<br>two &amp; <b>three</b>");
    assert_eq!(&book[30..58], b"mimetypeapplication/epub+zip");
    let names: Vec<String> = ZipArchive::new(Cursor::new(&book))
        .unwrap()
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    let is_xml = |name: &&String| name.ends_with("ml") || name.ends_with(".opf");
    let documents: Vec<&String> = names.iter().filter(is_xml).collect();
    assert_eq!(documents.len(), 8, "{documents:?}");
    for name in documents {
        let options = ParsingOptions {
            allow_dtd: true,
            ..ParsingOptions::default()
        };
        let parsed = Document::parse_with_options(&text(&book, name), options).map(|_| ());
        assert_eq!(parsed, Ok(()), "{name}");
    }
}

#[test]
fn the_same_pages_give_the_same_bytes() {
    let html = "<p title=\"t\" class=\"c\" id=\"i\">One</p>";
    assert!(bound(html) == bound(html));
}

#[test]
fn the_package_tells_who_wrote_what_and_the_navigation_has_parts_chapters_and_sections() {
    let book = bound("<h2 id=\"why\"><a href=\"#why\">Why</a></h2>");
    let package = text(&book, "EPUB/package.opf");
    for line in [
        "<dc:title>Waits &amp; wakes</dc:title>",
        "<dc:creator>A &amp; B</dc:creator>",
        "<dc:language>en</dc:language>",
        "<meta property=\"dcterms:modified\">2026-11-23T00:00:00Z</meta>",
        "<dc:identifier id=\"address\">https://book.example/</dc:identifier>",
    ] {
        assert!(package.contains(line), "{line} in {package}");
    }
    let spine: Vec<&str> = package.split("idref=\"page-").skip(1).collect();
    let spine: Vec<&str> = spine.iter().filter_map(|it| it.split('"').next()).collect();
    assert_eq!(
        spine,
        ["cover", "title", "nav", "part1", "lazy", "glossary"]
    );
    let navigation = text(&book, "EPUB/nav.xhtml");
    for line in [
        "<li><a href=\"part1.xhtml\">Foundations</a>",
        "<li><a href=\"lazy.xhtml\">1 Lazy</a>",
        "<li><a href=\"lazy.xhtml#why\">Why</a></li>",
        "<li><span>Beside the chapters</span>",
    ] {
        assert!(navigation.contains(line), "{line} in {navigation}");
    }
}

#[test]
fn links_to_pages_stay_in_the_book_and_others_lead_out_of_it() {
    let html = "<p><a href=\"https://book.example/glossary/#waker\">waker</a> \
                <a href=\"https://book.example/\">home</a> <a href=\"#why\">why</a> \
                <a href=\"https://book.example/atom.xml\">feed</a> <a href=\"https://docs.rs/tokio\">Tokio</a></p>";
    assert_eq!(
        chapter(html),
        "<p><a href=\"glossary.xhtml#waker\">waker</a> <a href=\"title.xhtml\">home</a> <a href=\"#why\">why</a> \
         <a href=\"https://book.example/atom.xml\">feed</a> <a href=\"https://docs.rs/tokio\">Tokio</a></p>"
    );
}

#[test]
fn what_acts_is_left_out_and_what_only_scripts_know_is_taken_off() {
    let html = "<run-player src=\"x.json\"><figure class=\"code\"><figcaption><a href=\"e\">Fix this program</a>\
                <copy-code></copy-code></figcaption><pre tabindex=\"0\"><code data-lang=\"rust\"><b>fn</b></code></pre></figure></run-player>\
                <figure class=\"code\"><figcaption><span>Python</span> <a href=\"e\">Fix this program</a></figcaption></figure>";
    assert_eq!(
        chapter(html),
        "<figure class=\"code\"><pre><code><b>fn</b></code></pre></figure>\
         <figure class=\"code\"><figcaption><span>Python</span> </figcaption></figure>"
    );
}

#[test]
fn a_step_keeps_what_it_adds_and_tells_how_much_stays() {
    let html = "<figure class=\"code step\"><pre><code><del class=\"many\">lost();\n</del><mark>kept();\n</mark></code></pre>\
                <details><summary>9 lines as before</summary><pre><code>old();</code></pre></details></figure>";
    let body = chapter(html);
    assert!(body.contains("<mark>kept();\n</mark>"), "{body}");
    assert!(
        body.contains("<p class=\"summary\">9 lines as before</p></figure>"),
        "{body}"
    );
    assert!(!body.contains("lost") && !body.contains("old"), "{body}");
}

#[test]
fn a_card_keeps_its_anchor_and_its_name_is_no_link() {
    let html = "<figure class=\"card pattern\" id=\"ask\"><figcaption>Pattern: <a href=\"#ask\">Ask</a></figcaption>\
                <dl><div><dt>Use</dt><dd>in doubt.</dd></div></dl></figure>";
    assert_eq!(
        chapter(html),
        "<figure class=\"card pattern\" id=\"ask\"><figcaption>Pattern: Ask</figcaption>\
         <dl><div><dt>Use</dt><dd>in doubt.</dd></div></dl></figure>"
    );
}

#[test]
fn answers_stand_at_the_end_of_the_page_with_links_there_and_back() {
    let html = "<quiz-card answer=\"2\"><p>Who?</p><details><summary>Answer</summary><p>You.</p></details></quiz-card><p>More.</p>";
    let page = text(&bound(html), "EPUB/lazy.xhtml");
    for part in [
        "<section class=\"quiz\" id=\"question-1\"><p class=\"number\">Question 1</p><p>Who?</p>\
         <p class=\"to-answer\"><a href=\"#answer-1\">Answer</a></p></section><p>More.</p></article>",
        "<h2 id=\"answers\">Answers</h2><section class=\"answer\" id=\"answer-1\">\
         <p class=\"number\"><a href=\"#question-1\">Question 1</a></p><p>You.</p></section></section>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn pictures_keep_their_words_and_have_their_colors_filled_in() {
    let html = "<svg viewBox=\"0 0 9 9\" style=\"--width:720\" role=\"img\" aria-labelledby=\"t\"><title id=\"t\">Lanes</title>\
                <path class=\"d-run\" style=\"fill: var(--paper)\" d=\"M0 0\"/></svg>";
    assert_eq!(
        chapter(html),
        "<svg xmlns=\"http://www.w3.org/2000/svg\" aria-labelledby=\"t\" role=\"img\" viewBox=\"0 0 9 9\"><title id=\"t\">Lanes</title>\
         <path class=\"d-run\" d=\"M0 0\" style=\"fill: #fbf8f1\"></path></svg>"
    );
}

#[test]
fn footnotes_say_what_they_are() {
    let html = "<sup class=\"footnote-reference\"><a href=\"#fn-1\">1</a></sup><ol class=\"footnotes-list\"><li id=\"fn-1\">Note</li></ol>";
    assert_eq!(
        chapter(html),
        "<sup class=\"footnote-reference\"><a href=\"#fn-1\" epub:type=\"noteref\">1</a></sup>\
         <ol class=\"footnotes-list\"><li id=\"fn-1\" epub:type=\"footnote\">Note</li></ol>"
    );
}

#[test]
fn a_picture_that_is_no_drawing_and_a_site_that_is_not_built_are_told() {
    let about = About {
        author: String::new(),
        modified: String::new(),
        words: words(),
    };
    let error = |site: &TempDir| {
        let error = bind(site.path(), &about, &site.path().join("book.epub")).unwrap_err();
        format!("{error:#}")
    };
    let built = site("<img src=\"x.png\">");
    let told = error(&built);
    assert!(
        told.contains("lazy/index.html cannot be bound: an <img>"),
        "{told}"
    );
    let told = error(&tempfile::tempdir().unwrap());
    assert!(
        told.contains("`cargo xtask build` writes the pages first"),
        "{told}"
    );
}

#[test]
fn every_class_of_drawings_and_of_pictures_of_runs_has_a_look() {
    let pictures = Path::new("../../../static");
    let sheet = include_str!("book.css");
    for folder in ["drawings", "runs"] {
        for file in fs::read_dir(pictures.join(folder)).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_none_or(|it| it != "svg") {
                continue;
            }
            let svg = fs::read_to_string(&file).unwrap();
            let classes = svg.split(" class=\"").skip(1);
            let classes = classes.filter_map(|rest| rest.split('"').next());
            for class in classes.flat_map(str::split_whitespace) {
                let rule = format!(".{class} {{");
                assert!(
                    sheet.contains(&rule),
                    "book.css has no {rule} for {}",
                    file.display()
                );
            }
        }
    }
}
