//! The input of a job.

use anyhow::{Context, Result};

use crate::tally;

/// About a hundred bytes, with the moment in which it is sent.
pub fn payload() -> String {
    format!(
        r#"{{"sent":{},"text":"{}"}}"#,
        tally::micros(),
        "x".repeat(60)
    )
}

/// That moment.
pub fn sent(payload: &str) -> Result<u64> {
    let input: serde_json::Value = serde_json::from_str(payload)?;
    input["sent"].as_u64().context("a payload without a moment")
}
