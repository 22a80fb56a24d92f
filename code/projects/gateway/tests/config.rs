//! What is wrong with a file is said with its line and a remedy.

use gateway::config::parse;

#[test]
fn the_file_of_the_demo_is_fine() {
    let file = include_str!("../src/demo/gateway.toml");
    let file = (1..=3).fold(file.to_owned(), |file, n| {
        file.replace(&format!("SERVER_{n}"), "127.0.0.1:1")
    });
    assert!(parse(&file).is_ok());
}

#[test]
fn each_fault_has_its_line_and_a_remedy() {
    let file = "listen = \"127.0.0.1:0\"\n\
                [upstream.shop]\nservers = []\n\
                [[route]]\nname = \"a\"\npath = \"tea\"\nupstream = \"bank\"\n";
    let faults: Vec<_> = parse(file)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        faults,
        [
            "line 3: shop has 0 servers: give it 1 to 64",
            "line 7: route a goes to \"bank\", which isn't there: take one of shop, or add [upstream.bank]",
            "line 7: the path of route a is \"tea\": begin it with /",
        ]
    );
}

#[test]
fn a_time_without_a_unit_and_a_field_that_is_no_field_are_faults() {
    for (file, words) in [
        (
            "listen = \"127.0.0.1:0\"\n[times]\nhead = \"10\"\n",
            "is not a time",
        ),
        ("listen = \"127.0.0.1:0\"\nlissten = 1\n", "unknown field"),
    ] {
        let faults = parse(file).unwrap_err();
        assert!(faults[0].text.contains(words), "{faults:?}");
        assert!(faults[0].line > 1);
    }
}
