//! Names that become files, functions and addresses.

use anyhow::{Context, Result, ensure};

/// Rustlings refuses longer names of exercises.
const LONGEST_EXERCISE: usize = 32;

/// `ch03/forgotten_await`: the chapter, and the program's own name.
pub fn anti_pattern(name: &str) -> Result<(&str, &str)> {
    let (chapter, own) = name.split_once('/').with_context(|| {
        format!("`{name}` names no chapter: write ch03/{name} for one of chapter 3")
    })?;
    let own = own.strip_suffix(".rs").unwrap_or(own);
    snake_case(own)?;
    Ok((chapter, own))
}

/// `ch03_lazy_future`: the chapter, which is part of the name.
pub fn exercise(name: &str) -> Result<&str> {
    snake_case(name)?;
    let length = name.len();
    ensure!(
        length <= LONGEST_EXERCISE,
        "`{name}` has {length} characters, and Rustlings takes {LONGEST_EXERCISE} at most"
    );
    let (chapter, _) = name
        .split_once('_')
        .filter(|(chapter, _)| is_chapter_key(chapter))
        .with_context(|| {
            format!("`{name}` names no chapter: an exercise of chapter 3 begins with ch03_")
        })?;
    Ok(chapter)
}

fn is_chapter_key(text: &str) -> bool {
    let digits = text.strip_prefix("ch").unwrap_or_default();
    digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Letters, digits and single underscores, beginning with a letter: a Rust name and a file name.
fn snake_case(name: &str) -> Result<()> {
    let words_are_plain = name.split('_').all(|word| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        !word.is_empty() && word.bytes().all(is_plain)
    });
    ensure!(
        words_are_plain && name.starts_with(|first: char| first.is_ascii_lowercase()),
        "`{name}` is not in snake_case: lower-case letters, digits and single underscores"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anti_pattern_has_a_chapter_and_a_name() {
        assert_eq!(
            anti_pattern("ch03/forgotten").unwrap(),
            ("ch03", "forgotten")
        );
        assert_eq!(anti_pattern("3/a_b.rs").unwrap(), ("3", "a_b"));
        for bad in [
            "forgotten",
            "ch03/",
            "ch03/Forgotten",
            "ch03/a-b",
            "ch03/a__b",
            "ch03/../a",
        ] {
            assert!(anti_pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_exercise_begins_with_its_chapter() {
        assert_eq!(exercise("ch03_lazy_future").unwrap(), "ch03");
        for bad in [
            "lazy_future",
            "ch3_lazy",
            "ch03",
            "ch03-lazy",
            "ch03_",
            "03_lazy",
            "ch03_Lazy",
        ] {
            assert!(exercise(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_exercise_has_at_most_32_characters() {
        assert!(exercise("ch03_abcdefghijklmnopqrstuvwxyz1").is_ok());
        assert!(exercise("ch03_abcdefghijklmnopqrstuvwxyz12").is_err());
    }
}
