//! Wakes a task when rows have come, on a connection of its own.

use std::future::poll_fn;

use tokio::sync::watch;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, NoTls, Socket};

// ANCHOR: listen
/// Listens to `channel` as long as the connection stands and a receiver is left, and marks
/// `news` as changed by each notification.
///
/// It begins with a mark, too: what came before it listened isn't told. So the receiver looks
/// into the table after each mark, and connecting again needs no further thought.
///
/// # Errors
///
/// The connection's. Call it again, after a pause.
pub async fn listen(config: &Config, channel: &str, news: &watch::Sender<()>) -> Result<(), Error> {
    let (client, connection) = config.connect(NoTls).await?;
    let (listening, heard) = (subscribe(client, channel), forward(connection, news));
    tokio::pin!(listening, heard);
    let client = tokio::select! {
        client = &mut listening => client?,
        end = &mut heard => return end,
    };
    news.send_replace(());
    tokio::select! {
        end = heard => end,
        () = news.closed() => { drop(client); Ok(()) }
    }
}

async fn subscribe(client: Client, channel: &str) -> Result<Client, Error> {
    let quoted = channel.replace('"', "\"\"");
    client
        .batch_execute(&format!("LISTEN \"{quoted}\""))
        .await?;
    Ok(client)
}

async fn forward(
    mut connection: Connection<Socket, NoTlsStream>,
    news: &watch::Sender<()>,
) -> Result<(), Error> {
    while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(_) = message? {
            news.send_replace(());
        }
    }
    Ok(())
}
// ANCHOR_END: listen
