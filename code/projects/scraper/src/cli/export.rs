//! Items as lines of JSON or as a table.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::Result;
use serde_json::{Map, Value};

use crate::frontier::View;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line of JSON an item.
    Jsonl,
    /// A table with a column for each field.
    Csv,
}

/// Writes all items.
pub async fn write(view: &impl View, format: Format, mut out: impl Write) -> Result<()> {
    match format {
        Format::Jsonl => view.items(|item| writeln!(out, "{item}")).await?,
        Format::Csv => table(view, &mut out).await?,
    }
    Ok(out.flush()?)
}

/// Reads the items twice: first for the columns.
async fn table(view: &impl View, out: impl Write) -> Result<()> {
    let mut columns = BTreeSet::new();
    let mut note = |item: &str| {
        columns.extend(fields(item).keys().cloned());
        Ok(())
    };
    view.items(&mut note).await?;
    let mut table = csv::Writer::from_writer(out);
    table.write_record(&columns)?;
    let write = |item: &str| {
        let fields = fields(item);
        let row = columns.iter().map(|column| cell(fields.get(column)));
        table.write_record(row).map_err(std::io::Error::from)
    };
    view.items(write).await?;
    Ok(table.flush()?)
}

fn fields(item: &str) -> Map<String, Value> {
    serde_json::from_str(item).unwrap_or_default()
}

fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) => {
            let values: Vec<_> = values.iter().map(|value| cell(Some(value))).collect();
            values.join("; ")
        }
        Some(other) => return other.to_string(),
    };
    // A page's text must not become a formula in a spreadsheet.
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}
