//! What the program prints, on a PostgreSQL of its own.

use std::process::Command;

use testbed::postgres::Postgres;

#[test]
fn a_dropped_transaction_leaves_nothing_and_a_third_borrower_gets_an_error() {
    let server = Postgres::start(&[]);
    let socket = server.socket_folder().display();
    let run = Command::new(env!("CARGO_BIN_EXE_with-sqlx"))
        .env(
            "DATABASE_URL",
            format!("postgres:///postgres?host={socket}&user=postgres"),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    let expected = "\
three of three: true
one of none: false
ordered: 3
after a dropped transaction: 3
a third connection: pool timed out while waiting for an open connection
";
    assert_eq!(String::from_utf8(run.stdout).unwrap(), expected);
}
