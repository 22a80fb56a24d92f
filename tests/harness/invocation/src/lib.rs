//! Tells a test which compiler built it, and with which crates.
//!
//! A procedural macro runs inside the compiler, so it can read the compiler's own command line.
//! That line names the very file of each crate that the test was built with, whatever the
//! version of Cargo and the layout of its target directory; nothing has to be searched for.

use proc_macro::{Literal, TokenStream};

/// Expands to `&["/path/of/rustc", "argument", …]`: the command that compiles this very code.
#[proc_macro]
pub fn invocation(_: TokenStream) -> TokenStream {
    let compiler =
        std::env::current_exe().map_or_else(|_| "rustc".into(), |path| path.display().to_string());
    let words = std::iter::once(compiler).chain(std::env::args().skip(1));
    let list: String = words
        .map(|word| format!("{},", Literal::string(&word)))
        .collect();
    format!("&[{list}]")
        .parse()
        .expect("string literals between commas are Rust")
}
