//! robots.txt, by [RFC 9309].
//!
//! - The groups that name us count together; if there is none, those for `*` do.
//! - Of the rules that match, the one with the longest pattern decides; `Allow` wins a draw.
//! - `*` stands for any octets, `$` at the end for the end.
//! - What can't be read because of a server error (5xx, or no answer) closes the host; what isn't
//!   there (4xx) opens it. That is for the caller to say: [`Robots::closed`], [`Robots::open`].
//!
//! `Crawl-delay` and `Sitemap` are not of the RFC; most hosts that write them mean them.
//!
//! [RFC 9309]: https://www.rfc-editor.org/rfc/rfc9309

use std::time::Duration;

use service::percent::plain;

/// What is read of a file; the RFC asks for at least so much.
pub const LARGEST: usize = 500 * 1024;

/// What a host asks of us.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Robots {
    rules: Vec<Rule>,
    /// How long to wait between requests, if the host says so.
    pub delay: Option<Duration>,
    /// Addresses of sitemaps, as they stand there.
    pub sitemaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    allow: bool,
    pattern: String,
}

#[derive(Default)]
struct Group {
    agents: Vec<String>,
    rules: Vec<Rule>,
    delay: Option<Duration>,
}

impl Robots {
    /// Nothing is forbidden.
    pub fn open() -> Robots {
        Robots::default()
    }

    /// Nothing is allowed.
    pub fn closed() -> Robots {
        Robots::parse("", b"User-agent: *\nDisallow: /")
    }

    /// Reads a file for the robot that calls itself `agent`.
    pub fn parse(agent: &str, text: &[u8]) -> Robots {
        let text = &text[..text.len().min(LARGEST)];
        let text = String::from_utf8_lossy(text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let (groups, sitemaps) = groups(text);
        let names_us = |name: &String| name.eq_ignore_ascii_case(agent);
        let ours = groups.iter().any(|group| group.agents.iter().any(names_us));
        let counts = |group: &Group| match ours {
            true => group.agents.iter().any(names_us),
            false => group.agents.iter().any(|name| name == "*"),
        };
        let mut robots = Robots {
            sitemaps,
            ..Robots::default()
        };
        for group in groups.into_iter().filter(counts) {
            robots.rules.extend(group.rules);
            robots.delay = robots.delay.max(group.delay);
        }
        robots
    }

    // ANCHOR: allows
    /// Whether a path, with its query, may be fetched.
    pub fn allows(&self, path: &str) -> bool {
        self.rule(path).is_none_or(|rule| rule.allow)
    }

    /// The rule that decides about a path, as it stands in the file.
    pub fn because(&self, path: &str) -> Option<String> {
        let rule = self.rule(path)?;
        let key = if rule.allow { "Allow" } else { "Disallow" };
        Some(format!("{key}: {}", rule.pattern))
    }

    fn rule(&self, path: &str) -> Option<&Rule> {
        if path == "/robots.txt" {
            return None;
        }
        let path = encoded(path);
        let rules = self
            .rules
            .iter()
            .filter(|rule| matches(&rule.pattern, &path));
        rules.max_by_key(|rule| (rule.pattern.len(), rule.allow))
    }
    // ANCHOR_END: allows
}

fn groups(text: &str) -> (Vec<Group>, Vec<String>) {
    let (mut groups, mut sitemaps) = (Vec::<Group>::new(), Vec::new());
    let mut names_agents = false;
    for line in text.split(['\r', '\n']) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        if key == "user-agent" && !names_agents {
            groups.push(Group::default());
        }
        names_agents = match key.as_str() {
            "user-agent" => true,
            "allow" | "disallow" | "crawl-delay" => false,
            // Any other line doesn't end the list of names.
            _ => names_agents,
        };
        match (key.as_str(), groups.last_mut()) {
            ("sitemap", _) => sitemaps.push(value.to_owned()),
            ("user-agent", Some(group)) => group.agents.push(token(value)),
            ("crawl-delay", Some(group)) => group.delay = seconds(value).or(group.delay),
            ("allow" | "disallow", Some(group)) if !value.is_empty() => group.rules.push(Rule {
                allow: key == "allow",
                pattern: encoded(value),
            }),
            _ => {}
        }
    }
    (groups, sitemaps)
}

/// `Bot/2.1 (like others)` is called `Bot`.
fn token(agent: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphabetic() || "_-".contains(c);
    match agent.strip_prefix('*') {
        Some(_) => "*".to_owned(),
        None => agent.chars().take_while(|c| is_name(*c)).collect(),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Octets beyond ASCII in percent-encoding, what needs none without it.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'!'..=b'~' => encoded.push(char::from(octet)),
            _ => encoded.push_str(&format!("%{octet:02X}")),
        }
    }
    plain(&encoded)
}

// ANCHOR: matches
/// Whether a path begins as the pattern says. Goes back to the last `*` and no further, so the
/// time is at most the product of the two lengths.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern.as_bytes(), true),
        None => (pattern.as_bytes(), false),
    };
    let path = path.as_bytes();
    let (mut at, mut seen) = (0, 0);
    let mut star = None;
    loop {
        if at == pattern.len() && (!whole || seen == path.len()) {
            return true;
        }
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            star = Some((at, seen));
        } else if seen < path.len() && pattern.get(at) == path.get(seen) {
            (at, seen) = (at + 1, seen + 1);
        } else {
            // Let the last star stand for one octet more.
            let Some((after, from)) = star.filter(|(_, from)| *from < path.len()) else {
                return false;
            };
            (at, seen) = (after, from + 1);
            star = Some((after, from + 1));
        }
    }
}
// ANCHOR_END: matches
