//! What a card shows beneath its title: lanes, and on them something that is true of its page.
//!
//! A page with recorded runs shows one of them. A part shows its chapters, each as long as it takes
//! to read; a page of a part without a run, which of them it is; the home page, the parts; any
//! other page, its sections.

use std::fmt::Write as _;

use anyhow::Result;
use toml::Value;
use xshell::Shell;

use crate::pages::Page;

/// The rows of a picture, as `code/press/recorder/src/picture` lays them out.
const TOP: u32 = 40;
const ROW: u32 = 44;
/// How long all bars of a relay are together.
const WHOLE: u32 = 1000;

/// The kinds of lines that a card takes from the picture of a run: the axis and its labels would be
/// too small to read.
const KINDS: [&str; 8] = [
    "line", "wait", "ready", "run", "wake", "head", "done", "fail",
];

/// Where a card has room for lanes, in its own pixels.
const LEFT: u32 = 80;
const RIGHT: u32 = 1120;
const MIDDLE: u32 = 434;
const ROOM: u32 = 174;
const LARGEST_ROW: u32 = 58;

/// Letters of a lane's name, those that are left out behind them.
const NAME: usize = 17;
const SMALLEST_NAME: u32 = 17;

/// Lanes, and what happens on them.
#[derive(Debug, PartialEq, Eq)]
pub struct Drawing {
    lanes: u32,
    /// One a lane, or none.
    names: Vec<String>,
    /// `<path>` elements.
    paths: String,
    /// Where they begin and end.
    from: u32,
    to: u32,
}

/// The drawing of a page's card.
pub fn of(shell: &Shell, page: &Page, pages: &[Page]) -> Result<Drawing> {
    let runs = runs(&page.body).map(|name| {
        let file = format!("static/runs/{name}.svg");
        Ok(recorded(&shell.read_file(&file)?))
    });
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let runs: Vec<Drawing> = runs.into_iter().flatten().collect();
    // Between two and five lanes meet each other and are still easy to see.
    let good = runs.iter().position(|run| (2..=5).contains(&run.lanes));
    let most = || {
        let lanes = runs.iter().map(|run| run.lanes).max()?;
        runs.iter().position(|run| run.lanes == lanes)
    };
    if let Some(at) = good.or_else(most) {
        return Ok(runs.into_iter().nth(at).expect("one of them"));
    }
    Ok(relay_of(page, pages))
}

/// The names of the runs that a page shows, in their order.
fn runs(body: &str) -> impl Iterator<Item = &str> {
    let fences = body.lines().filter(|line| line.starts_with("```"));
    fences.filter_map(|fence| fence.split(',').find_map(|it| it.strip_prefix("run=")))
}

/// The lanes in the picture of a run, if it has any.
fn recorded(svg: &str) -> Option<Drawing> {
    let names = svg.split("<text y=\"").skip(1).filter_map(|text| {
        let (_, name) = text.split_once('>')?;
        Some(shortened(name.split_once('<')?.0))
    });
    let names: Vec<String> = names.collect();
    let is_taken = |line: &&str| {
        let kind = line.strip_prefix("<path class=\"r-");
        kind.is_some_and(|it| {
            KINDS
                .iter()
                .any(|kind| it.starts_with(&format!("{kind}\"")))
        })
    };
    let paths: Vec<&str> = svg.lines().filter(is_taken).collect();
    let paths = paths.join("\n");
    let begins = paths.split('M').skip(1).filter_map(number);
    let ends = paths.split('H').skip(1).filter_map(number);
    Some(Drawing {
        lanes: count(names.len()),
        names,
        from: begins.min()?,
        to: ends.max()?,
        paths,
    })
}

fn number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    text[..end].parse().ok()
}

/// `work(queue.clone()) #1` → `work(…) #1`; names stay escaped as they are.
fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME || name.contains('&') {
        return name.to_owned();
    }
    if let (Some(open), Some(close)) = (name.find('('), name.rfind(')'))
        && close > open + "(…".len()
    {
        return shortened(&format!("{}(…{}", &name[..open], &name[close..]));
    }
    let start: String = name.chars().take(NAME - 1).collect();
    start + "…"
}

