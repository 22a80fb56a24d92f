//! What says of a book how it is to be read: its package, its navigation and its cover.

use crate::About;
use crate::contents::{Contents, Entry, Group, file};
use crate::xhtml::{document, escaped};

/// Where the package lies.
pub const CONTAINER: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"#;

/// What the package lists besides the documents.
const FILES: &str = r#"<item id="style" href="style.css" media-type="text/css"/>
<item id="text" href="fonts/text.woff2" media-type="font/woff2"/>
<item id="text-italic" href="fonts/text-italic.woff2" media-type="font/woff2"/>
<item id="code" href="fonts/code.woff2" media-type="font/woff2"/>
<item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>
"#;

/// What a reader who does not see should know before opening it.
const ACCESS: &str = r#"<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">longDescription</meta>
<meta property="schema:accessibilityHazard">none</meta>
"#;

/// The cover as a page.
pub fn cover(contents: &Contents) -> String {
    let alt = contents
        .words
        .files
        .cover_of
        .replace("{book}", &contents.title);
    let alt = escaped(&alt);
    let body = format!("<div class=\"cover\"><img src=\"cover.png\" alt=\"{alt}\"/></div>");
    document(&contents.language, &contents.title, &body)
}

/// The contents that a reader opens from any place.
pub fn navigation(contents: &Contents) -> String {
    let groups: String = contents.groups.iter().map(group).collect();
    let start = contents.pages().next().map_or("", |page| &page.path);
    let first = file(start);
    let words = &contents.words.files;
    let [heading, cover, title_page, landmarks, start] = [
        &contents.words.contents,
        &words.cover,
        &words.title_page,
        &words.landmarks,
        &words.start,
    ]
    .map(|text| escaped(text));
    let body = format!(
        r#"<nav epub:type="toc" id="toc"><h1>{heading}</h1>
<ol>
<li><a href="title.xhtml">{title_page}</a></li>
{groups}</ol>
</nav>
<nav epub:type="landmarks" hidden="hidden"><h2>{landmarks}</h2>
<ol>
<li><a epub:type="cover" href="cover.xhtml">{cover}</a></li>
<li><a epub:type="toc" href="nav.xhtml">{heading}</a></li>
<li><a epub:type="bodymatter" href="{first}">{start}</a></li>
</ol>
</nav>"#
    );
    document(&contents.language, &contents.words.contents, &body)
}

fn group(group: &Group) -> String {
    let heading = escaped(&group.heading);
    let head = match &group.page {
        Some(page) => format!("<a href=\"{}\">{heading}</a>", file(&page.path)),
        None => format!("<span>{heading}</span>"),
    };
    let entries: String = group.entries.iter().map(entry).collect();
    format!("<li>{head}{}</li>\n", list(&entries))
}

fn entry(entry: &Entry) -> String {
    let file = file(&entry.path);
    let sections = entry.sections.iter().map(|(id, heading)| {
        let heading = escaped(heading);
        format!("<li><a href=\"{file}#{id}\">{heading}</a></li>\n")
    });
    let sections = list(&sections.collect::<String>());
    let title = escaped(&entry.title);
    format!("<li><a href=\"{file}\">{title}</a>{sections}</li>\n")
}

/// A list without entries is not allowed.
fn list(entries: &str) -> String {
    if entries.is_empty() {
        String::new()
    } else {
        format!("\n<ol>\n{entries}</ol>\n")
    }
}

/// The package: who and when, all files, and the order of the documents.
pub fn package(contents: &Contents, about: &About, documents: &[(String, String)]) -> String {
    let (mut items, mut spine) = (String::new(), String::new());
    for (name, text) in documents {
        let id = format!("page-{}", name.trim_end_matches(".xhtml"));
        let mut properties = Vec::new();
        properties.extend((name == "nav.xhtml").then_some("nav"));
        properties.extend(text.contains("<svg ").then_some("svg"));
        let properties = if properties.is_empty() {
            String::new()
        } else {
            format!(" properties=\"{}\"", properties.join(" "))
        };
        items += &format!(
            "<item id=\"{id}\" href=\"{name}\" media-type=\"application/xhtml+xml\"{properties}/>\n"
        );
        spine += &format!("<itemref idref=\"{id}\"/>\n");
    }
    let [
        title,
        description,
        language,
        author,
        modified,
        address,
        accessible,
    ] = [
        &contents.title,
        &contents.description,
        &contents.language,
        &about.author,
        &about.modified,
        &contents.base,
        &contents.words.files.accessible,
    ]
    .map(|text| escaped(text));
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="address" xml:lang="{language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="address">{address}/</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>{language}</dc:language>
<dc:creator>{author}</dc:creator>
<dc:description>{description}</dc:description>
<dc:source>{address}/</dc:source>
<meta property="dcterms:modified">{modified}</meta>
{ACCESS}<meta property="schema:accessibilitySummary">{accessible}</meta>
</metadata>
<manifest>
{items}{FILES}</manifest>
<spine>
{spine}</spine>
</package>
"#
    )
}
