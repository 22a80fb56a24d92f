//! What the book says besides its pages, from `content/words/en.toml`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The words of a language that the book has.
#[derive(Clone, Deserialize)]
pub struct Words {
    pub(crate) contents: String,
    pub(crate) files: Files,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Files {
    pub cover: String,
    pub cover_of: String,
    pub title_page: String,
    pub landmarks: String,
    pub start: String,
    pub accessible: String,
    pub question: String,
    pub answer: String,
    pub answers: String,
}

impl Words {
    /// Reads a file of `words/`.
    pub fn read(file: &Path) -> Result<Words> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }
}

impl Files {
    pub fn question(&self, number: usize) -> String {
        self.question.replace("{number}", &number.to_string())
    }
}
