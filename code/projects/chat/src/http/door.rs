//! Who may be in a room: its owner says, and who runs the server.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use service::body::{Body, Named};
use service::problem::Problem;

use super::{App, room_for};
use crate::name::Name;
use crate::room::Command;
use crate::session::Session;
use crate::store::{RoomKey, StoreError};

/// Who may come in, and who must go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Standing {
    name: Name,
    standing: Step,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    /// May come in, though the room is for the invited.
    Invited,
    /// Has to go, and may come again.
    Kicked,
    /// Has to go, for good.
    Banned,
    /// None of these.
    None,
}

pub(super) async fn own_room(
    State(app): State<App>,
    session: Session,
    Named(room): Named<Name>,
    Body(standing): Body<Standing>,
) -> Result<StatusCode, Problem> {
    let (key, owns) = room_for(&app, &room, session.sub).await?;
    if !owns {
        let detail = format!("{room} isn't yours");
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_yours", detail));
    }
    stand(&app, room, key, standing).await
}

pub(super) async fn any_room(
    State(app): State<App>,
    Named(room): Named<Name>,
    Body(standing): Body<Standing>,
) -> Result<StatusCode, Problem> {
    let key = match app.hub.store().room(room.clone()).await {
        Err(StoreError::NoSuchRoom) => {
            return Err(Problem::not_found(format!("there is no room {room}")));
        }
        found => found?,
    };
    stand(&app, room, key, standing).await
}

/// Written first, and then done: one who comes back meanwhile finds the door shut.
async fn stand(
    app: &App,
    room: Name,
    key: RoomKey,
    Standing { name, standing }: Standing,
) -> Result<StatusCode, Problem> {
    let kept = match standing {
        Step::Invited => Some(false),
        Step::Banned => Some(true),
        Step::Kicked | Step::None => None,
    };
    if !matches!(standing, Step::Kicked) {
        let store = app.hub.store();
        store.set_standing(key, name.clone(), kept).await?;
    }
    let command = match standing {
        Step::Kicked | Step::Banned => Command::Remove(name, kept == Some(true)),
        Step::Invited | Step::None => Command::Admit(name),
    };
    app.hub.open(&room).send(command).await.ok();
    Ok(StatusCode::NO_CONTENT)
}
