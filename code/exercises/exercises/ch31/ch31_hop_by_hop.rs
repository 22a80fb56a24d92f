//! Some fields concern one connection and end with it: those in `ALWAYS`, and those that
//! `Connection` names, in any mix of capitals, with blanks around the commas.
//!
//! Complete `forwarded`: which fields go on to the server, in their order?

const ALWAYS: [&str; 4] = ["connection", "keep-alive", "te", "upgrade"];

/// A name and a value.
type Field = (&'static str, &'static str);

fn forwarded(fields: &[Field]) -> Vec<Field> {
    // TODO: which fields end here?
    todo!()
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
