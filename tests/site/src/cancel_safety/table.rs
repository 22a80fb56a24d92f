//! Writes the table, module by module.

use std::collections::BTreeSet;

use super::{Proofs, Row, Verdict};

const HEAD: &str = "| Item | Method | Verdict | Proof |\n| --- | --- | --- | --- |\n";

/// What comes below the part of the page that is written by hand.
pub fn table(rows: &[Row], proofs: &Proofs) -> String {
    let many = |is: fn(&Verdict) -> bool| rows.iter().filter(|row| is(&row.verdict)).count();
    let mut text = format!(
        "\nOf {} sections {} say \"cancel safe\" without more, {} \"not cancel safe\", \
         {} speak of a place in a queue, and {} of something else.\nTests prove {} of them.\n",
        rows.len(),
        many(|it| *it == Verdict::Safe),
        many(|it| *it == Verdict::NotSafe),
        many(|it| *it == Verdict::Queue),
        many(|it| matches!(it, Verdict::Condition(_))),
        proofs.len(),
    );
    let modules: BTreeSet<&str> = rows.iter().map(|row| row.module.as_str()).collect();
    for module in modules {
        let id = module.replace("::", "-").replace('_', "-");
        text += &format!("\n### `{module}` {{#{id}}}\n\n{HEAD}");
        let rows = rows.iter().filter(|row| row.module == module);
        for (item, methods, end) in lines(rows, proofs) {
            text += &format!("| {item} | {methods} | {end} |\n");
        }
    }
    text
}

/// Methods of an item of which the same is to say share a line.
fn lines<'a>(
    rows: impl Iterator<Item = &'a Row>,
    proofs: &Proofs,
) -> Vec<(String, String, String)> {
    let mut lines: Vec<(String, String, String)> = Vec::new();
    for row in rows {
        let method = match &row.method {
            Some(name) => format!("[`{name}`]({}#method.{name})", row.page),
            None => format!("[itself]({}#{})", row.page, row.section),
        };
        let item = format!("[`{}`]({})", row.item, row.page);
        let proved = match proofs.contains_key(&row.path()) {
            true => " proved",
            false => "",
        };
        let end = format!("{} |{proved}", told(&row.verdict));
        match lines
            .iter_mut()
            .find(|line| line.0 == item && line.2 == end)
        {
            Some(line) => line.1 += &format!(", {method}"),
            None => lines.push((item, method, end)),
        }
    }
    lines
}

fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Safe => "cancel safe".into(),
        Verdict::NotSafe => "not cancel safe".into(),
        Verdict::Queue => "loses its place in the queue".into(),
        Verdict::Condition(None) => "with a condition: read its section".into(),
        Verdict::Condition(Some(words)) => format!("with a condition: \"{words}\""),
    }
}
