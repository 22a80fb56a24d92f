//! Wrong: only the first field is read, capitals count, and a comma must have a blank after it.

const ALWAYS: [&str; 4] = ["connection", "keep-alive", "te", "upgrade"];

/// A name and a value.
type Field = (&'static str, &'static str);

fn forwarded(fields: &[Field]) -> Vec<Field> {
    let connection = fields.iter().find(|(name, _)| *name == "connection");
    let named: Vec<&str> = connection
        .map(|(_, value)| value.split(", ").collect())
        .unwrap_or_default();
    let goes_on = fields
        .iter()
        .filter(|(name, _)| !ALWAYS.contains(name) && !named.contains(name));
    goes_on.copied().collect()
}

fn main() {}
