//! The page that shows a recorded run on this machine: one file with all that its player needs,
//! which a browser opens without a server.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use toml::Table;

use super::highlight::{self, escape};
use super::window::Window;
use crate::picture;
use crate::run::{Clock, Kind, Run};

/// The scripts of the book's player, by the name that they import each other by.
const SCRIPTS: [(&str, &str); 5] = [
    (
        "run-player.js",
        include_str!("../../../../../static/js/run-player.js"),
    ),
    (
        "run-bar.js",
        include_str!("../../../../../static/js/run-bar.js"),
    ),
    (
        "run-picture.js",
        include_str!("../../../../../static/js/run-picture.js"),
    ),
    (
        "run-program.js",
        include_str!("../../../../../static/js/run-program.js"),
    ),
    (
        "run-state.js",
        include_str!("../../../../../static/js/run-state.js"),
    ),
];

/// The styles of the book that the page needs, and its own.
const STYLES: [&str; 6] = [
    include_str!("../../../../../static/css/tokens.css"),
    include_str!("../../../../../static/css/base.css"),
    include_str!("../../../../../static/css/code.css"),
    include_str!("../../../../../static/css/run.css"),
    include_str!("../../../../../static/css/run-player.css"),
    include_str!("page.css"),
];

const FONTS: [(&str, &[u8]); 2] = [
    (
        "Book Text",
        include_bytes!("../../../../../static/fonts/text.woff2"),
    ),
    (
        "Book Code",
        include_bytes!("../../../../../static/fonts/code.woff2"),
    ),
];

/// What the site and its scripts say.
const WORDS: &str = include_str!("../../../../../content/words/en.toml");

/// What a page shows.
pub struct Page<'a> {
    /// What is recorded: a file, a program or a test.
    pub title: &'a str,
    /// How the recording ended.
    pub end: &'a str,
    /// What each task does at the end, in a sentence each: where it waits, or that it runs.
    pub rests: &'a [String],
    /// What the recording does not show, in a sentence each.
    pub notes: &'a [String],
    /// The files in the run's source: their names, and how many lines stand before each.
    pub files: &'a [(String, usize)],
    /// All windows, with the file that each is in.
    pub windows: &'a [(String, Window)],
}

impl Page<'_> {
    /// The page of one of the windows.
    pub fn html(&self, index: usize) -> Result<String> {
        let words: Table = WORDS.parse().context("the words of the site")?;
        let word = |name: &str| {
            words
                .get(name)
                .and_then(toml::Value::as_str)
                .unwrap_or_default()
        };
        let window = &self.windows[index].1;
        let mut run = window.run.clone();
        let picture = picture::draw_own(&mut run);
        let run = &run;
        let mut body = String::new();
        let title = escape(self.title);
        write!(
            body,
            "<header><h1>{title}</h1><p>{}</p></header>",
            sentence(self.end)
        )?;
        if !self.rests.is_empty() {
            let last = run.steps.len();
            let name = escape(&run.name);
            write!(
                body,
                "<h2>Where each task is at the end</h2><ul class=\"rests\">"
            )?;
            for rest in self.rests {
                write!(body, "<li>{}</li>", sentence(rest))?;
            }
            write!(body, "</ul>")?;
            if index + 1 == self.windows.len() {
                write!(
                    body,
                    "<p><a href=\"#run={name}&amp;step={last}\">Show it in the program</a></p>"
                )?;
            }
        }
        self.write_notes(&mut body, window)?;
        self.write_nav(&mut body, index)?;
        let json = STANDARD.encode(run.to_json()?);
        write!(
            body,
            "<run-player src=\"data:application/json;base64,{json}\">"
        )?;
        self.write_program(&mut body, run)?;
        write!(
            body,
            "<figure class=\"run\"><div class=\"run-lanes\" tabindex=\"0\" role=\"group\" \
             aria-label=\"{}\">{}</div>",
            word("recorded_run"),
            picture
        )?;
        write_console(&mut body, run, word("console"))?;
        let kind = if run.many { "one_run" } else { "recorded_run" };
        let clock = match run.clock {
            Clock::Virtual => "virtual_time",
            Clock::Real => "order_only",
        };
        write!(
            body,
            "<figcaption>{}, Tokio {}, {}. {}</figcaption></figure></run-player>",
            word(kind),
            run.tokio,
            word(clock),
            word("steps_not_time")
        )?;
        let styles = format!("{}{}", fonts(), STYLES.concat());
        let numbers = self.line_numbers(run);
        let scripts = scripts(&words)?;
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}: recorded run</title>\n<link rel=\"icon\" href=\"data:,\">\n\
             <style>{styles}{numbers}</style>\n{scripts}\n</head>\n<body>\n\
             <main>{body}</main>\n</body>\n</html>\n"
        ))
    }

    fn write_notes(&self, body: &mut String, window: &Window) -> Result<()> {
        let hidden = match window.hidden {
            0 => None,
            1 => Some("One more task, which does nothing here, is not shown.".to_owned()),
            many => Some(format!("{many} more tasks are not shown.")),
        };
        let notes: Vec<&String> = self.notes.iter().chain(&hidden).collect();
        if !notes.is_empty() {
            write!(body, "<ul class=\"notes\">")?;
            for note in notes {
                write!(body, "<li>{}</li>", sentence(note))?;
            }
            write!(body, "</ul>")?;
        }
        Ok(())
    }

    fn write_nav(&self, body: &mut String, index: usize) -> Result<()> {
        if self.windows.len() > 1 {
            write!(body, "<nav aria-label=\"Steps\">")?;
            for (other, (file, window)) in self.windows.iter().enumerate() {
                let text = format!("steps {} to {}", window.first, window.last);
                match other == index {
                    true => write!(body, "<strong>{text}</strong>")?,
                    false => write!(body, "<a href=\"{}\">{text}</a>", escape(file))?,
                }
            }
            write!(body, "</nav>")?;
        }
        Ok(())
    }

    /// The files of the program. Between them stands no text, since the player counts letters.
    fn write_program(&self, body: &mut String, run: &Run) -> Result<()> {
        write!(body, "<div data-run=\"{}\">", escape(&run.name))?;
        for (file, text) in self.texts(run) {
            let file = escape(file);
            write!(
                body,
                "<figure class=\"code\" aria-label=\"{file}\"><figcaption data-file=\"{file}\">\
                 </figcaption><pre tabindex=\"0\"><code data-lang=\"rust\">{}</code></pre></figure>",
                highlight::lines(&text)
            )?;
        }
        write!(body, "</div>")?;
        Ok(())
    }

    fn texts<'b>(&'b self, run: &Run) -> Vec<(&'b str, String)> {
        let lines: Vec<&str> = run.source.split_inclusive('\n').collect();
        let files = self.files.iter().enumerate();
        let text = |(index, (name, start)): (usize, &'b (String, usize))| {
            let end = self.files.get(index + 1).map_or(lines.len(), |next| next.1);
            (name.as_str(), lines[*start..end].concat())
        };
        files.map(text).collect()
    }

    /// The book numbers as many lines as its programs have.
    fn line_numbers(&self, run: &Run) -> String {
        let longest = self
            .texts(run)
            .iter()
            .map(|(_, text)| text.lines().count())
            .max();
        let numbers: Vec<String> = (1..=longest.unwrap_or(1))
            .map(|line| line.to_string())
            .collect();
        format!(
            "@layer components {{ .code:not(.step) > pre > [data-lang=\"rust\"]:not([data-part])::before \
             {{ content: \"{}\" / \"\"; }} }}",
            numbers.join("\\a ")
        )
    }
}

