//! The task that appends: it takes what waits, decides on each append, and writes them in one commit.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::warn;

use super::{
    Append, AppendError, Appended, EVENTS, HEAD, Recorded, SHARED, Waiting, raise, recorded,
};
use crate::clock::Clock;
use crate::database::{Database, DatabaseError, Row, Statement, sql};
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
                match database.number(sql(HEAD, [])).await {
                    Ok(seen) => raise(&head, seen),
                    Err(error) => warn!(%error, "it isn't known what others append"),
                }
                continue;
            }
        }
        let (appends, replies): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let answers = append_all(&database, &appends, clock.now_ms()).await;
        for (at, reply) in replies.into_iter().enumerate() {
            let answer: Result<Appended, AppendError> = match &answers {
                Ok(answers) => answers[at].clone(),
                Err(error) => Err(error.clone().into()),
            };
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
) -> Result<Vec<Result<Appended, AppendError>>, DatabaseError> {
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
        let mut change = vec![sql(update, [from.into(), seen.head.into()]).must()];
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
        if let Some(earlier) = self.commands.get(&command) {
            return earlier.repeated(append, &bodies);
        }
        let version = self.versions.entry(stream.clone()).or_default();
        if *version != append.expected {
            let (stream, expected, actual) = (stream.clone(), append.expected, *version);
            return Err(AppendError::Conflict {
                stream,
                expected,
                actual,
            });
        }
        for (part, body) in bodies.iter().enumerate() {
            self.head += 1;
            *version += 1;
            let values = [
                self.head.into(),
                stream.as_str().into(),
                (*version).into(),
                command.as_str().into(),
                part.into(),
                now_ms.into(),
                FORMAT.into(),
                body.as_str().into(),
            ];
            inserts.push(sql(
                "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                values,
            ));
        }
        let (position, version) = (self.head, *version);
        let earlier = Earlier {
            stream: stream.clone(),
            bodies,
            position,
            version,
        };
        self.commands.insert(command, earlier);
        Ok(Appended {
            position,
            version,
            repeated: false,
        })
    }
}
// ANCHOR_END: append

/// What the log says of the commands and streams of some appends.
struct Seen {
    head: u64,
    versions: HashMap<String, u64>,
    commands: HashMap<String, Earlier>,
}

/// What a command has appended.
struct Earlier {
    stream: String,
    bodies: Vec<String>,
    position: u64,
    version: u64,
}

impl Earlier {
    fn repeated(&self, append: &Append, bodies: &[String]) -> Result<Appended, AppendError> {
        if self.stream != append.stream || self.bodies != bodies {
            return Err(AppendError::Reused(append.command));
        }
        let (position, version) = (self.position, self.version);
        Ok(Appended {
            position,
            version,
            repeated: true,
        })
    }
}

async fn look(database: &Database, appends: &[Append]) -> Result<Seen, DatabaseError> {
    // The head first: what is appended after this look moves it.
    let head = database.number(sql(HEAD, [])).await?;
    let streams: HashSet<Value> = appends.iter().map(|it| it.stream.as_str().into()).collect();
    let ids: Vec<Value> = appends
        .iter()
        .map(|it| it.command.to_string().into())
        .collect();
    let query = format!(
        "SELECT column1, (SELECT max(version) FROM events WHERE stream = column1)
         FROM (VALUES {}) AS named",
        listed(streams.len(), "(?", ")"),
    );
    let versions = database.read(Statement::with(query, streams.into_iter().collect()));
    let query = format!(
        "{EVENTS} WHERE command IN ({}) ORDER BY position",
        listed(ids.len(), "?", "")
    );
    let commands = database.read(Statement::with(query, ids));
    let (versions, found) = tokio::try_join!(versions, commands)?;
    let version = |row: Row| Some((row[0].as_str()?.to_owned(), row[1].as_u64()?));
    let mut commands: HashMap<String, Earlier> = HashMap::new();
    for Recorded {
        position,
        stream,
        version,
        command,
        body,
        ..
    } in recorded(found)
    {
        let (bodies, earlier) = (Vec::new(), commands.entry(command));
        let earlier = earlier.or_insert(Earlier {
            stream,
            bodies,
            position,
            version,
        });
        earlier.bodies.push(body);
        (earlier.position, earlier.version) = (position, version);
    }
    let versions = versions.rows.into_iter().filter_map(version).collect();
    Ok(Seen {
        head,
        versions,
        commands,
    })
}

/// So many parameters: `(?1), (?2)`.
fn listed(number: usize, before: &str, after: &str) -> String {
    let each = (1..=number).map(|at| format!("{before}{at}{after}"));
    each.collect::<Vec<_>>().join(", ")
}

fn body(event: &Event) -> String {
    serde_json::to_string(event).expect("an event has no maps with keys that aren't strings")
}
