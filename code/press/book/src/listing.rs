//! Parts of a file that pages show: each stands between two comments that mark it.

/// How a comment begins in a file.
pub fn comment(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("lua" | "sql") => "-- ",
        Some("py") => "# ",
        _ => "// ",
    }
}

/// The part of this name, if the file has it.
pub fn part<'a>(file: &str, text: &'a str, name: &str) -> Option<&'a str> {
    let comment = comment(file);
    let (_, after) = text.split_once(&format!("{comment}ANCHOR: {name}\n"))?;
    let (part, _) = after.split_once(&format!("{comment}ANCHOR_END: {name}\n"))?;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_part_ends_with_its_comment() {
        let text = "a\n    // ANCHOR: tick\n    b\n    // ANCHOR_END: tick\nc\n";
        let part = |name| part("code/examples/src/bin/ch02-ticker.rs", text, name).map(str::trim);
        assert_eq!((part("tick"), part("tock")), (Some("b"), None));
    }
}
