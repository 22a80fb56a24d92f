//! The words and numbers of a report that a benchmark writes into a README.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `text` between the lines `<!-- written by COMMAND -->` and `<!-- end of what is written by it -->`
/// of the file.
pub fn write_between(path: &Path, command: &str, text: &str) -> Result<()> {
    let begin = format!("<!-- written by `{command}` -->");
    let end = "<!-- end of what is written by it -->";
    let old = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let parts = old.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some((before, after))
    });
    let missing = || format!("{} has no {begin:?} with {end:?} after it", path.display());
    let (before, after) = parts.with_context(missing)?;
    fs::write(
        path,
        format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()),
    )?;
    Ok(())
}

/// The middle one; of an even number of values, the middle between the two in the middle.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let above = *values.get(values.len() / 2)?;
    Some(match values.len().is_multiple_of(2) {
        true => f64::midpoint(values[values.len() / 2 - 1], above),
        false => above,
    })
}

/// With commas, and so many digits after the point.
pub fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let _ = write!(grouped, "{rest}");
    grouped
}

/// A ratio with the digits that matter.
pub fn ratio(ratio: f64) -> String {
    let digits = match ratio {
        ..0.1 => 3,
        ..1.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    grouped(ratio, digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!(grouped(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(grouped(999.0, 0), "999");
        assert_eq!(ratio(0.0712), "0.071");
        assert_eq!(ratio(12.34), "12.3");
    }

    #[test]
    fn only_what_was_written_is_written_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let before =
            "# T\n\n<!-- written by `x` -->\nold\n<!-- end of what is written by it -->\nrest\n";
        fs::write(file.path(), before).unwrap();
        for _ in 0..2 {
            write_between(file.path(), "x", "new\n").unwrap();
        }
        let after = before.replace("\nold\n", "\n\nnew\n\n");
        assert_eq!(fs::read_to_string(file.path()).unwrap(), after);
        let error = write_between(file.path(), "y", "new").unwrap_err();
        assert!(error.to_string().contains("written by `y`"), "{error}");
    }
}
