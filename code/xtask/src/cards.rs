//! `cargo xtask cards`: the pictures that link previews show, one a page, in `static/cards/`.
//!
//! They are committed, because Chromium draws them and no reader should need it. Each holds in its
//! PNG what it was drawn from, so that a test can tell when a page has another title since.

use std::env;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use toml::Table;
use xshell::{Shell, cmd};

use crate::pages::{Page, files, pages, text, words};
use crate::{project, tools};

const FOLDER: &str = "static/cards";
const TEMPLATE: &str = "code/xtask/cards/card.html";
/// What some link previews refuse to fetch is far more; what readers on a phone pay for, less.
const MOST_BYTES: u64 = 60 * 1024;
const HOME: &str = "home";
const SIZE: (u32, u32) = (1200, 630);
/// The text of a PNG that says what it shows.
const KEYWORD: &str = "Title";

#[derive(clap::Args)]
pub struct Options {
    /// Draw every card anew, as after a change of card.html
    #[arg(long)]
    all: bool,
}

/// What a card says.
#[derive(Debug, PartialEq, Eq)]
struct Card {
    /// `coroutines`; templates/partials/head.html makes the same name of a page's path.
    name: String,
    /// Where in the book the page stands.
    place: String,
    title: String,
    /// The name of the book, with its second half in `<em>`; the card of the book itself has it
    /// large already.
    book: String,
}

pub fn cards(shell: &Shell, options: &Options) -> Result<()> {
    let cards = all(shell, &pages(shell)?)?;
    for file in shell.read_dir(shell.create_dir(FOLDER)?)? {
        if !cards.iter().any(|card| file.ends_with(card.file())) {
            eprintln!("removing {}: it belongs to no page", file.display());
            shell.remove_path(file)?;
        }
    }
    let is_old = |card: &&Card| options.all || said(&path(shell, card)).ok() != Some(card.text());
    let old: Vec<&Card> = cards.iter().filter(is_old).collect();
    for card in &old {
        draw(shell, card).with_context(|| format!("{FOLDER}/{}", card.file()))?;
    }
    eprintln!("{} of {} cards drawn", old.len(), cards.len());
    Ok(())
}

impl Card {
    fn file(&self) -> String {
        format!("{}.png", self.name)
    }

    fn text(&self) -> String {
        format!("{} · {}", self.place, self.title)
    }
}

fn path(shell: &Shell, card: &Card) -> PathBuf {
    shell.current_dir().join(FOLDER).join(card.file())
}

/// The cards of all pages.
fn all(shell: &Shell, pages: &[Page]) -> Result<Vec<Card>> {
    let cards = pages.iter().map(|page| {
        let words = words(shell, &page.language)?;
        let name = page.address.trim_end_matches('/').replace('/', "-");
        let name = if name.is_empty() { HOME } else { &name };
        Ok(Card {
            name: name.to_owned(),
            place: place(&words, page, pages)?,
            title: page.title().to_owned(),
            book: if is_home(page) {
                String::new()
            } else {
                text(&words, "brand").to_owned()
            },
        })
    });
    cards.collect()
}

fn is_home(page: &Page) -> bool {
    page.folder().is_empty() && page.is_section()
}

/// `Part 1, Foundations · Chapter 3`
fn place(words: &Table, page: &Page, pages: &[Page]) -> Result<String> {
    let folder = page.folder();
    let part = folder
        .strip_prefix("part")
        .and_then(|rest| rest.split('-').next());
    let Some(part) = part else {
        let place = if is_home(page) {
            text(files(words)?, "motto")
        } else {
            text(words, "beside_chapters")
        };
        return Ok(place.to_owned());
    };
    let Some(chapter) = page.chapter() else {
        return Ok(text(files(words)?, "part").replace("{number}", part));
    };
    let head = pages.iter().find(|other| {
        other.folder() == folder && other.is_section() && other.language == page.language
    });
    let head = head.with_context(|| format!("content/{folder} has no _index.md"))?;
    let number = chapter[2..].trim_start_matches('0');
    let part = text(words, "part_title").replace("{number}", part);
    let part = part.replace("{title}", head.title());
    let chapter = text(words, "chapter").replace("{number}", number);
    Ok(format!("{part} · {chapter}"))
}

