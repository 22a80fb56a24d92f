//! What may follow the language of a fence.

/// An option, `name=value`.
pub struct Known {
    /// What stands before the `=`.
    pub name: &'static str,
    /// Whether it is for `rust` alone.
    pub is_rust: bool,
    /// How it is written.
    pub form: &'static str,
    /// Whether a value fits.
    pub fits: fn(&str) -> bool,
}

/// All options of the book.
pub const OPTIONS: &[Known] = &[
    rust("should_panic", "should_panic=1", is_one),
    rust("message", "message=\"some words\"", is_quoted),
    rust("no_run", "no_run=1", is_one),
    rust("fixes", "fixes=1", is_one),
    rust("python", "python=1", is_one),
    rust("run", "run=NAME", is_run),
    rust("run-many", "run-many=1", is_one),
    Known {
        name: "hl_lines",
        is_rust: false,
        form: "hl_lines=2 4-5",
        fits: is_line_list,
    },
];

const fn rust(name: &'static str, form: &'static str, fits: fn(&str) -> bool) -> Known {
    Known {
        name,
        is_rust: true,
        form,
        fits,
    }
}

/// The option of a language with this name.
pub fn known(language: &str, name: &str) -> Option<&'static Known> {
    let mut options = OPTIONS.iter();
    options.find(|option| option.name == name && (language == "rust" || !option.is_rust))
}

fn is_one(value: &str) -> bool {
    value == "1"
}

fn is_quoted(value: &str) -> bool {
    value.len() > 2 && value.starts_with('"') && value.ends_with('"')
}

fn is_run(value: &str) -> bool {
    value.starts_with("ch") || value.starts_with("guide")
}

/// `3`, `3-5`, `3 7-9`
fn is_line_list(value: &str) -> bool {
    let is_number = |word: &str| word.parse::<u32>().is_ok_and(|number| number > 0);
    !value.is_empty()
        && value.split(' ').all(|word| match word.split_once('-') {
            Some((first, last)) => is_number(first) && is_number(last),
            None => is_number(word),
        })
}
