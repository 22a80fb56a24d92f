use super::*;

use clap::{CommandFactory, Parser};
use proptest::prelude::*;

#[derive(Debug, Parser)]
#[command(mut_args(variables("APP")), mut_arg("listen", |listen| listen.default_value("127.0.0.1:7080")))]
struct Config {
    #[command(flatten)]
    edge: Edge,
    #[arg(long, env = "OTHER")]
    own: Option<String>,
}

fn parse(arguments: &[&str]) -> Result<Edge, clap::Error> {
    Config::try_parse_from([&["app"], arguments].concat()).map(|config| config.edge)
}

#[test]
fn each_option_is_an_environment_variable_too() {
    let command = Config::command();
    for option in command.get_arguments() {
        let variable = option.get_env().map(|name| name.to_string_lossy());
        let expected = match option.get_id().as_str() {
            "own" => "OTHER".to_owned(),
            id => format!("APP_{}", id.to_uppercase()),
        };
        assert_eq!(variable.as_deref(), Some(expected.as_str()));
    }
}

#[test]
fn each_option_says_what_it_is_for() {
    let command = Config::command();
    let edge = command
        .get_arguments()
        .filter(|option| option.get_id() != "own");
    for option in edge {
        assert!(option.get_help().is_some(), "{}", option.get_id());
    }
}

#[test]
fn a_system_may_listen_elsewhere_by_default() {
    assert_eq!(parse(&[]).unwrap().listen.port(), 7080);
    assert_eq!(parse(&["--listen", "[::1]:1"]).unwrap().listen.port(), 1);
}

#[test]
fn other_machines_are_served_with_a_token_only() {
    let token = ["--listen", "0.0.0.0:80", "--token", "0123456789abcdef"];
    parse(&token).unwrap().check().unwrap();
    parse(&[]).unwrap().check().unwrap();
    let error = parse(&token[..2]).unwrap().check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "--listen: 0.0.0.0:80 can be reached by others: give a --token"
    );
    assert!(parse(&["--token", "short"]).is_err());
    assert!(parse(&["--token", "0123456789abcde\n"]).is_err());
}

#[test]
fn times_may_be_fractions_of_a_second_within_their_bounds() {
    let quarter = Duration::from_millis(250);
    assert_eq!(seconds("0.25", 0.0..=1.0), Ok(quarter));
    for text in ["-1", "soon", "1.1", "NaN", "inf", "1e19", ""] {
        assert!(seconds(text, 0.0..=1.0).is_err(), "{text}");
    }
}

fn options() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["--max-connections", "--max-body", "--drain"])
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i128>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        (0u32..40).prop_map(|power| (1u128 << (3 * power)).to_string()),
        prop::sample::select(vec!["0", "-0", "1", "1e3", "NaN", "inf", ""]).prop_map(str::to_owned),
    ]
}

proptest! {
    /// What is taken can be worked with: a server starts by it, and its deadline can be computed.
    #[test]
    fn a_number_is_refused_by_the_option_s_name_or_is_harmless(
        option in options(),
        number in numbers(),
    ) {
        match parse(&[&format!("{option}={number}")]) {
            Ok(edge) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let _deadline = tokio::time::Instant::now() + edge.drain;
                    let _body = crate::body::limit(edge.max_body as usize);
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    let stop = tokio_util::sync::CancellationToken::new();
                    stop.cancel();
                    crate::serve::serve(listener, axum::Router::new(), edge.limits(), stop).await;
                });
            }
            Err(error) => prop_assert!(error.to_string().contains(option), "{error}"),
        }
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_with_a_remedy_and_another_fault_with_its_cause_alone() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let nowhere = "192.0.2.1:80".to_owned(); // an address that no machine has
    for (address, remedy) in [(taken, ": give another --listen"), (nowhere, "")] {
        let edge = parse(&["--listen", &address]).unwrap();
        let error = edge.bind().await.unwrap_err();
        let expected = format!("cannot listen on {address}{remedy}");
        assert_eq!(error.to_string(), expected);
        assert!(error.root_cause().is::<std::io::Error>(), "{error:?}");
    }
}
