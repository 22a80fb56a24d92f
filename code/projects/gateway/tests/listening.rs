//! The address that a gateway listens on is its own.

use gateway::check::parse;
use gateway::running::Running;

use crate::support::{file, gateway, get, server};

#[tokio::test]
async fn an_address_that_another_gateway_has_is_refused_and_free_again_after_it() {
    let (server, _) = server().await;
    let one = gateway(&[server], "", "");
    let same = file(&[server], "", "").replace("127.0.0.1:0", &one.address.to_string());
    let same = parse(&same).unwrap();
    let error = Running::start(&same).err().expect("one has it");
    let (said, address) = (format!("{error:#}"), one.address);
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
    let answer = get(address, "/", &[]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    one.stop().await;
    let two = Running::start(&same).unwrap();
    let answer = get(two.address, "/", &[]).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
