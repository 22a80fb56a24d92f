//! What there is besides the WebSocket: the page, sessions, rooms, history, and the upgrade.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRef, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use patterns::token_bucket::TokenBucket;
use serde::{Deserialize, Serialize};
use service::body::{Body, Named, Query};
use service::page;
use service::problem::Problem;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug_span};

mod door;

use crate::connection;
use crate::hub::Hub;
use crate::name::Name;
use crate::room::ConnectionId;
use crate::session::{self, Keys, Session};
use crate::store::{Access, Page, RoomInfo, RoomKey, StoreError};
use crate::wire::{LARGEST_MESSAGE, Line};

/// So many names may be chosen in a second, and so many at once.
const NAMES: (u32, u32) = (50, 2_000);
/// Each connection has a buffer of this size for what it reads.
const READ_BUFFER: usize = 4 * 1024;
/// So much is gathered for one write; a larger frame goes by itself. At 0, each frame would be
/// written as it is fed, whenever it is flushed.
const WRITE_BUFFER: usize = 16 * 1024;
/// So many lines come in a page of history, unless the client wants fewer.
const PAGE: usize = 100;

/// What each request may use.
#[derive(Clone)]
pub struct App {
    /// The rooms and the history.
    pub hub: Hub,
    /// Sessions.
    pub keys: Keys,
    /// Fires when the server is to end.
    pub stop: CancellationToken,
    /// The WebSockets that run.
    pub connections: TaskTracker,
    names: Arc<TokenBucket>,
    last_connection: Arc<AtomicU64>,
}

impl FromRef<App> for Keys {
    fn from_ref(app: &App) -> Keys {
        app.keys.clone()
    }
}

impl App {
    /// Needs a Tokio runtime.
    pub fn new(hub: Hub, keys: Keys, stop: CancellationToken) -> App {
        let [per_second, burst] = [NAMES.0, NAMES.1].map(|n| NonZeroU32::new(n).expect("not 0"));
        App {
            hub,
            keys,
            stop,
            connections: TaskTracker::new(),
            names: Arc::new(TokenBucket::new(per_second, burst)),
            last_connection: Arc::default(),
        }
    }

    /// The routes for people, each of whom has a session.
    pub fn routes(self) -> Router {
        let files = page::routes(&[
            ("/", include_str!("page/index.html")),
            ("/chat.css", include_str!("page/chat.css")),
            ("/chat.js", include_str!("page/chat.js")),
            ("/link.js", include_str!("page/link.js")),
            ("/chat-room.js", include_str!("page/chat-room.js")),
            ("/chat-rooms.js", include_str!("page/chat-rooms.js")),
        ]);
        Router::new()
            .route("/api/session", get(who).post(log_in))
            .route("/api/rooms", get(rooms).post(create_room))
            .route("/api/rooms/{room}/lines", get(lines))
            .route("/api/rooms/{room}/people", post(door::own_room))
            .route("/ws", get(upgrade))
            .with_state(self)
            .merge(files)
    }

    /// The routes for who runs the server.
    pub fn operator_routes(self) -> Router {
        Router::new()
            .route("/operator/rooms/{room}/people", post(door::any_room))
            .with_state(self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    name: Name,
    /// That of an earlier session under this name.
    key: Option<String>,
}

#[derive(Serialize)]
struct LoggedIn {
    name: Name,
    key: String,
    token: String,
}

async fn log_in(
    State(app): State<App>,
    Body(ask): Body<LogIn>,
) -> Result<([(HeaderName, String); 1], Json<LoggedIn>), Problem> {
    if app.names.try_take().is_err() {
        let detail = "too many want a name at once";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", detail).retry_after(1));
    }
    let key = ask.key.unwrap_or_else(session::new_key);
    let hash = session::hash(&key);
    if !app.hub.store().claim_name(ask.name.clone(), hash).await? {
        let detail = format!("{} is someone else's name", ask.name);
        return Err(Problem::new(StatusCode::CONFLICT, "taken", detail));
    }
    let token = app.keys.sign(ask.name.clone());
    let cookie = [(header::SET_COOKIE, app.keys.cookie(&token))];
    let name = ask.name;
    Ok((cookie, Json(LoggedIn { name, key, token })))
}

async fn who(session: Session) -> Json<Session> {
    Json(session)
}

async fn rooms(State(app): State<App>, session: Session) -> Result<Json<Vec<RoomInfo>>, Problem> {
    Ok(Json(app.hub.store().rooms(session.sub).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRoom {
    name: Name,
    #[serde(default)]
    invited_only: bool,
}

async fn create_room(
    State(app): State<App>,
    session: Session,
    Body(new): Body<NewRoom>,
) -> Result<StatusCode, Problem> {
    let (store, name) = (app.hub.store(), new.name.clone());
    let made = store.create_room(name, Some(session.sub), new.invited_only);
    match made.await? {
        true => Ok(StatusCode::CREATED),
        false => {
            let detail = format!("{} can't be made: the name is in use, or all are", new.name);
            Err(Problem::new(StatusCode::CONFLICT, "taken", detail))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    after: Option<u64>,
    before: Option<u64>,
    words: Option<String>,
    most: Option<usize>,
}

async fn lines(
    State(app): State<App>,
    session: Session,
    Named(room): Named<Name>,
    Query(which): Query<Which>,
) -> Result<Json<Vec<Line>>, Problem> {
    let (key, _) = room_for(&app, &room, session.sub).await?;
    let most = which.most.unwrap_or(PAGE);
    let store = app.hub.store();
    let lines = match (which.words, which.after) {
        (Some(words), _) => store.search(key, room, words, most).await?,
        (None, Some(after)) => store.page(key, room, Page::After(after), most).await?,
        (None, None) => {
            let before = which.before.unwrap_or(u64::MAX);
            store.page(key, room, Page::Before(before), most).await?
        }
    };
    Ok(Json(lines))
}

async fn room_for(app: &App, room: &Name, person: Name) -> Result<(RoomKey, bool), Problem> {
    match app.hub.store().access(room.clone(), person).await? {
        Access::Member(key) => Ok((key, false)),
        Access::Owner(key) => Ok((key, true)),
        Access::Banned | Access::None => Err(Problem::not_found(format!(
            "there is no room {room} for you"
        ))),
    }
}

// ANCHOR: upgrade
/// The session is checked before the upgrade, and the `Origin` by the guard around all routes.
async fn upgrade(State(app): State<App>, session: Session, upgrade: WebSocketUpgrade) -> Response {
    let id = ConnectionId(app.last_connection.fetch_add(1, Relaxed));
    let running = app.connections.token();
    upgrade
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .on_upgrade(async move |socket| {
            let _running = running;
            let span = debug_span!("connection", id = id.0, person = %session.sub);
            let running = connection::run(socket, id, session, app.hub, app.stop);
            running.instrument(span).await;
        })
}
// ANCHOR_END: upgrade

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::warn!(%error, "the store refuses");
        Problem::unavailable("the store doesn't answer", 1)
    }
}
