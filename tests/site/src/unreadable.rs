//! Every file of the book can be read, and says something.

use crate::Problem;
use crate::book::{Book, without_code};

/// Files that are not text, and pages with front matter only.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut problems = book.unreadable.clone();
    for (_, page) in book.chapters() {
        if without_code(page).trim().is_empty() {
            problems.push(Problem::new(
                &page.path,
                1,
                "the chapter is empty",
                "write it, or remove the file until it is written",
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn a_file_that_is_not_utf8_is_named_with_its_line() {
        Fixture::sound()
            .write_bytes(CHAPTER, b"+++\n+++\nna\xefve\n")
            .expect(check, &[(CHAPTER, "", "line 3 is not UTF-8")]);
    }

    #[test]
    fn an_empty_chapter_is_named() {
        Fixture::sound()
            .write(CHAPTER, "")
            .expect(check, &[(CHAPTER, "", "the chapter is empty")]);
    }

    #[test]
    fn an_outline_that_is_not_toml_is_named_with_its_line() {
        Fixture::sound()
            .replace("content/outline.toml", "[[part]]", "[[part]")
            .expect(
                check,
                &[("content/outline.toml", "", "unclosed array table")],
            );
    }
}
