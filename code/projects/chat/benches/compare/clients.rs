//! The clients, which are the same for all systems: each puts the time and its own number into a
//! line, and finds them again in whatever frame brings a line.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chat::client::Seen;
use chat::name::Name;
use chat::session::Keys;
use chat::wire::{Ask, Told};
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;

/// No client waits longer for a connection, or for the last line.
const PATIENCE: Duration = Duration::from_secs(30);
/// Each connection has a buffer of this size for what it reads.
const READ_BUFFER: usize = 4 * 1024;
/// So many connect at once, unless it is a storm.
const AT_ONCE: usize = 200;

type Socket = WebSocketStream<TcpStream>;

/// What a system's clients say.
#[derive(Clone)]
pub enum Dialect {
    /// JSON, a session, and a place to go on from.
    Ours(Arc<Keys>),
    /// Bare text. The path is the room.
    Plain,
    /// socket.io 5 over engine.io 4, without polling.
    SocketIo,
}

/// One who is in a room, or was: who goes on after what they have seen, where a system can.
pub struct Person {
    number: usize,
    room: String,
    seen: Seen,
}

/// Their connection.
pub struct Client {
    socket: Socket,
    dialect: Dialect,
    person: Person,
    said: u64,
}

/// How lines are said.
#[derive(Clone, Copy)]
pub enum Pace {
    /// The next one when one's own has come.
    Loop,
    /// One each so often.
    Every(Duration),
    /// None.
    Silent,
}

/// What all clients of a run share.
pub struct Run {
    start: Instant,
    end: Instant,
    bytes: usize,
    stop: CancellationToken,
    said: AtomicU64,
    heard: AtomicU64,
}

/// What came of a run.
pub struct Outcome {
    /// Lines that were said.
    pub said: u64,
    /// Lines that came, at all clients together.
    pub heard: u64,
    /// From the first line to the last delivery.
    pub took: Duration,
    /// How long each was under way, in microseconds, sorted.
    pub waits: Vec<u32>,
}

impl Outcome {
    /// A percentile, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let at = self.waits.len().saturating_sub(1) * percent / 100;
        self.waits
            .get(at)
            .map_or(f64::NAN, |us| f64::from(*us) / 1e3)
    }
}

impl Person {
    /// One who has seen nothing yet.
    pub fn new(number: usize, room: usize) -> Person {
        Person {
            number,
            room: format!("r{room}"),
            seen: Seen::default(),
        }
    }

    /// Connects and enters; tries again for as long as the server takes no more.
    pub async fn enter(self, to: SocketAddr, dialect: &Dialect) -> Result<Client> {
        let come = async {
            loop {
                if let Ok(socket) = upgrade(to, dialect, &self, None).await {
                    return socket;
                }
                sleep(Duration::from_millis(fastrand::u64(5..20))).await;
            }
        };
        let socket = timeout(PATIENCE, come).await.context("no connection")?;
        self.join(socket, dialect).await
    }

    /// Enters and never reads: with a connection that takes little.
    pub async fn enter_asleep(self, to: SocketAddr, dialect: &Dialect) -> Result<Client> {
        let socket = upgrade(to, dialect, &self, Some(4096)).await?;
        self.join(socket, dialect).await
    }

    async fn join(self, socket: Socket, dialect: &Dialect) -> Result<Client> {
        let mut client = Client {
            socket,
            dialect: dialect.clone(),
            person: self,
            said: 0,
        };
        let joined = timeout(PATIENCE, client.join()).await;
        joined.context("not let in")??;
        Ok(client)
    }
}

impl Client {
    /// Loses its connection, without a word.
    pub fn lose(self) -> Person {
        self.person
    }

