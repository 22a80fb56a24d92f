//! Two hosts and the network between them in one thread: the link is cut, and comes back.
//!
//! Run it: `cargo test -p examples --test ch23_turmoil`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, Instant, sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

// ANCHOR: partition
async fn serve() -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:80").await?;
    loop {
        let (mut socket, _) = listener.accept().await?;
        socket.write_all(b"tea").await?;
    }
}

async fn ask() -> std::io::Result<String> {
    let mut answer = String::new();
    let mut socket = TcpStream::connect("server:80").await?;
    socket.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[test]
fn a_client_that_asks_again_outlives_a_cut_of_ten_seconds() -> turmoil::Result {
    for seed in 1..=20 {
        let mut builder = turmoil::Builder::new();
        builder.simulation_duration(Duration::from_secs(60));
        let mut network = builder.rng_seed(seed).build();
        network.host("server", serve);
        network.client("client", async {
            turmoil::partition("client", "server");
            tokio::spawn(async {
                sleep(Duration::from_secs(10)).await;
                turmoil::repair("client", "server");
            });
            let (start, second) = (Instant::now(), Duration::from_secs(1));
            let answer = loop {
                if let Ok(Ok(answer)) = timeout(second, ask()).await {
                    break answer;
                }
                sleep(second).await;
            };
            assert_eq!(answer, "tea");
            let waited = start.elapsed();
            assert!((10 * second..12 * second).contains(&waited));
            Ok(())
        });
        network.run()?;
    }
    Ok(())
}
// ANCHOR_END: partition

#[test]
#[should_panic(expected = "ports exhausted")]
fn a_client_that_asks_again_at_once_runs_out_of_ports() {
    let mut builder = turmoil::Builder::new();
    builder.ephemeral_ports(50_000..=50_099); // the first hundred are enough to see it
    let mut network = builder.rng_seed(1).build();
    network.host("server", serve);
    network.client("client", async {
        turmoil::partition("client", "server");
        while ask().await.is_err() {}
        Ok(())
    });
    network.run().unwrap();
}
