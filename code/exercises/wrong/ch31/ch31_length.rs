//! Wrong: `parse` takes a plus sign, and `trim` takes blanks that the server may not take.

/// The answer is 400.
#[derive(Debug, PartialEq, Eq)]
struct BadLength;

/// What the fields say: no length, a length, or nothing that can be trusted.
fn length(fields: &[&str]) -> Result<Option<u64>, BadLength> {
    let value = match fields {
        [] => return Ok(None),
        [value] => *value,
        _ => return Err(BadLength),
    };
    value.trim().parse().map(Some).map_err(|_| BadLength)
}

fn main() {}
