//! The scripts and styles of the built site, without their comments: those are for who reads the
//! source, and were a third of what a first search fetches.

use std::path::Path;

use anyhow::Result;
use xshell::Shell;

/// Takes the comments out of the scripts and styles in `site`.
pub fn strip(shell: &Shell, site: &Path) -> Result<()> {
    for folder in ["js", "css"] {
        for file in shell.read_dir(site.join(folder))? {
            let bare = match file.extension().and_then(|it| it.to_str()) {
                Some("js") => without_comments,
                Some("css") => without_blocks,
                _ => continue,
            };
            let text = shell.read_file(&file)?;
            shell.write_file(&file, bare(&text))?;
        }
    }
    Ok(())
}

/// A script without the comments that have lines of their own, and those behind code. One that has
/// quotes after its slashes stays: it may be a text.
fn without_comments(script: &str) -> String {
    let mut bare = String::new();
    for line in without_blocks(script).lines() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let code = match line.rsplit_once(" // ") {
            Some((code, comment)) if !comment.contains(['`', '"', '\'']) => code.trim_end(),
            _ => line,
        };
        bare.push_str(code);
        bare.push('\n');
    }
    bare
}

/// A text without the comments of any number of lines that begin a line.
fn without_blocks(text: &str) -> String {
    let mut bare = String::new();
    let mut is_block = false;
    for line in text.lines() {
        let begins = line.trim_start().starts_with("/*");
        let kept = match line.split_once("*/") {
            _ if !begins && !is_block => line,
            Some((_, behind)) => behind.trim(),
            None => "",
        };
        let is_comment = begins || is_block;
        is_block = is_comment && !line.contains("*/");
        if !is_comment || !kept.is_empty() {
            bare.push_str(kept);
            bare.push('\n');
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_code_stays() {
        let script = "// What it is.\nconst site = \"https://a.b\"; // where it is\n/** Two\n    lines. */\n\
            function go() {\n  // Why.\n  return \"a // b\"; // it's so\n}\nconst one = 1 / 2; /* not alone */\n";
        assert_eq!(
            without_comments(script),
            "const site = \"https://a.b\";\nfunction go() {\n  return \"a // b\"; // it's so\n}\n\
             const one = 1 / 2; /* not alone */\n"
        );
    }

    #[test]
    fn comments_of_a_style_sheet_go() {
        let sheet =
            "/* One. */\n\na {\n  /* Two\n     lines. */\n  b: c; /* d */\n}\n/* e */ f { }\n";
        assert_eq!(without_blocks(sheet), "\na {\n  b: c; /* d */\n}\nf { }\n");
    }
}
