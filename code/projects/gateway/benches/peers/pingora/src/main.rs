//! pingora as a peer: passes every request on to one server.

use std::net::SocketAddr;

use async_trait::async_trait;
use pingora::prelude::*;
use pingora::server::configuration::ServerConf;

struct To(SocketAddr);

#[async_trait]
impl ProxyHttp for To {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0, false, String::new())))
    }
}

fn main() {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().expect("LISTEN SERVER");
    let (listen, to) = (word(), word());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let settings = ServerConf {
        threads,
        // Ends when it's told to.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, settings);
    server.bootstrap();
    let to = To(to.parse().expect("an address"));
    let mut proxy = http_proxy_service(&server.configuration, to);
    proxy.add_tcp(&listen);
    server.add_service(proxy);
    server.run_forever();
}
