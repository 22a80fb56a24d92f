//! WebSockets: bytes in both directions, from the moment when the server has agreed.

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Method, Request, Response, Version};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tracing::debug;

use crate::body::Body;
use crate::headers::{elements, remove_hop_by_hop};
use crate::strict::Switch;
use crate::upstream::UnderWay;

/// Whether a request asks for a WebSocket, as `head` has read it.
pub fn is_wanted<B: hyper::body::Body>(request: &Request<B>) -> bool {
    let has = |name, word: &[u8]| {
        elements(request.headers(), name).any(|one| one.eq_ignore_ascii_case(word))
    };
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && request.body().is_end_stream()
        && has(header::CONNECTION, b"upgrade")
        && has(header::UPGRADE, b"websocket")
}

/// Takes the client's side, if it's wanted.
pub fn prepare(request: &mut Request<Incoming>) -> Option<OnUpgrade> {
    is_wanted(request).then(|| upgrade::on(request))
}

/// Asks the server for it.
pub fn ask(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// The server has agreed: passes that on, and then all bytes until one side is done.
/// It counts as under way until then.
pub fn open(
    switch: &Switch,
    client: OnUpgrade,
    mut answer: Response<Incoming>,
    under_way: UnderWay,
) -> Response<Body> {
    switch.open();
    let server = upgrade::on(&mut answer);
    tokio::spawn(async move {
        if let Ok((client, server)) = tokio::try_join!(client, server) {
            let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
            let copied = copy_bidirectional(&mut client, &mut server).await;
            debug!(?copied, "tunnel");
        }
        drop(under_way);
    });
    let (mut head, _) = answer.into_parts();
    remove_hop_by_hop(&mut head.headers);
    ask(&mut head.headers);
    Response::from_parts(head, Body::empty())
}
