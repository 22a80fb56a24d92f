//! The list of the files of an EPUB, and what is known of the book.

use super::Leaf;
use crate::book::Book;
use crate::markup::escaped;

/// Says where the list stands.
pub const CONTAINER: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\">\n\
    <rootfiles><rootfile full-path=\"book/package.opf\" \
    media-type=\"application/oebps-package+xml\"/></rootfiles>\n</container>\n";

/// Tells a library that another edition is the same book. It never changes.
const IDENTIFIER: &str = "urn:uuid:6f0c1d57-3c0e-4d0a-9a35-0b7f5f1c2e94";

/// What the book offers to readers who do not see it; each is checked by the tests of the site.
const ACCESS: [(&str, &str); 8] = [
    ("accessMode", "textual"),
    ("accessMode", "visual"),
    ("accessModeSufficient", "textual"),
    ("accessibilityFeature", "alternativeText"),
    ("accessibilityFeature", "longDescription"),
    ("accessibilityFeature", "structuralNavigation"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityHazard", "none"),
];

/// Writes the list. `leaves` stand in the order of the book.
pub fn write(book: &Book, modified: &str, leaves: &[Leaf]) -> String {
    let [title, description, author, language] =
        [&book.title, &book.description, &book.author, &book.language].map(|text| escaped(text));
    let access =
        ACCESS.map(|(name, value)| format!("<meta property=\"schema:{name}\">{value}</meta>\n"));
    let access = access.concat();
    let items: String = leaves.iter().map(item).collect();
    let order = leaves
        .iter()
        .map(|leaf| format!("<itemref idref=\"{}\"/>\n", id(leaf)));
    let order: String = order.collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" \
         unique-identifier=\"identifier\" xml:lang=\"{language}\">\n\
         <metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n\
         <dc:identifier id=\"identifier\">{IDENTIFIER}</dc:identifier>\n\
         <dc:title>{title}</dc:title>\n<dc:language>{language}</dc:language>\n\
         <dc:creator>{author}</dc:creator>\n<dc:description>{description}</dc:description>\n\
         <dc:source>{base}/</dc:source>\n\
         <meta property=\"dcterms:modified\">{modified}</meta>\n{access}\
         <meta name=\"cover\" content=\"cover-image\"/>\n</metadata>\n\
         <manifest>\n<item id=\"style\" href=\"style.css\" media-type=\"text/css\"/>\n\
         <item id=\"cover-image\" href=\"cover.png\" media-type=\"image/png\" \
         properties=\"cover-image\"/>\n{items}</manifest>\n<spine>\n{order}</spine>\n</package>\n",
        base = escaped(&book.base),
    )
}

fn item(leaf: &Leaf) -> String {
    let properties = match leaf.name.as_str() {
        "nav" => " properties=\"nav\"",
        _ if leaf.xhtml.contains("<svg") => " properties=\"svg\"",
        _ => "",
    };
    format!(
        "<item id=\"{}\" href=\"{}.xhtml\" media-type=\"application/xhtml+xml\"{properties}/>\n",
        id(leaf),
        leaf.name
    )
}

/// No id of a page is one of the others: those have no such beginning.
fn id(leaf: &Leaf) -> String {
    format!("page-{}", leaf.name)
}
