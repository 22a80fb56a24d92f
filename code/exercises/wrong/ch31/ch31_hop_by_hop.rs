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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_the_connection_ends_with_it() {
        let fields = [("host", "shop"), ("Keep-Alive", "5"), ("te", "trailers")];
        assert_eq!(forwarded(&fields), [("host", "shop")]);
    }

    #[test]
    fn what_the_client_names_ends_too() {
        let fields = [
            ("Connection", "close,X-Secret , x-other"),
            ("x-secret", "1"),
            ("X-Other", "2"),
            ("x-public", "3"),
        ];
        assert_eq!(forwarded(&fields), [("x-public", "3")]);
    }

    #[test]
    fn there_may_be_two_such_fields() {
        let fields = [
            ("connection", "x-one"),
            ("x-one", "1"),
            ("connection", "x-two"),
            ("x-two", "2"),
        ];
        assert_eq!(forwarded(&fields), []);
    }
}
