//! Each `chNN-slug/name.rs` is refused with the message in `name.stderr`.

#[test]
fn the_compiler_refuses_each_with_the_message_the_book_prints() {
    if std::env::var_os("TRYBUILD").is_none() {
        println!(
            "A message that differs, or is missing, is written by `cargo xtask bless`.\n\
             Then read it: it must show the very error that the chapter explains.\n"
        );
    }
    trybuild::TestCases::new().compile_fail("ch*/*.rs");
}