    async fn join(&mut self) -> Result<()> {
        match self.dialect {
            Dialect::Plain => _ = self.until("joined").await?,
            Dialect::SocketIo => {
                self.until("0{").await?;
                self.send("40".to_owned()).await?;
                self.until("40").await?;
                self.send(format!(r#"42["join","{}"]"#, self.person.room))
                    .await?;
                self.until(r#"42["joined"]"#).await?;
            }
            Dialect::Ours(_) => {
                let room = Name::try_from(self.person.room.as_str())?;
                self.send(serde_json::to_string(&self.person.seen.join(&room))?)
                    .await?;
                let joined = self.until(r#"{"joined""#).await?;
                if let Told::Joined { epoch, after, .. } = serde_json::from_str(&joined)? {
                    self.person.seen.joined(epoch, after);
                }
            }
        }
        Ok(())
    }

    async fn until(&mut self, beginning: &str) -> Result<String> {
        loop {
            match self.socket.next().await.context("it ended")?? {
                Message::Text(text) if text.starts_with(beginning) => return Ok(text.to_string()),
                Message::Close(close) => anyhow::bail!("closed: {close:?}"),
                _ => {}
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<()> {
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// Says one line of so many bytes: who, when, and what fills it up. Returns the when.
    pub async fn say(&mut self, start: Instant, bytes: usize) -> Result<u64> {
        let at = start.elapsed().as_micros() as u64;
        let mut text = format!("~{} {at}~", self.person.number);
        text.extend(std::iter::repeat_n('x', bytes.saturating_sub(text.len())));
        self.said += 1;
        let frame = match self.dialect {
            Dialect::Plain => text,
            Dialect::SocketIo => format!(r#"42["say","{text}"]"#),
            Dialect::Ours(_) => serde_json::to_string(&Ask::Say {
                room: Name::try_from(self.person.room.as_str())?,
                id: format!("{at}-{}", self.said),
                text,
            })?,
        };
        self.send(frame).await?;
        Ok(at)
    }

    /// Hears until the line of this moment has come. Returns how many others came before it.
    pub async fn hear_until(&mut self, moment: u64) -> Result<u64> {
        let mut others = 0;
        loop {
            let frame = self.socket.next().await.context("it ended")??;
            match self.line(frame).await? {
                Some((_, at)) if at == moment => return Ok(others),
                Some(_) => others += 1,
                None => {}
            }
        }
    }

    /// Who said the line in this frame, and when; `None` if there's no line in it.
    async fn line(&mut self, frame: Message) -> Result<Option<(usize, u64)>> {
        let Message::Text(text) = frame else {
            ensure!(!matches!(frame, Message::Close(_)), "closed: {frame:?}");
            return Ok(None);
        };
        let Some(mark) = text.split('~').nth(1) else {
            if matches!(self.dialect, Dialect::SocketIo) && text == "2" {
                self.send("3".to_owned()).await?;
            }
            return Ok(None);
        };
        let (who, at) = mark.split_once(' ').context("not a line of ours")?;
        self.person.seen.after += 1; // where lines are numbered, none is left out
        Ok(Some((who.parse()?, at.parse()?)))
    }

    /// Hears, and says at this pace, until the run is stopped.
    async fn talk(&mut self, run: &Run, pace: Pace) -> Result<(Vec<u32>, Instant)> {
        let (mut waits, mut last) = (Vec::new(), run.start);
        let mut says = !matches!(pace, Pace::Silent);
        // Not all in the same moment.
        let spread = match pace {
            Pace::Every(period) => period,
            _ => Duration::from_millis(50),
        };
        let mut next = run.start + spread.mul_f64(fastrand::f64());
        let stopped = run.stop.cancelled();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return Ok((waits, last)),
                () = sleep_until(next), if says => match pace {
                    _ if Instant::now() >= run.end => says = false,
                    Pace::Every(period) => {
                        next += period;
                        self.say_in(run).await?;
                    }
                    _ => {
                        says = false;
                        self.say_in(run).await?;
                    }
                },
                frame = self.socket.next() => {
                    let frame = frame.context("it ended")??;
                    let Some((who, at)) = self.line(frame).await? else { continue };
                    last = Instant::now();
                    let now = last.duration_since(run.start).as_micros() as u64;
                    waits.push(now.saturating_sub(at).min(u64::from(u32::MAX)) as u32);
                    run.heard.fetch_add(1, Relaxed);
                    if who == self.person.number && matches!(pace, Pace::Loop) && last < run.end {
                        self.say_in(run).await?;
                    }
                }
            }
        }
    }

    async fn say_in(&mut self, run: &Run) -> Result<()> {
        run.said.fetch_add(1, Relaxed);
        self.say(run.start, run.bytes).await?;
        Ok(())
    }
}

/// Opens a WebSocket, with a receive buffer of this size if it is to be a small one.
async fn upgrade(
    to: SocketAddr,
    dialect: &Dialect,
    person: &Person,
    receive: Option<u32>,
) -> Result<Socket> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    let path = match dialect {
        Dialect::Ours(_) => "ws",
        Dialect::Plain => &person.room,
        Dialect::SocketIo => "socket.io/?EIO=4&transport=websocket",
    };
    let mut request = format!("ws://{to}/{path}").into_client_request()?;
    if let Dialect::Ours(keys) = dialect {
        let token = keys.sign(Name::try_from(format!("c{}", person.number))?);
        let bearer = format!("Bearer {token}").parse()?;
        request.headers_mut().insert("authorization", bearer);
    }
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

/// `rooms` with so many members each.
pub async fn all(
    to: SocketAddr,
    dialect: &Dialect,
    rooms: usize,
    members: usize,
) -> Result<Vec<Client>> {
    let numbers = stream::iter(0..rooms * members);
    let come = numbers.map(|number| Person::new(number, number % rooms).enter(to, dialect));
    come.buffer_unordered(AT_ONCE).try_collect().await
}

/// Lets all of them hear and the first `speakers` of them say lines of so many bytes for a while,
/// and then hear what is still under way. `members` hear each line.
pub async fn run(
    clients: &mut Vec<Client>,
    members: usize,
    (speakers, pace): (usize, Pace),
    bytes: usize,
    period: Duration,
) -> Result<Outcome> {
    let start = Instant::now();
    let run = Arc::new(Run {
        start,
        end: start + period,
        bytes,
        stop: CancellationToken::new(),
        said: AtomicU64::new(0),
        heard: AtomicU64::new(0),
    });
    let mut tasks = JoinSet::new();
    for (at, mut client) in clients.drain(..).enumerate() {
        let pace = if at < speakers { pace } else { Pace::Silent };
        let run = run.clone();
        tasks.spawn(async move {
            let talked = client.talk(&run, pace).await;
            talked.map(|(waits, last)| (client, waits, last))
        });
    }
    sleep(period).await;
    let mut before = (0, Instant::now());
    loop {
        sleep(Duration::from_millis(20)).await;
        let (said, heard) = (run.said.load(Relaxed), run.heard.load(Relaxed));
        if before.0 != heard {
            before = (heard, Instant::now());
        }
        // All has come, or nothing has for a while.
        let quiet = before.1.elapsed();
        if heard >= said * members as u64 && quiet > Duration::from_millis(60)
            || quiet > PATIENCE / 6
        {
            break;
        }
    }
    run.stop.cancel();
    let (mut waits, mut last) = (Vec::new(), start);
    while let Some(ended) = tasks.join_next().await {
        let (client, heard, end) = ended??;
        waits.extend(heard);
        last = last.max(end);
        clients.push(client);
    }
    waits.sort_unstable();
    clients.sort_by_key(|client| client.person.number);
    Ok(Outcome {
        said: run.said.load(Relaxed),
        heard: run.heard.load(Relaxed),
        took: last - start,
        waits,
    })
}
