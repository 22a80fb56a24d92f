use super::*;
use crate::fixture::Fixture;

const TICK: &str = "/// `tokio::time::Interval::tick`\n#[test]\nfn tick() {}\n";

/// A book with the page, and one test.
fn fixture(test: &str) -> Fixture {
    let page = "+++\npath = \"cancel-safety\"\n+++\nBy hand.\n\n## Methods {#methods}\n";
    let fixture = Fixture::sound().write(PAGE, page).write(PROOFS, test);
    bless(&fixture.book()).unwrap();
    fixture
}

#[test]
fn the_table_has_each_module_with_its_methods() {
    let text = fixture(TICK).book().page(PAGE).unwrap().text.clone();
    let tokio = "https://docs.rs/tokio/1.54.1/tokio";
    assert!(text.contains("By hand.\n\n## Methods {#methods}\n\nOf "));
    assert!(text.contains("\nTests prove 1 of them.\n"));
    assert!(text.contains("\n### `tokio::net::unix::pipe` {#tokio-net-unix-pipe}\n"));
    let interval = format!("{tokio}/time/struct.Interval.html");
    assert!(text.contains(&format!(
        "| [`Interval`]({interval}) | [`tick`]({interval}#method.tick) | cancel safe | proved |\n"
    )));
    // Its documentation stands in a macro.
    let read = format!("{tokio}/io/trait.AsyncReadExt.html#method.read_i16");
    let lines = text.lines().filter(|line| line.contains(&read));
    let lines: Vec<&str> = lines.collect();
    assert!(matches!(lines[..], [line] if line.ends_with("| not cancel safe | |")));
    // It is declared once for each of two configurations.
    let joined = format!("{tokio}/task/struct.JoinSet.html#method.join_next)");
    assert_eq!(text.matches(&joined).count(), 1);
}

#[test]
fn a_changed_table_is_named_until_it_is_blessed() {
    let changed = fixture(TICK).replace(PAGE, "| cancel safe | proved |", "| safe | |");
    let stale = "what comes after `{#methods}` is not from the sources";
    assert_eq!(check(&changed.book())[0].what, stale);
    bless(&changed.book()).unwrap();
    changed.expect(check, &[]);
}

#[test]
fn a_proof_of_the_opposite_is_named() {
    let proof = |path: &str, panics: &str| {
        format!("/// `tokio::{path}`\n#[test]\n{panics}\nfn it() {{}}\n")
    };
    for (path, panics, what) in [
        (
            "time::Interval::tick",
            "#[should_panic]",
            "is safe, and its test has to panic",
        ),
        (
            "sync::Mutex::lock",
            "#[should_panic]",
            "is safe, and its test has to panic",
        ),
        (
            "sync::Barrier::wait",
            "",
            "is not safe, and its test does not panic",
        ),
        ("time::sleep", "", "has no section on cancel safety"),
    ] {
        let what = format!("tokio::{path} {what}");
        fixture(&proof(path, panics)).expect(check, &[(PROOFS, "/// ", &what)]);
    }
}

#[test]
fn a_section_is_read_in_its_own_words() {
    let quoted = |words: &str| Verdict::Condition(Some(words.into()));
    for (docs, expected) in [
        (
            "# Cancel safety\nThis method is cancel safe. If it\nends, so be it.\n# Errors\nnot cancel safe",
            Verdict::Safe,
        ),
        (
            "# Cancel Safety\n\nThis function is cancel safe.",
            Verdict::Safe,
        ),
        (
            "## Cancellation safety\nThis method is not cancellation safe. If",
            Verdict::NotSafe,
        ),
        (
            "# Cancel safety\nThis method\nis not cancel safe as it loops.",
            Verdict::NotSafe,
        ),
        (
            "# Cancel safety\nA queue. Cancelling makes you\nlose your place in the queue.",
            Verdict::Queue,
        ),
        (
            "# Cancel safety\nIt makes you lose your place in the queue, and the message\nis dropped and will be lost.",
            quoted("the message is dropped and will be lost"),
        ),
        (
            "# Cancel safety\nThis method is cancel safe when [`it`](x) is.",
            quoted("This method is cancel safe when `it` is"),
        ),
        (
            "# Cancel safety\nOne two three four five six seven eight nine ten eleven twelve.",
            Verdict::Condition(None),
        ),
    ] {
        let (_, text) = section(docs).unwrap();
        assert_eq!(verdict(&text), expected, "{docs}");
    }
    assert_eq!(section("# Cancellation\nNo additional cleanup."), None);
}
