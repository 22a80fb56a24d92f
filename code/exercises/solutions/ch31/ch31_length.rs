//! A gateway reads `Content-Length`. A request may have none; it may have one, of digits alone.
//! Anything else could be read in another way by the server, and is refused.
//!
//! Complete `length`. Leading zeros are digits.

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
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadLength);
    }
    value.parse().map(Some).map_err(|_| BadLength)
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_length_or_none() {
        assert_eq!(length(&[]), Ok(None));
        assert_eq!(length(&["0"]), Ok(Some(0)));
        assert_eq!(length(&["0042"]), Ok(Some(42)));
    }

    #[test]
    fn two_lengths_are_refused_even_if_they_are_equal() {
        assert_eq!(length(&["5", "5"]), Err(BadLength));
        assert_eq!(length(&["5, 5"]), Err(BadLength));
    }

    #[test]
    fn what_is_not_digits_alone_is_refused() {
        for value in ["", "+5", "-1", "0x5", " 5", "5 ", "5_0", "five"] {
            assert_eq!(length(&[value]), Err(BadLength), "{value:?}");
        }
    }

    #[test]
    fn a_length_beyond_64_bits_is_refused() {
        assert_eq!(length(&["36893488147419103232"]), Err(BadLength));
    }
}
