//! The floor: rooms over `tokio::sync::broadcast`, as axum's own chat example has them. What a
//! client sends, all in its room get, unless they lag: then they lose it. Nothing is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use futures::stream::SplitSink;
use futures::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};

/// So many lines wait for a client that lags, as many as frames in an outbox of the chat.
const WAITING: usize = 1024;

#[derive(Clone)]
struct App {
    rooms: Arc<Mutex<HashMap<String, Sender<Utf8Bytes>>>>,
    gather: bool,
}

/// Serves on a port of its own. With `gather`, one flush is for all lines that wait.
pub async fn run(gather: bool) -> Result<()> {
    let rooms = Arc::default();
    let app = Router::new()
        .route("/{room}", any(upgrade))
        .with_state(App { rooms, gather });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn upgrade(
    State(app): State<App>,
    Path(room): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let mut rooms = app.rooms.lock().unwrap_or_else(PoisonError::into_inner);
    let room = rooms.entry(room).or_insert_with(|| channel(WAITING).0);
    let (room, lines) = (room.clone(), room.subscribe());
    upgrade
        .read_buffer_size(4 * 1024)
        .on_upgrade(move |socket| serve(socket, room, lines, app.gather))
}

async fn serve(
    socket: WebSocket,
    room: Sender<Utf8Bytes>,
    mut lines: Receiver<Utf8Bytes>,
    gather: bool,
) {
    let (mut sink, mut frames) = socket.split();
    let writer = tokio::spawn(async move {
        sink.send(Message::Text("joined".into())).await?;
        loop {
            match lines.recv().await {
                Ok(line) if gather => write_all(&mut sink, line, &mut lines).await?,
                Ok(line) => sink.send(Message::Text(line)).await?,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok::<(), axum::Error>(()),
            }
        }
    });
    while let Some(Ok(frame)) = frames.next().await {
        if let Message::Text(line) = frame {
            room.send(line).ok();
        }
    }
    writer.abort();
}

async fn write_all(
    sink: &mut SplitSink<WebSocket, Message>,
    first: Utf8Bytes,
    lines: &mut Receiver<Utf8Bytes>,
) -> Result<(), axum::Error> {
    sink.feed(Message::Text(first)).await?;
    while let Ok(line) = lines.try_recv() {
        sink.feed(Message::Text(line)).await?;
    }
    sink.flush().await
}
