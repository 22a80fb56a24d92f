//! What a host sends with the pages: `static/_headers`, as Netlify and Cloudflare Pages read it.
//!
//! A page gives its policy in itself, because there are hosts that send no headers of ours. The
//! headers give what browsers pass over in a page, and nothing that the page could give as well:
//! so there is one place for each rule, and a page is the same on every host.

use std::sync::LazyLock;

use regex::Regex;

use crate::Problem;
use crate::book::Book;

const HEADERS: &str = "static/_headers";
const POLICY: &str = "templates/partials/policy.html";

/// Directives that a browser passes over in a page: <https://www.w3.org/TR/CSP3/#meta-element>.
const ONLY_IN_HEADERS: [&str; 3] = ["frame-ancestors", "report-uri", "sandbox"];

/// What has to be sent.
const SENT: [(&str, &str); 2] = [
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
];

static META_POLICY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"<meta http-equiv="Content-Security-Policy" content="([^"]*)""#)
        .expect("a pattern")
});
static META_REFERRER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<meta name="referrer" content="([^"]*)""#).expect("a pattern"));

/// Headers and policy say each thing once, or the same.
pub fn check(book: &Book) -> Vec<Problem> {
    let sent = book.file(HEADERS).unwrap_or_default();
    let policy = book.file(POLICY).unwrap_or_default();
    let of_page = |pattern: &Regex| {
        let found = pattern.captures(&policy);
        found.map(|found| found[1].to_owned()).unwrap_or_default()
    };
    let mut problems = Vec::new();
    let mut tell = |file: &str, at: &str, what: String, fix: &str| {
        let text = if file == HEADERS { &sent } else { &policy };
        let line = text.lines().position(|line| line.contains(at));
        problems.push(Problem::new(
            file,
            line.map_or(1, |line| line + 1),
            what,
            fix,
        ));
    };

    for (name, value) in SENT {
        if header(&sent, name) != Some(value) {
            let what = format!("pages are sent without \"{name}: {value}\"");
            tell(HEADERS, name, what, "write it below the line /*");
        }
    }
    let headers = header(&sent, "Content-Security-Policy").unwrap_or_default();
    for directive in directives(headers).filter(|it| !ONLY_IN_HEADERS.contains(it)) {
        let what =
            format!("{directive} is for the page to say, which hosts without headers show too");
        tell(
            HEADERS,
            directive,
            what,
            "move it to templates/partials/policy.html",
        );
    }
    let in_page = of_page(&META_POLICY);
    for directive in directives(&in_page).filter(|it| ONLY_IN_HEADERS.contains(it)) {
        let what = format!("browsers pass over {directive} in a page");
        tell(POLICY, directive, what, "move it to static/_headers");
    }
    let referrer = header(&sent, "Referrer-Policy").unwrap_or_default();
    if referrer.is_empty() || referrer != of_page(&META_REFERRER) {
        let what = format!("the page says another policy for the referrer than \"{referrer}\"");
        tell(HEADERS, "Referrer-Policy", what, "have both say the same");
    }
    problems
}

/// The value of a header that is sent with every page.
fn header<'a>(sent: &'a str, name: &str) -> Option<&'a str> {
    let below = sent
        .lines()
        .skip_while(|line| line.trim_end() != "/*")
        .skip(1);
    let mut lines = below.take_while(|line| line.starts_with(char::is_whitespace));
    lines.find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "))
}

/// `script-src` and `style-src` of `script-src 'self'; style-src 'self'`.
fn directives(policy: &str) -> impl Iterator<Item = &str> {
    policy
        .split(';')
        .filter_map(|it| it.split_whitespace().next())
}

#[cfg(test)]
mod tests {
    use super::{HEADERS, POLICY, check};
    use crate::fixture::Fixture;

    const SENT: &str = "/*\n  Content-Security-Policy: frame-ancestors 'none'\n  X-Content-Type-Options: nosniff\n  Referrer-Policy: no-referrer\n/cards/*\n  Cache-Control: no-cache\n";
    const PAGE: &str = "<meta name=\"referrer\" content=\"no-referrer\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self'\">\n";

    fn hosted() -> Fixture {
        Fixture::sound().write(HEADERS, SENT).write(POLICY, PAGE)
    }

    #[test]
    fn headers_beside_a_policy_are_sound() {
        hosted().expect(check, &[]);
    }

    #[test]
    fn a_header_that_is_not_sent_with_every_page_is_told() {
        hosted()
            .replace(HEADERS, "  X-Content", "/waits/*\n  X-Content")
            .replace(HEADERS, "  Referrer", "/*\n  Referrer")
            .expect(
                check,
                &[
                    (
                        HEADERS,
                        "X-Content",
                        "pages are sent without \"X-Content-Type-Options: nosniff\"",
                    ),
                    (HEADERS, "Referrer", "the page says another policy"),
                ],
            );
        hosted().replace(HEADERS, "'none'", "'self'").expect(
            check,
            &[(
                HEADERS,
                "Content-Security",
                "pages are sent without \"Content-Security-Policy: frame-ancestors 'none'\"",
            )],
        );
    }

    #[test]
    fn a_directive_stands_where_browsers_obey_it_on_every_host() {
        hosted()
            .replace(HEADERS, "'none'", "'none'; style-src 'self'")
            .expect(
                check,
                &[
                    (HEADERS, "Content-Security", "pages are sent without"),
                    (HEADERS, "style-src", "style-src is for the page to say"),
                ],
            );
        hosted()
            .replace(POLICY, "style-src", "frame-ancestors")
            .expect(
                check,
                &[(
                    POLICY,
                    "frame-ancestors",
                    "browsers pass over frame-ancestors",
                )],
            );
    }

    #[test]
    fn the_page_and_the_headers_tell_other_sites_the_same() {
        let what = "the page says another policy for the referrer than \"no-referrer\"";
        hosted()
            .replace(POLICY, "no-referrer", "origin")
            .expect(check, &[(HEADERS, "Referrer-Policy", what)]);
    }
}
