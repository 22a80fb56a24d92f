//! The task that appends: it takes what waits, decides on each append, and writes them in one commit.

use std::collections::{HashMap, HashSet};
use std::iter::zip;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use super::{Append, AppendError, Appended, EVENTS, HEAD, Recorded, SHARED, Waiting, raise};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, Result, Statement, sql};
use crate::event::{Event, FORMAT};

/// How often it's looked whether another process has appended.
const LOOK: Duration = Duration::from_millis(10);

/// Appends what waits, many in one commit, until there are no more handles.
pub(super) async fn write_all(
    database: Database,
    head: watch::Sender<u64>,
    clock: Clock,
    mut waiting: mpsc::Receiver<Waiting>,
) {
    let mut batch = Vec::with_capacity(SHARED);
    loop {
        tokio::select! {
            biased;
            received = waiting.recv_many(&mut batch, SHARED) => if received == 0 { return },
            () = sleep(LOOK), if database.is_shared() => {
                match database.number(sql(HEAD, ())).await {
                    Ok(seen) => raise(&head, seen),
                    Err(error) => warn!(%error, "it isn't known what others append"),
                }
                continue;
            }
        }
        let (appends, replies): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let answers = append_all(&database, &appends, clock.now_ms()).await;
        let failed = |error: DatabaseError| vec![Err(error.into()); replies.len()];
        for (answer, reply) in zip(answers.unwrap_or_else(failed), replies) {
            if let Ok(appended) = &answer {
                raise(&head, appended.position);
            }
            let _ = reply.send(answer); // the caller may have gone
        }
    }
}

// ANCHOR: append
/// Looks where the log and the streams are, decides on each append, and writes those that may be,
/// if the log is still where it was seen. If another process was faster, it looks again.
async fn append_all(
    database: &Database,
    appends: &[Append],
    now_ms: i64,
) -> Result<Vec<Result<Appended, AppendError>>> {
    loop {
        let mut seen = look(database, appends).await?;
        let from = seen.head;
        let mut inserts = Vec::new();
        let decide = |append| seen.decide(append, now_ms, &mut inserts);
        let answers = appends.iter().map(decide).collect();
        if inserts.is_empty() {
            return Ok(answers);
        }
        let update = "UPDATE log SET head = ?2 WHERE head = ?1";
        let mut change = vec![sql(update, (from, seen.head)).must()];
        change.append(&mut inserts);
        if database.write(change).await? {
            return Ok(answers);
        }
    }
}

impl Seen {
    /// Answers an append, and adds its events to those that are to be inserted.
    fn decide(
        &mut self,
        append: &Append,
        now_ms: i64,
        inserts: &mut Vec<Statement>,
    ) -> Result<Appended, AppendError> {
        let (stream, command) = (&append.stream, append.command.to_string());
        let bodies: Vec<String> = append.events.iter().map(body).collect();
        if let Some((its_stream, its_bodies, appended)) = self.commands.get(&command) {
            if its_stream != stream || *its_bodies != bodies {
                return Err(AppendError::Reused(append.command));
            }
            let repeated = true;
            return Ok(Appended {
                repeated,
                ..*appended
            });
        }
        let version = self.versions.entry(stream.clone()).or_default();
        if *version != append.expected {
            return Err(AppendError::Conflict {
                stream: stream.clone(),
                expected: append.expected,
                actual: *version,
            });
        }
        for (part, body) in bodies.iter().enumerate() {
            self.head += 1;
            *version += 1;
            inserts.push(sql(
                "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    self.head, stream, *version, &command, part, now_ms, FORMAT, body,
                ),
            ));
        }
        let appended = Appended {
            position: self.head,
            version: *version,
            repeated: false,
        };
        let earlier = (stream.clone(), bodies, appended);
        self.commands.insert(command, earlier);
        Ok(appended)
    }
}
// ANCHOR_END: append

/// What the log says of the streams and commands of some appends.
struct Seen {
    head: u64,
    versions: HashMap<String, u64>,
    commands: HashMap<String, Earlier>,
}

/// What a command has appended: the stream, the bodies of its events, and where the last stands.
type Earlier = (String, Vec<String>, Appended);

async fn look(database: &Database, appends: &[Append]) -> Result<Seen> {
    // The head first: what is appended after this look moves it.
    let head = database.number(sql(HEAD, ())).await?;
    let streams: HashSet<&str> = appends.iter().map(|it| it.stream.as_str()).collect();
    let ids: Vec<Uuid> = appends.iter().map(|it| it.command).collect();
    let query = format!(
        "SELECT column1, coalesce((SELECT max(version) FROM events WHERE stream = column1), 0)
         FROM ({}) AS named",
        values(streams.len())
    );
    let versions = database.read::<(String, u64)>(sql(query, streams));
    let listed = values(ids.len());
    let query = format!("{EVENTS} WHERE command IN ({listed}) ORDER BY position");
    let found = database.read::<Recorded>(sql(query, ids));
    let (versions, found) = tokio::try_join!(versions, found)?;
    let mut commands: HashMap<String, Earlier> = HashMap::new();
    for it in found {
        let last = Appended {
            position: it.position,
            version: it.version,
            repeated: false,
        };
        let earlier = commands.entry(it.command);
        let (_, bodies, appended) = earlier.or_insert((it.stream, Vec::new(), last));
        bodies.push(it.body);
        *appended = last;
    }
    Ok(Seen {
        head,
        versions: versions.into_iter().collect(),
        commands,
    })
}

/// So many rows of one parameter: `VALUES (?1), (?2)`.
fn values(number: usize) -> String {
    let rows: Vec<_> = (1..=number).map(|at| format!("(?{at})")).collect();
    format!("VALUES {}", rows.join(", "))
}

fn body(event: &Event) -> String {
    serde_json::to_string(event).expect("an event has no maps with keys that aren't strings")
}
