//! Addresses in percent-encoding, in the one form in which they can be compared.

/// Decodes what needs no percent-encoding, and writes the rest in capitals (RFC 3986, 6.2.2).
/// A percent sign that begins no code stays.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, encoded) = rest.split_at(at);
        plain.push_str(before);
        let hex = encoded
            .get(1..3)
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let octet = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (octet, hex) {
            (Some(octet), _) if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) => {
                plain.push(char::from(octet));
            }
            (Some(_), Some(hex)) => {
                plain.push('%');
                plain.push_str(&hex.to_ascii_uppercase());
            }
            _ => plain.push('%'),
        }
        rest = &encoded[if octet.is_some() { 3 } else { 1 }..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_an_address_become_one() {
        for (text, expected) in [
            ("/%7Eann/%74ea", "/~ann/tea"),
            ("/gr%c3%bcn", "/gr%C3%BCn"),
            ("/a%2fb", "/a%2Fb"),
            ("/100%", "/100%"),
            ("/%zz%4", "/%zz%4"),
        ] {
            assert_eq!(plain(text), expected);
            assert_eq!(plain(expected), expected);
        }
    }
}
