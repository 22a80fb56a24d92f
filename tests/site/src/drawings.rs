//! Drawings: small SVG files of our own, which follow the theme and can be read aloud.

use roxmltree::{Document, Node};

use crate::Problem;
use crate::book::Book;

const FOLDER: &str = "static/drawings/";
const MOST_BYTES: usize = 8 * 1024;

const COLORS: &[&str] = &[
    "--ink",
    "--ink-soft",
    "--paper",
    "--paper-raised",
    "--rule",
    "--run",
    "--wait",
    "--wake",
    "--done",
    "--fail",
];

/// Every drawing.
pub fn check(book: &Book) -> Vec<Problem> {
    let mut texts: Vec<String> = book.content().map(|page| page.text.clone()).collect();
    texts.extend(
        book.files("templates", "html")
            .iter()
            .filter_map(|file| book.file(file)),
    );
    let mut problems = Vec::new();
    for file in book.files(FOLDER, "svg") {
        let name = file.trim_start_matches(FOLDER).trim_end_matches(".svg");
        let text = book.file(&file).unwrap_or_default();
        let mut problem = |line, what: String, fix: &str| {
            problems.push(Problem::new(&file, line, what, fix));
        };
        if !texts.iter().any(|text| text.contains(name)) {
            let fix = "show it with the shortcode `drawing`, or remove it";
            problem(1, "no page shows this drawing".into(), fix);
        }
        if text.len() > MOST_BYTES {
            problem(
                1,
                format!("{} bytes", text.len()),
                "draw it with 8192 or less",
            );
        }
        match Document::parse(&text) {
            Err(error) => problem(
                error.pos().row as usize,
                error.to_string(),
                "close what is open",
            ),
            Ok(drawing) => elements(&drawing, name, &mut problem),
        }
    }
    problems
}

fn elements(drawing: &Document, name: &str, problem: &mut impl FnMut(usize, String, &str)) {
    let line = |node: &Node| drawing.text_pos_at(node.range().start).row as usize;
    let root = drawing.root_element();
    let (title, desc) = (format!("{name}-title"), format!("{name}-desc"));
    let labels = format!("{title} {desc}");
    for (key, wanted) in [
        ("viewBox", None),
        ("role", Some("img")),
        ("aria-labelledby", Some(labels.as_str())),
    ] {
        let is = root.attribute(key);
        if is.is_none() || wanted.is_some_and(|wanted| is != Some(wanted)) {
            let fix = format!("write {key}=\"{}\"", wanted.unwrap_or("0 0 720 …"));
            problem(1, format!("`{key}` is missing or wrong"), &fix);
        }
    }
    for key in ["width", "height"]
        .into_iter()
        .filter(|key| root.has_attribute(*key))
    {
        problem(1, format!("a fixed {key}"), "remove it: the page decides");
    }
    let mut children = root.children().filter(Node::is_element);
    for (tag, id) in [("title", &title), ("desc", &desc)] {
        let fits = children.next().is_some_and(|child| {
            child.has_tag_name((root.tag_name().namespace().unwrap_or_default(), tag))
                && child.attribute("id") == Some(id)
                && child.text().is_some_and(|text| !text.trim().is_empty())
        });
        if !fits {
            let fix = "open the drawing with <title id=…-title> and <desc id=…-desc>, which tell all it shows";
            problem(1, format!("no <{tag} id=\"{id}\"> in its place"), fix);
        }
    }
    for node in drawing.descendants().filter(Node::is_element) {
        if let Some(id) = node.attribute("id")
            && !id.starts_with(&format!("{name}-"))
        {
            problem(
                line(&node),
                format!("the id `{id}`"),
                &format!("begin it with `{name}-`"),
            );
        }
        if node.attribute("style").is_some() {
            problem(
                line(&node),
                "a style attribute, which the pages' policy refuses".into(),
                "use attributes, such as fill=\"var(--run)\", or the classes of drawings.css",
            );
        }
        let keys = ["fill", "stroke", "color", "stop-color"].into_iter();
        let in_attributes = keys.filter_map(|key| node.attribute(key).map(str::to_owned));
        for paint in in_attributes.filter(|paint| !is_of_the_theme(paint, name)) {
            problem(
                line(&node),
                format!("the color `{paint}` does not follow the theme"),
                "use currentColor, none, fill=\"var(--run)\" or one of the classes",
            );
        }
    }
}

fn is_of_the_theme(paint: &str, name: &str) -> bool {
    let variable = paint
        .strip_prefix("var(")
        .and_then(|rest| rest.strip_suffix(')'));
    ["currentColor", "none", "inherit"].contains(&paint)
        || variable.is_some_and(|variable| COLORS.contains(&variable.trim()))
        || paint.starts_with(&format!("url(#{name}-"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::Fixture;

    const FILE: &str = "static/drawings/ch02-lanes.svg";

    #[test]
    fn a_color_of_its_own_a_style_and_a_foreign_id_are_named() {
        Fixture::sound()
            .replace(FILE, "var(--ink)", "#333")
            .replace(FILE, "x=\"0\"", "id=\"bar\" style=\"fill: none\" x=\"0\"")
            .expect(
                check,
                &[
                    (FILE, "<rect", "the id `bar`"),
                    (FILE, "<rect", "a style attribute"),
                    (FILE, "<rect", "the color `#333` does not follow the theme"),
                ],
            );
    }

    #[test]
    fn a_drawing_that_cannot_be_read_aloud_is_named() {
        Fixture::sound()
            .replace(FILE, "role=\"img\"", "")
            .replace(FILE, "One lane: a task runs.", "")
            .expect(
                check,
                &[
                    (FILE, "", "`role` is missing"),
                    (FILE, "", "no <desc id=\"ch02-lanes-desc\">"),
                ],
            );
    }

    #[test]
    fn a_drawing_that_is_not_closed_is_named() {
        Fixture::sound()
            .replace(FILE, "</svg>", "</g>")
            .expect(check, &[(FILE, "</g>", "expected 'svg' tag")]);
    }
}
