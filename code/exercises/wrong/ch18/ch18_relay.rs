//! Wrong: it copies both ways and keeps each end to itself, so each side waits for the other.

use std::io;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};

/// Copies both ways, and keeps the ends to itself.
async fn relay<A, B>(client: A, server: B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let there = async {
        let bytes = copy(&mut from_client, &mut to_server).await?;
        to_server.flush().await?;
        Ok(bytes)
    };
    let back = async {
        let bytes = copy(&mut from_server, &mut to_client).await?;
        to_client.flush().await?;
        Ok(bytes)
    };
    tokio::try_join!(there, back)
}

fn main() {}
