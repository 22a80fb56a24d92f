//! The contents, which e-readers show in a menu of their own too.

use crate::book::{Book, Group, Page};
use crate::markup::escaped;

/// The contents: parts, their chapters, and the sections of those.
pub fn write(book: &Book) -> String {
    let groups: String = book.groups.iter().map(group).collect();
    let first = book.pages().next().map_or("nav", |page| &page.name);
    format!(
        "<nav epub:type=\"toc\" id=\"toc\"><h1>Contents</h1>\n<ol>\n{groups}</ol></nav>\n\
         <nav epub:type=\"landmarks\" hidden=\"\"><h2>Landmarks</h2>\n<ol>\
         <li><a epub:type=\"cover\" href=\"cover.xhtml\">Cover</a></li>\
         <li><a epub:type=\"toc\" href=\"#toc\">Contents</a></li>\
         <li><a epub:type=\"bodymatter\" href=\"{first}.xhtml\">Text</a></li></ol></nav>"
    )
}

fn group(group: &Group) -> String {
    let title = escaped(&group.title);
    let title = match &group.head {
        Some(head) => format!("<a href=\"{}.xhtml\">{title}</a>", head.name),
        None => format!("<span>{title}</span>"),
    };
    let pages: String = group.pages.iter().map(page).collect();
    format!("<li>{title}{}</li>\n", list(&pages))
}

fn page(page: &Page) -> String {
    let name = &page.name;
    let section = |(id, title): (&str, &str)| {
        format!(
            "<li><a href=\"{name}.xhtml#{id}\">{}</a></li>\n",
            escaped(title)
        )
    };
    let sections = page.sections.iter().map(|it| (&*it.id, &*it.title));
    let sections: String = sections.map(section).collect();
    let label = escaped(&page.label);
    format!(
        "<li><a href=\"{name}.xhtml\">{label}</a>{}</li>\n",
        list(&sections)
    )
}

/// A list must not be empty.
fn list(items: &str) -> String {
    match items {
        "" => String::new(),
        items => format!("\n<ol>\n{items}</ol>"),
    }
}