/// Has Chromium draw a card, and writes into the picture what it says.
fn draw(shell: &Shell, card: &Card) -> Result<()> {
    let home = shell.create_dir(project::target(shell)?.join("cards"))?;
    let home = shell.current_dir().join(home);
    let (html, picture) = (home.join("card.html"), home.join("card.png"));
    let files = format!("file://{}", shell.current_dir().join("static").display());
    let page = shell.read_file(TEMPLATE)?;
    let page = page.replace("{{ static }}", &files);
    let page = page.replace("{{ place }}", &escaped(&card.place));
    let page = page.replace("{{ title }}", &escaped(&card.title));
    let page = page.replace("{{ book }}", &card.book);
    shell.write_file(&html, page)?;
    shell.remove_path(&picture)?;
    let browser = browser()?;
    let window = format!("--window-size={},{}", SIZE.0, SIZE.1);
    // The page is our own file, and a container, where CI draws, has no sandbox to offer.
    let flags = [
        "--headless",
        "--no-sandbox",
        "--hide-scrollbars",
        "--disable-gpu",
    ];
    cmd!(
        shell,
        "{browser} {flags...} --force-device-scale-factor=1 {window}"
    )
    .arg(format!("--screenshot={}", picture.display()))
    .arg(format!("file://{}", html.display()))
    .ignore_stderr()
    .run()?;
    ensure!(
        shell.path_exists(&picture),
        "{browser} wrote no picture of {}",
        html.display()
    );
    pack(&picture, &path(shell, card), &card.text())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The browser on PATH, or the one that CHROMIUM names.
fn browser() -> Result<String> {
    if let Ok(named) = env::var("CHROMIUM") {
        return Ok(named);
    }
    match tools::browser() {
        Some(name) => Ok(name.to_owned()),
        None => bail!(
            "no Chromium is on PATH: install it, or name one in the variable CHROMIUM (cards are \
             drawn by it)"
        ),
    }
}

/// Writes a picture again, smaller and with its text.
fn pack(from: &Path, to: &Path, text: &str) -> Result<()> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(from)?));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let size = reader
        .output_buffer_size()
        .context("a picture without a size")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels)?;
    let channels = frame.color_type.samples();
    ensure!(channels >= 3, "a picture without colors");
    let pixels = pixels[..frame.buffer_size()].chunks(channels);
    let colors: Vec<u8> = pixels.flat_map(|pixel| pixel[..3].to_vec()).collect();

    let mut encoder = png::Encoder::new(File::create(to)?, frame.width, frame.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    encoder.add_itxt_chunk(KEYWORD.to_owned(), text.to_owned())?;
    encoder.write_header()?.write_image_data(&colors)?;
    let bytes = to.metadata()?.len();
    ensure!(
        bytes <= MOST_BYTES,
        "{bytes} bytes, and at most {MOST_BYTES} are allowed: draw less in {TEMPLATE}"
    );
    Ok(())
}

/// What a card was drawn from.
fn said(file: &Path) -> Result<String> {
    let reader = png::Decoder::new(BufReader::new(File::open(file)?)).read_info()?;
    let info = reader.info();
    ensure!(info.size() == SIZE, "not of {SIZE:?} pixels");
    let text = info.utf8_text.iter().find(|text| text.keyword == KEYWORD);
    Ok(text.context("a picture without a title")?.get_text()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_the_card_of_its_title() {
        let shell = project::shell().unwrap();
        let mut problems = Vec::new();
        let cards = all(&shell, &pages(&shell).unwrap()).unwrap();
        for card in &cards {
            let file = path(&shell, card);
            match said(&file) {
                Ok(text) if text != card.text() => problems.push(format!(
                    "{FOLDER}/{}: says \"{text}\", its page \"{}\"",
                    card.file(),
                    card.text()
                )),
                Ok(_) if file.metadata().unwrap().len() > MOST_BYTES => {
                    problems.push(format!(
                        "{FOLDER}/{}: more than {MOST_BYTES} bytes",
                        card.file()
                    ));
                }
                Ok(_) => {}
                Err(error) => problems.push(format!("{FOLDER}/{}: {error:#}", card.file())),
            }
        }
        for file in shell.read_dir(FOLDER).unwrap() {
            if !cards.iter().any(|card| file.ends_with(card.file())) {
                problems.push(format!("{}: belongs to no page", file.display()));
            }
        }
        let list = problems.join("\n");
        assert!(
            problems.is_empty(),
            "{list}\nfix: `cargo xtask cards`, then look at them"
        );
    }

    #[test]
    fn a_card_is_read_back_with_what_it_was_drawn_from() {
        let folder = tempfile::tempdir().unwrap();
        let (drawn, packed) = (folder.path().join("a.png"), folder.path().join("b.png"));
        let mut encoder = png::Encoder::new(File::create(&drawn).unwrap(), SIZE.0, SIZE.1);
        encoder.set_color(png::ColorType::Rgba);
        let mut writer = encoder.write_header().unwrap();
        let pixels = vec![200; (SIZE.0 * SIZE.1 * 4) as usize];
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        assert!(
            said(&drawn)
                .unwrap_err()
                .to_string()
                .contains("without a title")
        );
        pack(&drawn, &packed, "Part 1 · “Waits”").unwrap();
        assert_eq!(said(&packed).unwrap(), "Part 1 · “Waits”");
    }
}