/// What a page without a run consists of, or is part of.
fn relay_of(page: &Page, pages: &[Page]) -> Drawing {
    let beside = |other: &&Page| other.language == page.language;
    let chapters = |folder: &str| -> Vec<&Page> {
        let inside = |other: &&Page| other.folder() == folder && other.chapter().is_some();
        pages.iter().filter(beside).filter(inside).collect()
    };
    if page.folder().starts_with("part") {
        let chapters = chapters(page.folder());
        let minutes: Vec<u32> = chapters.iter().map(|chapter| minutes(chapter)).collect();
        let name = page.file.rsplit('/').next().unwrap_or_default();
        let slug = name.trim_start_matches("operating-");
        let own = chapters.iter().position(|chapter| {
            chapter.file == page.file || chapter.file.ends_with(&format!("-{slug}"))
        });
        return relay(&minutes, own);
    }
    if page.folder().is_empty() && page.is_section() {
        let is_part = |other: &&Page| other.folder().starts_with("part") && other.is_section();
        let parts = pages.iter().filter(beside).filter(is_part);
        let lengths: Vec<u32> = parts
            .map(|part| count(chapters(part.folder()).len()))
            .collect();
        return relay(&lengths, None);
    }
    relay(&sections(&page.body), None)
}

fn minutes(chapter: &Page) -> u32 {
    let minutes = chapter.front.get("extra").and_then(|it| it.get("minutes"));
    let minutes = minutes.and_then(Value::as_integer).unwrap_or(1);
    u32::try_from(minutes).unwrap_or(1)
}

fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}

/// The sections of a page: each the longer the more sections it has itself.
fn sections(body: &str) -> Vec<u32> {
    let mut lengths = Vec::new();
    let mut is_code = false;
    for line in body.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if line.starts_with("## ") && !is_code {
            lengths.push(2);
        } else if line.starts_with("### ") && !is_code {
            lengths
                .iter_mut()
                .next_back()
                .into_iter()
                .for_each(|length| *length += 1);
        }
    }
    lengths
}

/// One bar after the other, each waking the next. With an `own` bar, the others are hollow.
fn relay(lengths: &[u32], own: Option<usize>) -> Drawing {
    // Without anything to tell, the three lanes of the logo.
    let lengths = if lengths.len() < 2 {
        &[1, 1, 1]
    } else {
        lengths
    };
    let lanes = if lengths.len() <= 5 { lengths.len() } else { 3 };
    let whole: u32 = lengths.iter().sum();
    let mut paths = [const { String::new() }; KINDS.len()];
    let [_, waits, ready, bars, wakes, heads, ..] = &mut paths;
    let mut since = vec![0; lanes];
    let (mut before, mut above) = (0, None);
    for (at, length) in lengths.iter().enumerate() {
        // With many bars: down, and up again.
        let lane = if lanes == lengths.len() {
            at
        } else {
            [0, 1, 2, 1][at % 4]
        };
        let y = row(lane);
        let (from, to) = (before * WHOLE / whole, (before + length) * WHOLE / whole);
        if from > since[lane] {
            let _ = write!(waits, "M{} {y}H{from}", since[lane]);
        }
        if own.is_none_or(|own| own == at) {
            let _ = write!(bars, "M{from} {y}H{to}");
        } else {
            let wide = to - from;
            let _ = write!(ready, "M{from} {}h{wide}v8h-{wide}z", y - 4);
        }
        match above {
            Some(above) if above < y => {
                let _ = write!(wakes, "M{from} {}V{}", above + 8, y - 9);
                let _ = write!(heads, "M{from} {}l-4 -7h8z", y - 7);
            }
            Some(above) => {
                let _ = write!(wakes, "M{from} {}V{}", above - 8, y + 9);
                let _ = write!(heads, "M{from} {}l-4 7h8z", y + 7);
            }
            None => {}
        }
        (before, above, since[lane]) = (before + length, Some(y), to);
    }
    for (lane, since) in since
        .into_iter()
        .enumerate()
        .filter(|(_, since)| *since < WHOLE)
    {
        let _ = write!(waits, "M{since} {}H{WHOLE}", row(lane));
    }
    let drawn = KINDS
        .iter()
        .zip(&paths)
        .filter(|(_, data)| !data.is_empty());
    let drawn: Vec<String> = drawn
        .map(|(kind, data)| format!("<path class=\"r-{kind}\" d=\"{data}\"/>"))
        .collect();
    Drawing {
        lanes: count(lanes),
        names: Vec::new(),
        paths: drawn.join("\n"),
        from: 0,
        to: WHOLE,
    }
}

