//! How sentences name times, lists and long texts.

/// Cuts a text to so many letters, at the arguments of a call if it has any.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    if let Some(open) = text
        .find('(')
        .filter(|open| *open + 3 <= most && text.ends_with(')'))
    {
        return format!("{}(…)", &text[..open]);
    }
    let cut: String = text.chars().take(most - 1).collect();
    format!("{cut}…")
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// `twice`, or so many `times`.
pub fn times(count: usize) -> String {
    match count {
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// A time as a sentence says it.
pub fn time(ms: u64) -> String {
    match ms {
        0 => "0 s".to_owned(),
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms if ms < 1000 => format!("{ms} ms"),
        ms => {
            let text = format!("{:.3}", ms as f64 / 1000.0);
            format!("{} s", text.trim_end_matches('0'))
        }
    }
}

/// A sentence whose lanes are not marked; a star inside of code is one of the program's.
pub fn plain(say: &str) -> String {
    let pieces = say.split('`').enumerate();
    let plain = pieces.map(|(at, piece)| match at % 2 {
        0 => piece.replace('*', ""),
        _ => piece.to_owned(),
    });
    plain.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_unit_that_reads_best() {
        assert_eq!(
            [0, 250, 1000, 3750].map(time),
            ["0 s", "250 ms", "1 s", "3.75 s"]
        );
    }

    #[test]
    fn a_long_call_is_cut_at_its_arguments() {
        assert_eq!(shorten("sleep(second)", 20), "sleep(second)");
        assert_eq!(shorten("produce(orders.clone(), 10)", 20), "produce(…)");
        assert_eq!(shorten("first + second + third", 10), "first + s…");
    }

    #[test]
    fn a_star_marks_a_lane_and_in_code_it_multiplies() {
        assert_eq!(
            plain("*main* stops at `sleep(2 * second)`."),
            "main stops at `sleep(2 * second)`."
        );
    }

    #[test]
    fn a_list_has_its_and_before_the_last() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&items[..1]), "a");
    }
}
