//! `chat cli`: a room in a terminal.

use std::collections::VecDeque;

use anyhow::Result;
use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::client::{Connection, Identity, Seen, log_in, pause};
use crate::name::Name;
use crate::wire::{Ask, Refusal, Told};

/// What `chat cli` takes.
#[derive(Args, Debug)]
pub struct Talk {
    /// Who you are
    #[arg(long, env = "CHAT_NAME")]
    pub name: Name,
    /// The key of this name, if it isn't new
    #[arg(long, env = "CHAT_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// The room
    #[arg(long, default_value = crate::LOBBY)]
    pub room: Name,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub server: String,
}

struct Terminal {
    room: Name,
    seen: Seen,
    /// Said, and not acknowledged: sent again after a reconnect.
    unsaved: VecDeque<(String, String)>,
    input: Lines<BufReader<Stdin>>,
}

/// Talks until the input or the program ends.
///
/// # Errors
///
/// The name is taken, or the server not there at the start.
pub async fn run(talk: Talk, stop: CancellationToken) -> Result<()> {
    let identity = log_in(&talk.server, &talk.name, talk.key.as_deref()).await?;
    if talk.key.is_none() {
        eprintln!("your key, for next time: {}", identity.key);
    }
    let mut terminal = Terminal {
        room: talk.room,
        seen: Seen::default(),
        unsaved: VecDeque::new(),
        input: BufReader::new(stdin()).lines(),
    };
    let talking = terminal.talk(&talk.server, &identity);
    stop.run_until_cancelled(talking).await;
    Ok(())
}

impl Terminal {
    async fn talk(&mut self, server: &str, identity: &Identity) {
        while let Err(error) = self.connect(server, identity).await {
            eprintln!("{error:#}");
            pause().await;
        }
    }

    async fn connect(&mut self, server: &str, identity: &Identity) -> Result<()> {
        let mut connection = Connection::open(server, &identity.token).await?;
        self.converse(&mut connection).await?;
        connection.close().await;
        Ok(())
    }

    /// Until the input ends and all that was said is kept.
    async fn converse(&mut self, connection: &mut Connection) -> Result<()> {
        connection.ask(&self.seen.join(&self.room)).await?;
        for (id, text) in &self.unsaved {
            connection.ask(&say(&self.room, id, text)).await?;
        }
        let mut open = true;
        while open || !self.unsaved.is_empty() {
            tokio::select! {
                told = connection.hear() => self.told(told?)?,
                line = self.input.next_line(), if open => match line? {
                    Some(text) if text.trim().is_empty() => {}
                    Some(text) => {
                        let id = Uuid::new_v4().to_string();
                        self.unsaved.push_back((id.clone(), text.clone()));
                        connection.ask(&say(&self.room, &id, &text)).await?;
                    }
                    None => open = false,
                },
            }
        }
        Ok(())
    }

    fn told(&mut self, told: Told) -> Result<()> {
        match told {
            Told::Joined { epoch, after, .. } => {
                if let Some((first, last)) = self.seen.joined(epoch, after) {
                    println!("-- lines {first} to {last} are in the history");
                }
            }
            Told::Line(line) => {
                let is_next = self.seen.is_next(line.seq);
                anyhow::ensure!(is_next, "line {} has a hole before it", line.seq);
                println!("{}: {}", line.from, printable(&line.text));
            }
            Told::Kept { id, .. } => self.unsaved.retain(|(unsaved, _)| *unsaved != id),
            Told::Refused {
                why: Refusal::Unsaved | Refusal::TooFast,
                ..
            } => {
                anyhow::bail!("the server is busy");
            }
            Told::Refused { why, id, .. } => {
                eprintln!("refused: {why:?}");
                self.unsaved
                    .retain(|(unsaved, _)| Some(unsaved) != id.as_ref());
            }
            Told::Here { .. } | Told::Typing { .. } => {}
        }
        Ok(())
    }
}

fn say(room: &Name, id: &str, text: &str) -> Ask {
    Ask::Say {
        room: room.clone(),
        id: id.to_owned(),
        text: text.to_owned(),
    }
}

/// Without what could move a terminal's cursor or change its colors.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
