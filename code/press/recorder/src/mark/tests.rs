use super::*;

/// The program that is compiled for this source, without what follows it.
#[track_caller]
fn marked(source: &str) -> String {
    let program = mark("ch01-a", source).unwrap();
    let tail = format!("\n{TAIL}\n");
    program.files[0]
        .text
        .strip_suffix(&tail)
        .unwrap()
        .to_owned()
}

#[test]
fn an_await_is_marked_at_the_end_of_its_expression() {
    assert_eq!(
        marked("async fn f() { sleep(second).await; }"),
        "async fn f() { sleep(second).at_place::<0>().await; }"
    );
    assert_eq!(
        marked("async fn f() { jobs.lock().await.push(1); }"),
        "async fn f() { jobs.lock().at_place::<0>().await.push(1); }"
    );
}

#[test]
fn what_macros_and_timeouts_poll_is_marked_too() {
    let join = marked("async fn f() { tokio::join!(a(), b()); }");
    assert!(join.contains("(a()).at_place::<0>()"), "{join}");
    assert!(join.contains("(b()).at_place::<1>()"), "{join}");
    let select = marked("async fn f() { tokio::select! { biased; x = a() => x, _ = b() => 0 } }");
    assert!(select.contains("x = (a()).at_place::<0>()"), "{select}");
    let timed = mark("ch01-a", "async fn f() { timeout(second, a()).await; }").unwrap();
    let kinds: Vec<Kind> = timed.places.iter().map(|place| place.kind).collect();
    assert!(kinds.contains(&Kind::Timed), "{kinds:?}");
}

#[test]
fn nothing_moves_to_another_line() {
    let source = "async fn f() {\n    tokio::join!(\n        a(),\n        b(),\n    );\n    c()\n        .await;\n}\n";
    let text = marked(source);
    assert_eq!(text.lines().count(), source.lines().count());
    for (marked, line) in text.lines().zip(source.lines()) {
        assert!(
            marked.starts_with(
                line.trim_end_matches(['(', ')', ';', ','])
                    .get(..4)
                    .unwrap_or("")
            )
        );
    }
}

#[test]
fn a_place_knows_its_line_and_its_expression() {
    let program = mark(
        "ch01-a",
        "async fn f() {\n    a()\n        .b()\n        .await;\n}\n",
    )
    .unwrap();
    let [place] = program.places.as_slice() else {
        panic!("one place, not {:?}", program.places);
    };
    assert_eq!((place.line, place.text.as_str()), (4, "a().b()"));
}

#[test]
fn only_a_select_without_biased_leaves_something_to_chance() {
    let random = |source| mark("ch01-a", source).unwrap().random;
    assert!(random(
        "async fn f() { tokio::select! { _ = a() => 1, _ = b() => 2 }; }"
    ));
    assert!(!random(
        "async fn f() { tokio::select! { biased; _ = a() => 1, _ = b() => 2 }; }"
    ));
    assert!(!random("async fn f() { a().await; }"));
}

#[test]
fn a_task_is_called_what_the_program_calls_it() {
    let source = "async fn f() { let cook = tokio::spawn(boil(3)); tokio::spawn(serve()); }";
    let program = mark("ch01-a", source).unwrap();
    let names: Vec<&str> = program.files[0]
        .spawns
        .iter()
        .map(|spawn| spawn.name.as_str())
        .collect();
    assert_eq!(names, ["cook", "serve()"]);
}

#[test]
fn text_that_is_not_rust_is_refused() {
    let error = mark("ch01-a", "fn main() {").unwrap_err().to_string();
    assert!(
        error.contains("src/bin/ch01-a.rs:1:11: not Rust: "),
        "{error}"
    );
}
