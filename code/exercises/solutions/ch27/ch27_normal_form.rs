/// The one spelling of an address.
fn normal(address: &str) -> String {
    let (address, _fragment) = address.split_once('#').unwrap_or((address, ""));
    let (page, query) = address.split_once('?').unwrap_or((address, ""));
    let kept = query
        .split('&')
        .filter(|it| !it.is_empty() && !it.starts_with("utm_"));
    let kept: Vec<_> = kept.collect();
    if kept.is_empty() {
        return page.to_owned();
    }
    format!("{page}?{}", kept.join("&"))
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
