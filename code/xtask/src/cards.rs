//! `cargo xtask cards`: the pictures that link previews show, one a page, in `static/cards/`.
//!
//! They are committed, because Chromium draws them and no reader should need it. Each holds in its
//! PNG what it was drawn from, so that a test can tell when a page has another title or another
//! drawing since.

use std::env;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use toml::Table;
use xshell::{Shell, cmd};

use crate::pages::{Page, files, pages, text, words};
use crate::{project, tools};

mod drawing;

const FOLDER: &str = "static/cards";
const TEMPLATE: &str = "code/xtask/cards/card.html";
/// What some link previews refuse to fetch is far more; what readers on a phone pay for, less.
const MOST_BYTES: u64 = 60 * 1024;
const HOME: &str = "home";
const SIZE: (u32, u32) = (1200, 630);
/// The texts of a PNG that say what it shows: in words, and of its drawing a fingerprint.
const TITLE: &str = "Title";
const SOURCE: &str = "Source";
/// How many cards the browser draws at once, one below the other.
const TOGETHER: usize = 12;

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
    /// Lanes, as HTML.
    drawing: String,
}

/// What a card was drawn from.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    title: String,
    drawing: String,
}

pub fn cards(shell: &Shell, options: &Options) -> Result<()> {
    let cards = all(shell, &pages(shell)?)?;
    for file in shell.read_dir(shell.create_dir(FOLDER)?)? {
        if !cards.iter().any(|card| file.ends_with(card.file())) {
            eprintln!("removing {}: it belongs to no page", file.display());
            shell.remove_path(file)?;
        }
    }
    let is_old =
        |card: &&Card| options.all || said(&path(shell, card)).ok().as_ref() != Some(&card.says());
    let old: Vec<&Card> = cards.iter().filter(is_old).collect();
    for together in old.chunks(TOGETHER) {
        draw(shell, together)?;
    }
    eprintln!("{} of {} cards drawn", old.len(), cards.len());
    Ok(())
}

impl Card {
    fn file(&self) -> String {
        format!("{}.png", self.name)
    }

    fn says(&self) -> Said {
        Said {
            title: format!("{} · {}", self.place, self.title),
            drawing: fingerprint(&self.drawing),
        }
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
            drawing: drawing::of(shell, page, pages)
                .with_context(|| format!("content/{}", page.file))?
                .html(),
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

/// Has Chromium draw cards, and writes into each picture what it says.
fn draw(shell: &Shell, cards: &[&Card]) -> Result<()> {
    let home = shell.create_dir(project::target(shell)?.join("cards"))?;
    let home = shell.current_dir().join(home);
    let (html, picture) = (home.join("card.html"), home.join("card.png"));
    shell.write_file(&html, page(shell, cards)?)?;
    shell.remove_path(&picture)?;
    let browser = browser()?;
    let (width, height) = SIZE;
    let window = format!(
        "--window-size={width},{}",
        height * u32::try_from(cards.len())?
    );
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
    let rows = unpack(&picture)?;
    let pictures = rows.chunks_exact(bytes_of_a_card());
    ensure!(
        pictures.len() == cards.len(),
        "{browser} drew {} of {} cards",
        pictures.len(),
        cards.len()
    );
    for (card, colors) in cards.iter().zip(pictures) {
        pack(colors, &path(shell, card), &card.says())
            .with_context(|| format!("{FOLDER}/{}", card.file()))?;
    }
    Ok(())
}

/// The page that shows cards, one below the other.
fn page(shell: &Shell, cards: &[&Card]) -> Result<String> {
    let files = format!("file://{}", shell.current_dir().join("static").display());
    let template = shell.read_file(TEMPLATE)?;
    let (head, rest) = template.split_once("<main>").context("no <main>")?;
    let (inside, foot) = rest.split_once("</main>").context("no </main>")?;
    let mut page = head.replace("{{ static }}", &files);
    for card in cards {
        let inside = inside.replace("{{ place }}", &escaped(&card.place));
        let inside = inside.replace("{{ title }}", &escaped(&card.title));
        let inside = inside.replace("{{ drawing }}", &card.drawing);
        let inside = inside.replace("{{ book }}", &card.book);
        page += &format!("<main>{inside}</main>");
    }
    Ok(page + foot)
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

/// The colors of a picture that is as wide as a card, row by row.
fn unpack(file: &Path) -> Result<Vec<u8>> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(file)?));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let size = reader
        .output_buffer_size()
        .context("a picture without a size")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels)?;
    let channels = frame.color_type.samples();
    ensure!(channels >= 3, "a picture without colors");
    ensure!(
        frame.width == SIZE.0,
        "a picture {} pixels wide",
        frame.width
    );
    let pixels = pixels[..frame.buffer_size()].chunks(channels);
    Ok(pixels.flat_map(|pixel| pixel[..3].to_vec()).collect())
}

