//! Commands: load a stream, decide, append what happened; and again if another was faster.

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::database::DatabaseError;
use crate::event::{Event, Unreadable};
use crate::store::{Append, AppendError, Appended, Store};

/// A stream that grows has a snapshot at each such version.
const SNAPSHOT_EVERY: u64 = 100;

/// A command that loses so often against others says so.
const MOST_CONFLICTS: usize = 64;

/// What a stream is folded into.
pub trait Aggregate: Default + Clone + Send + Serialize + DeserializeOwned + 'static {
    /// What its streams' names begin with.
    const KIND: &'static str;
    /// The version of the state's form. Change it, and older snapshots are passed over.
    const FORMAT: u32;

    /// Takes an event in. It doesn't refuse: it has happened.
    fn apply(&mut self, event: &Event);

    /// The stream of the one with this id.
    fn stream(id: impl Display) -> String {
        format!("{}-{id}", Self::KIND)
    }

    /// The id of the one whose stream this is.
    fn of_stream<I: FromStr>(stream: &str) -> Option<I> {
        let id = stream.strip_prefix(Self::KIND)?.strip_prefix('-')?;
        id.parse().ok()
    }
}

/// What is to be appended, nothing if there's nothing to do; or why it's refused.
pub type Decision = Result<Vec<Event>, String>;

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It's out of bounds. Don't ask again.
    #[error("{0}")]
    Invalid(String),
    /// The rules forbid it. Don't ask again.
    #[error("{0}")]
    Refused(String),
    /// The key was used for another command.
    #[error("this key has been used for another command")]
    Reused,
    /// Others keep being faster. Try again later.
    #[error("{0} is too busy")]
    Busy(String),
    /// The history can't be read: a program of another version wrote it.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The store failed. The command may be repeated under the same id.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<AppendError> for CommandError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { stream, .. } => CommandError::Busy(stream),
            AppendError::Reused(_) => CommandError::Reused,
            AppendError::Database(error) => error.into(),
        }
    }
}

/// Folds a stream, from its snapshot on if there is one. Returns its state and version.
///
/// # Errors
///
/// If the store fails, or an event can't be read.
pub async fn load<A: Aggregate>(store: &Store, stream: &str) -> Result<(A, u64), CommandError> {
    let snapshot = store.snapshot(stream, A::FORMAT).await?;
    let read =
        |(version, state): (u64, String)| Some((version, serde_json::from_str(&state).ok()?));
    let (from, mut state) = snapshot.and_then(read).unwrap_or((0, A::default()));
    let mut version = from;
    loop {
        let events = store.stream(stream, version).await?;
        let Some(last) = events.last() else { break };
        version = last.version;
        for recorded in &events {
            state.apply(&recorded.event()?);
        }
    }
    if version >= from + SNAPSHOT_EVERY {
        let text = serde_json::to_string(&state).expect("a state is plain data");
        let kept = store.keep_snapshot(stream, A::FORMAT, version, text);
        kept.await?;
    }
    Ok((state, version))
}

/// Runs a command once, however often it's asked for: what it decides is appended under its id.
///
/// # Errors
///
/// [`CommandError::Refused`] with what `decide` says.
///
/// Cancel safety: dropping this may leave it done or not done; run it again under the same id.
pub async fn execute<A: Aggregate>(
    store: &Store,
    stream: &str,
    command: Uuid,
    decide: impl Fn(&A) -> Decision,
) -> Result<Appended, CommandError> {
    if let Some(earlier) = store.command(command).await? {
        return Ok(earlier);
    }
    for _ in 0..MOST_CONFLICTS {
        let (state, version) = load::<A>(store, stream).await?;
        let events = decide(&state).map_err(CommandError::Refused)?;
        if events.is_empty() {
            let position = *store.head().borrow();
            return Ok(Appended {
                position,
                version,
                repeated: true,
            });
        }
        let append = Append {
            stream: stream.to_owned(),
            expected: version,
            command,
            events,
        };
        match store.append(append).await {
            Err(AppendError::Conflict { .. }) => {} // load again, decide anew
            answer => return Ok(answer?),
        }
    }
    Err(CommandError::Busy(stream.to_owned()))
}

/// The id of a command that follows from another id: the same each time it's computed.
pub fn derived(from: Uuid, what: &str) -> Uuid {
    Uuid::new_v5(&from, what.as_bytes())
}
