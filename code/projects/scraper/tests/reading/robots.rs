//! robots.txt, held to the RFC's examples and to another reader.

use std::time::Duration;

use proptest::prelude::*;
use texting_robots::Robot;

use web_scraper::robots::{LARGEST, Robots};

fn allows(text: &str, path: &str) -> bool {
    Robots::parse("bookbot", text.as_bytes()).allows(path)
}

#[test]
fn the_longest_pattern_decides_and_allow_wins_a_draw() {
    let text = "User-agent: *\nDisallow: /shop\nAllow: /shop/tea\nDisallow: /x\nAllow: /x";
    assert!(allows(text, "/shop/tea/green"));
    assert!(!allows(text, "/shop/coffee"));
    assert!(allows(text, "/x"));
    assert!(allows(text, "/"));
}

#[test]
fn examples_of_the_rfc() {
    // RFC 9309, 5.1 and 5.2
    let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n\
                Allow:/example/allowed.gif\n\nUser-Agent: barbot\nUser-Agent: bazbot\n\
                Disallow: /example/page.html\n\nUser-Agent: quxbot\n";
    let of = |agent: &str, path: &str| Robots::parse(agent, text.as_bytes()).allows(path);
    assert!(!of("anybot", "/a.gif") && of("anybot", "/a.gif2") && !of("anybot", "/example/x"));
    assert!(of("foobot", "/example/page.html") && !of("foobot", "/publications/"));
    assert!(!of("BarBot", "/example/page.html") && !of("bazbot", "/example/page.html"));
    assert!(of("bazbot", "/a.gif"));
    assert!(
        of("quxbot", "/a.gif"),
        "a group without rules allows everything"
    );
    let longest = "User-Agent: foobot\nAllow: /example/page/\n\
                   Disallow: /example/page/disallowed.gif";
    let of = |path: &str| Robots::parse("foobot", longest.as_bytes()).allows(path);
    assert!(!of("/example/page/disallowed.gif") && of("/example/page/"));
}

#[test]
fn octets_are_compared_after_percent_encoding() {
    // RFC 9309, 2.2.2
    let closed =
        |pattern: &str, path: &str| !allows(&format!("User-agent: *\nDisallow: {pattern}"), path);
    assert!(closed("/foo/bar/U+E38384", "/foo/bar/U+E38384"));
    assert!(closed("/foo/bar/ツ", "/foo/bar/%E3%83%84"));
    assert!(closed("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84"));
    assert!(closed("/foo/bar/%62%61%7A", "/foo/bar/baz"));
    assert!(closed("/a%3cd.html", "/a%3Cd.html"));
}

#[test]
fn stars_and_the_end() {
    let closed =
        |pattern: &str, path: &str| !allows(&format!("User-agent: *\nDisallow: {pattern}"), path);
    assert!(closed("/fish*", "/fish.html") && closed("/fish", "/fishheads"));
    assert!(!closed("/fish", "/Fish") && !closed("/fish", "/catfish"));
    assert!(closed("/*.php", "/index.php?x=1") && closed("/*.php$", "/a/b.php"));
    assert!(!closed("/*.php$", "/b.php?x") && closed("/a*b*c$", "/aXbYcZc"));
    assert!(!closed("/$", "/a") && closed("/$", "/"));
    assert!(closed("/private", "/private/1"));
}

#[test]
fn a_byte_order_mark_hides_nothing() {
    assert!(!allows("\u{feff}User-agent: *\nDisallow: /", "/x"));
}

#[test]
fn groups_that_name_us_count_together_and_silence_the_star() {
    let text = "User-agent: bookbot/2.0\nDisallow: /a\n\nUser-agent: *\nDisallow: /b\n\n\
                User-agent: BOOKBOT\nDisallow: /c\nCrawl-delay: 2.5";
    assert!(!allows(text, "/a") && allows(text, "/b") && !allows(text, "/c"));
    let robots = Robots::parse("bookbot", text.as_bytes());
    assert_eq!(robots.delay, Some(Duration::from_millis(2_500)));
}

#[test]
fn what_is_odd_is_read_as_far_as_it_goes() {
    let text = "Disallow: /before-any-agent\nhello\nUser-agent : *\nfoo: bar\r\
                disallow:/a # why not\nCrawl-delay: soon\nSitemap: http://a.example/s.xml\nDisallow:";
    assert!(allows(text, "/before-any-agent") && !allows(text, "/a") && allows(text, "/b"));
    let robots = Robots::parse("bookbot", text.as_bytes());
    assert_eq!((robots.delay, robots.sitemaps.len()), (None, 1));
    assert_eq!(robots.because("/a/b").as_deref(), Some("Disallow: /a"));
    assert!(Robots::parse("bookbot", b"User-agent: *\nDisallow: /\xff").allows("/"));
}

#[test]
fn robots_txt_itself_may_be_read_and_closed_is_closed() {
    assert!(!Robots::closed().allows("/") && Robots::closed().allows("/robots.txt"));
    assert!(Robots::open().allows("/"));
}

#[test]
fn what_is_beyond_500_kib_is_not_read() {
    let long = format!("User-agent: *\n{}Disallow: /a", "#\n".repeat(LARGEST / 2));
    assert!(allows(&long, "/a"));
}

#[test]
fn many_stars_do_not_take_long() {
    let pattern = "/a*".repeat(2_000) + "b$";
    assert!(allows(
        &format!("User-agent: *\nDisallow: {pattern}"),
        &"/a".repeat(1_000)
    ));
}

fn lines() -> impl Strategy<Value = String> {
    let pattern = "/[ab/*]{0,5}\\$?";
    let rule = (prop::bool::ANY, pattern).prop_map(|(allow, pattern)| {
        format!("{}: {pattern}\n", if allow { "Allow" } else { "Disallow" })
    });
    let agent = prop::sample::select(vec![
        "User-agent: *\n",
        "User-agent: bookbot\n",
        "User-agent: other\n",
    ]);
    let group = (agent, prop::collection::vec(rule, 1..5))
        .prop_map(|(agent, rules)| agent.to_owned() + &rules.concat());
    prop::collection::vec(group, 1..4).prop_map(|groups| groups.concat())
}

proptest! {
    /// The oracle is an independent reading of the same rules.
    #[test]
    fn agrees_with_texting_robots(text in lines(), path in "/[ab/]{0,8}") {
        let oracle = Robot::new("bookbot", text.as_bytes()).expect("it can be read");
        let theirs = oracle.allowed(&format!("http://a.example{path}"));
        prop_assert_eq!(allows(&text, &path), theirs, "{} {}", text, path);
    }

    #[test]
    fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..300), path in "/.{0,30}") {
        Robots::parse("bookbot", &text).allows(&path);
    }
}
