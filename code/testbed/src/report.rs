//! The words and numbers of a report that a benchmark writes into a README.

use std::fmt::{self, Write};
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

/// How often each was measured, in words.
pub fn rounds(rounds: usize) -> String {
    match rounds {
        1 => "one round".to_owned(),
        rounds => format!("the median of {rounds} rounds"),
    }
}

/// A table's title, and its columns: what was measured, heading, digits after the point.
pub type Columns<M> = (&'static str, &'static [(M, &'static str, usize)]);

/// What was measured, by the row of its system: values, or the reasons why there are none.
pub struct Cells<M>(Vec<Vec<(M, Result<f64, String>)>>);

impl<M: Copy + PartialEq> Cells<M> {
    /// For so many systems.
    pub fn new(rows: usize) -> Self {
        Self((0..rows).map(|_| Vec::new()).collect())
    }

    /// Adds what a measurement of this row's system has found.
    pub fn add(&mut self, row: usize, found: impl IntoIterator<Item = (M, Result<f64, String>)>) {
        self.0[row].extend(found);
    }

    /// The median of what was measured; the reason, if nothing could be; `None` if it has no meaning.
    pub fn median(&self, row: usize, metric: M) -> Option<Result<f64, &str>> {
        let of_metric = self.0[row].iter().filter(|(found, _)| *found == metric);
        let (values, reasons): (Vec<_>, Vec<_>) = of_metric
            .map(|(_, value)| value.as_ref())
            .partition(|value| value.is_ok());
        let values: Vec<f64> = values.into_iter().flatten().copied().collect();
        match median(&values) {
            Some(median) => Some(Ok(median)),
            None => {
                let reason = reasons.into_iter().find_map(Result::err)?;
                Some(Err(reason.as_str()))
            }
        }
    }

    /// Writes the tables, a row for each system, the reasons for what is missing, and how each
    /// system was set. `systems` are their names and settings; behind a value stands its ratio to
    /// what `best` says of its metric.
    ///
    /// # Errors
    ///
    /// Those of the formatter.
    pub fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        tables: &[Columns<M>],
        systems: &[(&str, String)],
        best: impl Fn(M) -> Option<f64>,
    ) -> fmt::Result {
        let mut reasons = Vec::new();
        for (title, columns) in tables {
            let headings: Vec<&str> = columns.iter().map(|(_, heading, _)| *heading).collect();
            writeln!(f, "\n| {title} | {} |", headings.join(" | "))?;
            writeln!(f, "| --- |{}", " ---: |".repeat(columns.len()))?;
            for (row, (name, _)) in systems.iter().enumerate() {
                write!(f, "| {name} |")?;
                for &(metric, _, digits) in *columns {
                    let cell = match self.median(row, metric) {
                        None => String::new(),
                        Some(Ok(value)) => {
                            let best = best(metric).filter(|best| *best > 0.0);
                            let times = best.map(|best| format!(" = {} ×", ratio(value / best)));
                            format!("{}{}", grouped(value, digits), times.unwrap_or_default())
                        }
                        Some(Err(reason)) => {
                            let reason = format!("{name}: {reason}");
                            format!("none ({})", number_of(&mut reasons, reason))
                        }
                    };
                    write!(f, " {cell} |")?;
                }
                writeln!(f)?;
            }
        }
        if !reasons.is_empty() {
            writeln!(f, "\nWhy a number is missing:\n")?;
        }
        for (at, reason) in reasons.iter().enumerate() {
            writeln!(f, "{}. {reason}.", at + 1)?;
        }
        writeln!(f, "\nHow each was set:\n")?;
        for (name, settings) in systems {
            writeln!(f, "- {name}: {settings}.")?;
        }
        Ok(())
    }
}

/// The number of a reason, counted from 1. One that's known keeps its own.
fn number_of(reasons: &mut Vec<String>, reason: String) -> usize {
    let known = reasons.iter().position(|known| *known == reason);
    let at = known.unwrap_or_else(|| {
        reasons.push(reason);
        reasons.len() - 1
    });
    at + 1
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

    #[test]
    fn a_value_has_its_ratio_and_what_is_missing_its_reason_once() {
        struct Report(Cells<u8>);
        impl fmt::Display for Report {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let systems = [("ours", "as it is".to_owned()), ("theirs", "so".to_owned())];
                let tables: [Columns<u8>; 1] = [("Speed", &[(1, "fast", 0), (2, "late", 1)])];
                let best = |metric| self.0.median(1, metric)?.ok();
                self.0.write(f, &tables, &systems, best)
            }
        }
        let mut cells = Cells::new(2);
        cells.add(0, [(1, Ok(30.0)), (1, Ok(10.0)), (2, Ok(5.0))]);
        cells.add(1, [(1, Err("broke".to_owned())), (2, Ok(2.5))]);
        cells.add(1, [(1, Err("broke".to_owned()))]);
        let expected = "\n| Speed | fast | late |\n| --- | ---: | ---: |\n\
            | ours | 20 | 5.0 = 2.0 × |\n| theirs | none (1) | 2.5 = 1.0 × |\n\
            \nWhy a number is missing:\n\n1. theirs: broke.\n\
            \nHow each was set:\n\n- ours: as it is.\n- theirs: so.\n";
        assert_eq!(Report(cells).to_string(), expected);
    }
}
