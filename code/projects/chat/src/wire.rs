//! What travels over a WebSocket: one JSON value a text frame.

use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::name::Name;

/// The longest text of a line, in bytes of UTF-8.
pub const LONGEST_TEXT: usize = 4_000;
/// The longest id that a client may give a line, in bytes.
pub const LONGEST_ID: usize = 64;
/// The largest message that is read, in bytes: a line, escaped as JSON escapes at worst.
pub const LARGEST_MESSAGE: usize = 32 * 1024;

/// What a client asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Ask {
    /// Be in a room, and go on after the line `after` of `epoch`.
    Join {
        /// The room.
        room: Name,
        /// That of the last `joined` for this room; 0 if there was none.
        #[serde(default)]
        epoch: u64,
        /// The number of the last line that was shown.
        #[serde(default)]
        after: u64,
    },
    /// Be in it no more, from now on and not only after the grace of a lost connection.
    Leave {
        /// The room.
        room: Name,
    },
    /// Keep a line and show it. It is safe to send it again: the id is that of the line.
    Say {
        /// The room.
        room: Name,
        /// Chosen by the client, once for each line.
        id: String,
        /// The line.
        text: String,
    },
    /// I'm writing in this room.
    Typing {
        /// The room.
        room: Name,
    },
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// You're in the room. Lines follow from `after + 1` on, without a hole.
    ///
    /// If `epoch` is the one you gave and `after` isn't, the lines between are to be had as
    /// history; if `epoch` is another, what you knew of this room is of no use.
    Joined {
        /// The room.
        room: Name,
        /// Another one each time that the numbers begin anew.
        epoch: u64,
        /// What follows begins after this line.
        after: u64,
    },
    /// A line of a room. It is kept: what is shown has been stored before.
    Line(Line),
    /// Your line is kept. It may have been before.
    Kept {
        /// The room.
        room: Name,
        /// Your id.
        id: String,
        /// Its number.
        seq: u64,
    },
    /// What you asked for isn't done.
    Refused {
        /// The room.
        room: Name,
        /// That of the line, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The reason.
        why: Refusal,
    },
    /// Who is in the room: the newest of these replaces the one before.
    Here {
        /// The room.
        room: Name,
        /// The first of them, by name.
        names: Vec<Name>,
        /// How many they are.
        count: usize,
    },
    /// Who is writing: the newest of these replaces the one before.
    Typing {
        /// The room.
        room: Name,
        /// Those who are.
        names: Vec<Name>,
    },
}

/// A line that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Where it was said.
    pub room: Name,
    /// 1 for the first line of a room, and one more for each.
    pub seq: u64,
    /// Chosen by the sender's client.
    pub id: String,
    /// Who said it.
    pub from: Name,
    /// When, in milliseconds since 1970 by the server's clock.
    pub at: u64,
    /// What. It is text, and never markup.
    pub text: String,
}

/// Why something isn't done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It isn't kept, and no one has seen it. Send it again, later.
    Unsaved,
    /// Too many at once. Send it again, later.
    TooFast,
    /// An empty text, or longer than [`LONGEST_TEXT`]; an id without a character, or too long; a
    /// NUL in either, which not every store can keep.
    TooLong,
    /// There is no such room, or not for you.
    NoSuchRoom,
    /// You're no longer welcome here.
    Banned,
    /// You've not joined this room, or have left it.
    NotInRoom,
    /// More rooms than one connection may have.
    TooManyRooms,
}

impl Told {
    /// The frame. It is made once, and shared by all who get it.
    pub fn frame(&self) -> Utf8Bytes {
        serde_json::to_string(self)
            .expect("names and numbers are JSON")
            .into()
    }
}

/// Whether a line may be kept, as far as its size tells.
pub fn fits(id: &str, text: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && !text.trim().is_empty()
        && text.len() <= LONGEST_TEXT
        && ![id, text].iter().any(|kept| kept.contains('\0'))
}
