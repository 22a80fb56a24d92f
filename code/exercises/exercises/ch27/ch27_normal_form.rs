//! One page has many addresses. Two of them are the same page if they differ in what isn't sent to
//! the server, or in parameters that only count visitors: those whose names begin with `utm_`.
//!
//! Complete `normal`: no fragment, no such parameters, and no question mark if none is left. The
//! other parameters stay as they are, in their order.

/// The one spelling of an address.
fn normal(address: &str) -> String {
    // TODO: what comes off first, the fragment or the query?
    todo!()
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_sent_does_not_count() {
        assert_eq!(normal("http://a.test/tea#reviews"), "http://a.test/tea");
        assert_eq!(normal("http://a.test/tea#top?x=1"), "http://a.test/tea");
    }

    #[test]
    fn what_only_counts_visitors_goes() {
        assert_eq!(normal("http://a.test/?utm_source=mail"), "http://a.test/");
        assert_eq!(normal("http://a.test/?utm_a=1&utm_b=2#x"), "http://a.test/");
        assert_eq!(normal("http://a.test/?"), "http://a.test/");
    }

    #[test]
    fn other_parameters_stay_in_their_order() {
        let address = "http://a.test/?page=2&utm_source=mail&color=red";
        assert_eq!(normal(address), "http://a.test/?page=2&color=red");
    }
}