fn write_console(body: &mut String, run: &Run, word: &str) -> Result<()> {
    let prints = run.steps.iter().enumerate();
    let prints: Vec<_> = prints
        .filter(|(_, step)| step.kind == Kind::Print)
        .collect();
    if !prints.is_empty() {
        write!(
            body,
            "<p class=\"run-console\">{word}</p><pre tabindex=\"0\"><samp>"
        )?;
        for (index, step) in prints {
            let text = escape(step.text.as_deref().unwrap_or_default());
            write!(body, "<span data-step=\"{}\">{text}\n</span>", index + 1)?;
        }
        write!(body, "</samp></pre>")?;
    }
    Ok(())
}

/// A sentence in which `*name*` is a lane and `` `code` `` is code.
fn sentence(say: &str) -> String {
    let pieces = say.split('`').enumerate();
    let html = pieces.map(|(at, piece)| match at % 2 {
        1 => format!("<code>{}</code>", escape(piece)),
        _ => {
            let parts = escape(piece);
            let parts = parts.split('*').enumerate();
            parts
                .map(|(at, part)| match at % 2 {
                    1 => format!("<strong>{part}</strong>"),
                    _ => part.to_owned(),
                })
                .collect()
        }
    });
    html.collect()
}

fn fonts() -> String {
    let face = |(name, bytes): &(&str, &[u8])| {
        format!(
            "@font-face {{ font-family: \"{name}\"; font-weight: 400 700; \
             src: url(data:font/woff2;base64,{}) format(\"woff2\"); }}\n",
            STANDARD.encode(bytes)
        )
    };
    FONTS.iter().map(face).collect()
}

/// The player's scripts, which import each other by name: a page from a file has no folder.
fn scripts(words: &Table) -> Result<String> {
    let of_scripts = words.get("scripts").context("what scripts say")?;
    let words = format!(
        "const words = {};\n\
         export const say = (key, values) => words[key].replace(/\\{{(\\w+)\\}}/g, (_, name) => values[name]);\n",
        serde_json::to_string(of_scripts)?
    );
    let styled = "export const styled = async () => {}; // they stand in the page\n";
    let own = [("words.js", words.as_str()), ("styled.js", styled)];
    let mut imports = serde_json::Map::new();
    for (name, text) in SCRIPTS.iter().copied().chain(own) {
        let text = text.replace("from \"./", "from \"");
        let url = format!("data:text/javascript;base64,{}", STANDARD.encode(text));
        imports.insert(name.to_owned(), json!(url));
    }
    Ok(format!(
        "<script type=\"importmap\">{}</script>\n\
         <script type=\"module\">import \"run-player.js\";</script>",
        json!({ "imports": imports })
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_marks_lanes_and_code() {
        assert_eq!(
            sentence("*main* waits at `a < 2 * b`."),
            "<strong>main</strong> waits at <code>a &lt; 2 * b</code>."
        );
    }

    #[test]
    fn no_script_of_the_page_is_asked_for_by_a_path() {
        let words: Table = WORDS.parse().unwrap();
        let scripts = scripts(&words).unwrap();
        for (name, text) in SCRIPTS {
            assert!(scripts.contains(&format!("\"{name}\":")), "{name}");
            let asked = text.matches("from \"./").count();
            let paths = text.matches("\"./").count();
            assert_eq!(asked, paths, "{name} asks for a file in another way");
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let asked = line
                    .split("from \"./")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next());
                let asked = asked.expect("each is imported from a file");
                assert!(scripts.contains(&format!("\"{asked}\":")), "{asked}");
            }
        }
    }
}
