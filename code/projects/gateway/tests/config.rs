//! What is wrong with a file is said with its line and a remedy.

use gateway::check::parse;

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
            "line 6: the path of route a is \"tea\": begin it with /",
            "line 7: route a goes to \"bank\", which isn't there: take one of shop, or add [upstream.bank]",
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

#[test]
fn what_needs_redis_or_a_bound_says_so() {
    let file = |top: &str, route: &str| {
        format!(
            "{top}\nlisten = \"127.0.0.1:0\"\n[upstream.shop]\nservers = [{{ address = \"127.0.0.1:1\" }}]\n\
             [[route]]\nname = \"a\"\npath = \"/\"\nupstream = \"shop\"\n{route}\n"
        )
    };
    let shared = "rate = { per_second = 1, burst = 1, shared = true }";
    let json = "answer = { json = { at_most = 100000000 } }";
    for (top, route, line, words) in [
        ("", shared, 8, "needs redis = "),
        ("redis = \"10.0.0.9\"", shared, 1, "is not an address"),
        ("", json, 8, "1 to 16777216 bytes"),
    ] {
        let faults = parse(&file(top, route)).unwrap_err();
        assert_eq!(faults[0].line, line, "{faults:?}");
        assert!(faults[0].text.contains(words), "{faults:?}");
    }
    assert!(parse(&file("redis = \"redis://10.0.0.9\"", shared)).is_ok());
}

#[test]
fn conditions_that_cannot_be_read_are_faults_and_not_left_out() {
    let file = |route: &str| {
        format!(
            "listen = \"127.0.0.1:0\"\n[upstream.shop]\nservers = [{{ address = \"127.0.0.1:1\" }}]\n\
             [[route]]\nname = \"a\"\npath = \"/\"\n{route}\nupstream = \"shop\"\n"
        )
    };
    for (route, remedy) in [
        (
            "methods = [\"get\"]",
            "\"get\" is not a method: write it in capitals",
        ),
        (
            "methods = [\"GET\", \"P T\"]",
            "\"P T\" is not a method: write it in capitals",
        ),
        ("methods = []", "leave it away for any"),
        (
            "headers = { \"x beta\" = \"1\" }",
            "\"x beta\" is not the name of a field: write letters",
        ),
        (
            "headers = { x-beta = \"\\n\" }",
            "leave control characters out",
        ),
        (
            "rate = { per_second = 1, burst = 1, by = \"x key\" }",
            "\"x key\" is not the name of a field: write letters",
        ),
    ] {
        let faults = parse(&file(route)).unwrap_err();
        assert_eq!((faults.len(), faults[0].line), (1, 7), "{faults:?}");
        assert!(faults[0].text.contains(remedy), "{faults:?}");
    }
    for route in [
        "methods = [\"GET\", \"PURGE\"]",
        "headers = { X-Beta = \"1\" }",
        "rate = { per_second = 1, burst = 1, by = \"x-key\" }",
    ] {
        assert!(parse(&file(route)).is_ok(), "{route}");
    }
}

#[test]
fn a_host_or_a_path_that_could_match_nothing_is_a_fault() {
    let file = |host: &str, path: &str| {
        format!(
            "listen = \"127.0.0.1:0\"\n[upstream.shop]\nservers = [{{ address = \"127.0.0.1:1\" }}]\n\
             [[route]]\nname = \"a\"\nhost = {host:?}\npath = {path:?}\nupstream = \"shop\"\n"
        )
    };
    for host in [
        "example.com:8080",
        "*.example.com:8080",
        "http://example.com",
        "example.com.",
        "example.*",
        "::1",
        "",
    ] {
        let fault = parse(&file(host, "/")).unwrap_err()[0].to_string();
        let begin = format!("line 6: the host of route a is {host:?}, which matches nothing: ");
        assert!(fault.starts_with(&begin), "{fault}");
        assert!(fault.contains("as in \"shop.example\""), "{fault}");
    }
    for (path, remedy) in [
        ("/a?b", ": write \"/a\""),
        ("/a#b", ": write \"/a\""),
        ("/a//b/../c", ": write \"/a/c\""),
        ("/%74ea", ": write \"/tea\""),
        ("/a b", "with a character that must be encoded"),
        ("/a%2fb", "with an encoded slash or control"),
    ] {
        let fault = parse(&file("example.com", path)).unwrap_err()[0].to_string();
        let begin = format!("line 7: the path of route a is {path:?}, which matches nothing");
        assert!(
            fault.starts_with(&begin) && fault.contains(remedy),
            "{fault}"
        );
    }
    for (host, path) in [
        ("Example.com", "/"),
        ("*.example.com", "/tea/"),
        ("[::1]", "/gr%C3%BCn"),
        ("*", "/tea"),
    ] {
        assert!(parse(&file(host, path)).is_ok(), "{host} {path}");
    }
}

#[test]
fn the_page_about_operating_names_each_field() {
    let page = "../../../content/part9-systems/operating-api-gateway.md";
    let page = std::fs::read_to_string(page).unwrap();
    for section in [
        "? = 1",
        "tls = { ? = 1 }",
        "[times]\n? = 1",
        "[cache]\n? = 1",
        "[upstream.a]\n? = 1",
        "[upstream.a]\nservers = [{ ? = 1 }]",
        "[upstream.a]\ncheck = { ? = 1 }",
        "[[route]]\n? = 1",
        "[[route]]\nrate = { ? = 1 }",
        "[[route]]\ntokens = { ? = 1 }",
        "[[route]]\nrequest = { ? = 1 }",
        "[[route]]\nanswer = { json = { ? = 1 } }",
    ] {
        let fault = parse(&section.replace('?', "no_field")).unwrap_err()[0]
            .text
            .clone();
        let (_, expected) = fault.split_once(", expected ").expect(&fault);
        let names: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{fault}");
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "{name} of {section}");
        }
    }
}