fn row(lane: usize) -> u32 {
    TOP + ROW * count(lane) + ROW / 2
}

impl Drawing {
    /// The elements of the card that draw it.
    pub fn html(&self) -> String {
        let row = LARGEST_ROW.min(ROOM / self.lanes.max(1));
        let high = row * self.lanes;
        let top = MIDDLE - high / 2;
        let size = (row * 11 / 20).min(22);
        let names: &[String] = if size < SMALLEST_NAME {
            &[]
        } else {
            &self.names
        };
        let longest = names.iter().map(|name| name.chars().count()).max();
        // A letter is six tenths as wide as it is high.
        let left = LEFT + longest.map_or(0, |letters| count(letters) * size * 3 / 5 + 28);
        let mut html = String::new();
        for (lane, name) in names.iter().enumerate() {
            let top = top + row * count(lane);
            let _ = writeln!(
                html,
                "<p class=\"lane\" style=\"inset-block-start:{top}px;font-size:{size}px;line-height:{row}px\">{name}</p>"
            );
        }
        let (from, wide, inside) = (self.from, self.to - self.from, ROW * self.lanes);
        let _ = writeln!(
            html,
            "<svg style=\"inset-block-start:{top}px;inset-inline-start:{left}px;--bar:{}px\" width=\"{}\" height=\"{high}\" \
             viewBox=\"{from} {TOP} {wide} {inside}\" preserveAspectRatio=\"none\">\n{}\n</svg>",
            row * 16 / ROW,
            RIGHT - left,
            self.paths
        );
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVG: &str = "<svg viewBox=\"0 0 720 132\">\n<path class=\"r-wait\" d=\"M196 62H302\"/>\n\
        <path class=\"r-run\" d=\"M104 62H192M324 62H412\"/>\n<path class=\"r-edge\" d=\"M20 80h14\"/>\n\
        <g><text y=\"67\" font-weight=\"600\">main</text><text y=\"111\">work(queue.clone()) #1</text>\
        <text x=\"60\" y=\"18\" text-anchor=\"middle\">0 s</text></g>\n</svg>\n";

    #[test]
    fn lanes_are_those_of_the_picture_of_a_run() {
        let drawing = recorded(SVG).unwrap();
        assert_eq!(drawing.names, ["main", "work(…) #1"]);
        assert_eq!((drawing.lanes, drawing.from, drawing.to), (2, 104, 412));
        assert!(drawing.paths.contains("r-wait") && !drawing.paths.contains("r-edge"));
        assert_eq!(
            shortened("a task without any brackets"),
            "a task without a…"
        );
        let html = drawing.html();
        assert!(html.contains(">work(…) #1</p>"), "{html}");
        assert!(html.contains("viewBox=\"104 40 308 88\""), "{html}");
    }

    #[test]
    fn runs_are_found_in_their_order() {
        let body =
            "```rust,run=one\nrun=none\n```\ntext, run=no\n```rust,hl_lines=2,run=two\n```\n";
        assert_eq!(runs(body).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn bars_are_as_long_as_what_they_stand_for_and_wake_the_next() {
        let drawing = relay(&[1, 3], None);
        assert_eq!(drawing.lanes, 2);
        for part in [
            "<path class=\"r-run\" d=\"M0 62H250M250 106H1000\"/>",
            "<path class=\"r-wait\" d=\"M0 106H250M250 62H1000\"/>",
            "<path class=\"r-wake\" d=\"M250 70V97\"/>",
        ] {
            assert!(drawing.paths.contains(part), "{}", drawing.paths);
        }
        let own = relay(&[1, 3], Some(1)).paths;
        assert!(
            own.contains("<path class=\"r-run\" d=\"M250 106H1000\"/>"),
            "{own}"
        );
        assert!(
            own.contains("<path class=\"r-ready\" d=\"M0 58h250v8h-250z\"/>"),
            "{own}"
        );
        assert_eq!(relay(&[1; 9], None).lanes, 3);
    }

    #[test]
    fn sections_with_sections_are_longer() {
        let body = "## One\n```rust\n## no\n```\n### Inside\n### And\n## Two\n";
        assert_eq!(sections(body), [4, 2]);
    }
}
