//! Escapes: code that nobody would prove, and what Markdown does not see as what it was meant for.

use harness::book::escapes;

use crate::Problem;
use crate::book::Book;

/// Every page.
pub fn check(book: &Book) -> Vec<Problem> {
    let of_page = |page| {
        escapes::of_page(page)
            .into_iter()
            .map(move |found| (page, found))
    };
    let found = book.pages.iter().flat_map(of_page);
    found
        .map(|(page, found)| Problem::new(&page.path, found.line, found.what, found.fix))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn a_program_that_nobody_would_prove_is_named_with_its_line() {
        Fixture::sound().expect(check, &[]);
        let program = "    fn main() {}\n\n```rust,run=ch02-tick";
        Fixture::sound()
            .replace(CHAPTER, "```rust,run=ch02-tick", program)
            .expect(
                check,
                &[(CHAPTER, "    fn main() {}", "an indented code block")],
            );
    }
}