fn bytes_of_a_card() -> usize {
    SIZE.0 as usize * SIZE.1 as usize * 3
}

/// Writes the picture of a card, with what it was drawn from.
fn pack(colors: &[u8], to: &Path, says: &Said) -> Result<()> {
    let mut encoder = png::Encoder::new(File::create(to)?, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    // Flat colors pack best as they are.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.add_itxt_chunk(TITLE.to_owned(), says.title.clone())?;
    encoder.add_itxt_chunk(SOURCE.to_owned(), says.drawing.clone())?;
    encoder.write_header()?.write_image_data(colors)?;
    let bytes = to.metadata()?.len();
    ensure!(
        bytes <= MOST_BYTES,
        "{bytes} bytes, and at most {MOST_BYTES} are allowed: draw less in {TEMPLATE}"
    );
    Ok(())
}

/// What a card was drawn from.
fn said(file: &Path) -> Result<Said> {
    let reader = png::Decoder::new(BufReader::new(File::open(file)?)).read_info()?;
    let info = reader.info();
    ensure!(info.size() == SIZE, "not of {SIZE:?} pixels");
    let text = |keyword: &str| -> Result<String> {
        let text = info.utf8_text.iter().find(|text| text.keyword == keyword);
        let text = text.with_context(|| format!("a picture without a {}", keyword.to_lowercase()));
        Ok(text?.get_text()?)
    };
    Ok(Said {
        title: text(TITLE)?,
        drawing: text(SOURCE)?,
    })
}

/// FNV-1a, as the search names its files.
fn fingerprint(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_the_card_of_its_title_and_its_drawing() {
        let shell = project::shell().unwrap();
        let mut problems = Vec::new();
        let cards = all(&shell, &pages(&shell).unwrap()).unwrap();
        for card in &cards {
            let file = path(&shell, card);
            match said(&file) {
                Ok(said) if said.title != card.says().title => problems.push(format!(
                    "{FOLDER}/{}: says \"{}\", its page \"{}\"",
                    card.file(),
                    said.title,
                    card.says().title
                )),
                Ok(said) if said.drawing != card.says().drawing => problems.push(format!(
                    "{FOLDER}/{}: its lanes are not those of its page",
                    card.file()
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
        let mut encoder = png::Encoder::new(File::create(&drawn).unwrap(), SIZE.0, SIZE.1 * 2);
        encoder.set_color(png::ColorType::Rgba);
        let mut writer = encoder.write_header().unwrap();
        let pixels = vec![200; (SIZE.0 * SIZE.1 * 2 * 4) as usize];
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        let rows = unpack(&drawn).unwrap();
        let colors: Vec<&[u8]> = rows.chunks_exact(bytes_of_a_card()).collect();
        assert_eq!(colors.len(), 2);
        let says = Said {
            title: "Part 1 · “Waits”".to_owned(),
            drawing: fingerprint("<svg/>"),
        };
        pack(colors[1], &packed, &says).unwrap();
        assert_eq!(said(&packed).unwrap(), says);
        assert_ne!(fingerprint("<svg></svg>"), says.drawing);
        let error = said(&drawn).unwrap_err().to_string();
        assert!(error.contains("not of"), "{error}");
    }
}
