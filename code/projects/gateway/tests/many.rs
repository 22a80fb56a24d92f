//! As many connections as the limits of files allow, up to 20,000, against a cap of half of them.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use testbed::machine::{free_port, memory};
use testbed::program::Program;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{get, server, statuses};

/// From a loopback address of its own for each thousand: one address has 28,000 ports at most,
/// and others want some.
async fn connect(number: usize, to: std::net::SocketAddr) -> TcpStream {
    let from = format!("127.0.1.{}:0", 1 + number / 1_000);
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(from.parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
#[ignore = "needs some minutes on a busy machine, and as many files as may be opened"]
async fn twenty_thousand_connections_leave_half_of_them_served_and_half_closed() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap(); // the gateway inherits it
    let files = limit.maximum.unwrap_or(u64::MAX);
    let many = usize::try_from(files.saturating_sub(200))
        .unwrap()
        .min(20_000);
    let cap = many / 2;

    let (address, _) = server().await;
    let folder = tempfile::tempdir().unwrap();
    let (file, port) = (folder.path().join("gateway.toml"), free_port());
    let text = format!(
        "listen = \"127.0.0.1:{port}\"\nconnections = {cap}\n[times]\nhead = \"60m\"\n\
         [upstream.shop]\nservers = [{{ address = \"{address}\" }}]\n\
         [[route]]\nname = \"all\"\npath = \"/\"\nupstream = \"shop\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["--listen", "127.0.0.1:0", "run"]).arg(&file);
    let gateway = Program::launch(command);
    gateway.until_line("listening");
    let to = ([127, 0, 0, 1], port).into();

    let before = memory(gateway.id());
    let mut held = Vec::new();
    for number in 0..many {
        held.push(connect(number, to).await);
    }
    let each = (memory(gateway.id()) - before) / cap as u64;
    let mut closed = 0;
    for stream in &mut held {
        let mut byte = [0; 1];
        let end = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
        closed += usize::from(end.is_ok());
    }
    println!("{many} connections, {closed} of them closed, {each} bytes of memory for each other");
    assert_eq!(closed, many - cap);
    assert!(each < 64 * 1_024, "{each}");

    held.clear();
    loop {
        let answer = get(to, "/", &[]).await; // a place is free, soon
        if !answer.is_empty() {
            assert_eq!(statuses(&answer), [200]);
            return;
        }
    }
}
