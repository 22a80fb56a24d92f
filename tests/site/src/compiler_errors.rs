//! The page of compiler errors: by message, what it means and what to write instead.
//!
//! The page is written by hand down to [`TABLE`], and names each message there. The table of
//! programs below it is made from the anti-patterns: `BLESS=1 cargo test -p site --test site`
//! writes it.

use harness::book::Page;

use crate::Problem;
use crate::below::Below;
use crate::book::{Book, chapter_number, stem};
use crate::shortcodes;

const PAGE: &str = "content/appendices/compiler-errors.md";
const TABLE: Below = Below {
    page: PAGE,
    marker: "{#programs}\n",
    source: "the programs",
};
const HEAD: &str = "\n| Code | Message | Program |\n| --- | --- | --- |\n";

/// A program that is refused, and where a page shows it.
struct Row {
    case: String,
    /// `E0277`, if the message has one.
    code: Option<String>,
    message: String,
    /// `4. [title](@/page.md#id)`
    place: String,
}

/// The table is that of the programs, and each message is explained above it.
pub fn check(book: &Book) -> Vec<Problem> {
    let Some(page) = book.page(PAGE) else {
        return Vec::new();
    };
    let rows = rows(book);
    let mut problems = Vec::from_iter(TABLE.check(page, |below| table(below, &rows)));
    let by_hand = TABLE.by_hand(page);
    for row in rows {
        let name = row.code.as_ref().unwrap_or(&row.message);
        if !by_hand.contains(name.as_str()) {
            let file = format!("tests/anti_patterns/{}.stderr", row.case);
            let fix = format!("write in {PAGE} what it means and what to do");
            problems.push(Problem::new(
                file,
                1,
                format!("{name} is not explained"),
                fix,
            ));
        }
    }
    problems
}

/// Writes the table.
pub fn bless(book: &Book) -> std::io::Result<()> {
    TABLE.bless(book, |below| table(below, &rows(book)))
}

/// The table, in the place of `below`, whose links stay.
fn table(below: &str, rows: &[Row]) -> String {
    let links = below.find("\n[`").map_or("", |at| &below[at..]);
    let rows = rows.iter().map(|row| {
        let code = row.code.as_deref().unwrap_or("–");
        let message = row.message.replace('|', "\\|");
        format!("| {code} | `` {message} `` | {} |\n", row.place)
    });
    HEAD.to_owned() + &rows.collect::<String>() + links
}

/// The programs that pages show, by their message.
fn rows(book: &Book) -> Vec<Row> {
    let mut rows: Vec<Row> = shortcodes::all(book)
        .iter()
        .filter(|shortcode| shortcode.name == "anti_pattern" && shortcode.page.path != PAGE)
        .filter_map(|shortcode| {
            let case = shortcode.argument("name")?.to_owned();
            let stderr = book.file(&format!("tests/anti_patterns/{case}.stderr"))?;
            let (code, message) = first(&stderr)?;
            let place = place(shortcode.page, shortcode.line)?;
            Some(Row {
                case,
                code,
                message,
                place,
            })
        })
        .collect();
    rows.sort_by(|a, b| (&a.message, &a.case).cmp(&(&b.message, &b.case)));
    rows
}

/// The code and the words of the first error.
fn first(stderr: &str) -> Option<(Option<String>, String)> {
    let (head, message) = stderr.lines().next()?.split_once(": ")?;
    let code = head
        .strip_prefix("error[")
        .and_then(|it| it.strip_suffix(']'));
    Some((code.map(str::to_owned), message.to_owned()))
}

/// The section of a page that a line stands in.
pub(crate) fn place(page: &Page, line: usize) -> Option<String> {
    let mut above = page.headings.iter().filter(|heading| heading.line < line);
    let heading = above.rfind(|heading| heading.id.is_some())?;
    let id = heading.id.as_ref()?;
    // As it is written: the title that was read has lost its marks of code.
    let title = page.text.lines().nth(heading.line - 1)?;
    let title = title.trim_start_matches('#').split(" {#").next()?.trim();
    let path = page.path.strip_prefix("content/")?;
    let chapter = chapter_number(stem(page)).map_or(String::new(), |number| format!("{number}. "));
    Some(format!("{chapter}[{title}](@/{path}#{id})"))
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn a_message_is_read_with_and_without_its_code() {
        let with = first("error[E0382]: use of moved value: `tea`\n --> x.rs:1:1\n");
        let moved = "use of moved value: `tea`".to_owned();
        assert_eq!(with, Some((Some("E0382".into()), moved)));
        let without = first("error: future cannot be sent between threads safely\n");
        let sent = "future cannot be sent between threads safely".to_owned();
        assert_eq!(without, Some((None, sent)));
    }
}
