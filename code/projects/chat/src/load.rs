//! `chat load`: many clients, lines at a rate, and what came of them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use futures::{StreamExt, stream};
use service::options::seconds;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::client::{Connection, Identity, Seen, log_in};
use crate::name::Name;
use crate::session::new_key;
use crate::wire::{Ask, Told};

/// What `chat load` takes.
#[derive(Args, Clone, Debug)]
pub struct Load {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub server: String,
    /// The room
    #[arg(long, default_value = crate::LOBBY)]
    pub room: Name,
    /// Clients in the room, 1 to 20,000; each takes an open file
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=20_000))]
    pub clients: u32,
    /// Lines a second, 1 to 100,000, in turn by up to 100 of the clients
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// For how many seconds, 0.1 to 3,600
    #[arg(long, default_value = "10", value_parser = |text: &str| seconds(text, 0.1..=3600.0))]
    pub seconds: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Lines that were said.
    pub said: u64,
    /// Lines that came, at all clients together.
    pub delivered: u64,
    /// Lines that came out of turn, which none should.
    pub holes: u64,
    /// From the first line to the last delivery.
    pub took: Duration,
    /// How long each line was under way, in microseconds, sorted.
    pub latencies: Vec<u64>,
}

/// So many clients enter at once: where there's no room, the first one who isn't let in says so.
const ENTER_AT_ONCE: usize = 50;
/// A client that is not in by then is not let in.
const ENTER: Duration = Duration::from_secs(30);
/// So many clients speak.
const SPEAKERS: u32 = 100;
/// So long are clients listened to after the last line was said.
const TAIL: Duration = Duration::from_secs(30);

/// Runs it and prints the outcome.
///
/// # Errors
///
/// A client can't connect; lines are missing at the end.
pub async fn run(load: Load, stop: CancellationToken) -> Result<()> {
    let Some(outcome) = stop.run_until_cancelled(measure(&load)).await else {
        return Ok(());
    };
    let outcome = outcome?;
    let percent = |p: usize| outcome.latencies.get(outcome.latencies.len() * p / 100);
    let [p50, p99] = [50, 99].map(|p| percent(p).map_or(0.0, |us| *us as f64 / 1e3));
    let rate = outcome.delivered as f64 / outcome.took.as_secs_f64();
    let (said, delivered, holes) = (outcome.said, outcome.delivered, outcome.holes);
    println!("said {said}, delivered {delivered}, holes {holes}");
    println!("{rate:.0} deliveries a second, p50 {p50:.1} ms, p99 {p99:.1} ms");
    let missing = said * u64::from(load.clients) - delivered;
    ensure!(missing == 0, "{missing} lines are missing");
    Ok(())
}

/// Puts the load on, and counts.
///
/// # Errors
///
/// A client can't connect.
pub async fn measure(load: &Load) -> Result<Outcome> {
    let clients = enter_all(load).await?;
    let speakers = load.clients.min(load.rate).min(SPEAKERS);
    let each = u64::from(load.rate) * load.seconds.as_millis() as u64 / 1000 / u64::from(speakers);
    let each = each.max(1);
    let period = load.seconds.div_f64(each as f64);
    let total = each * u64::from(speakers);
    let start = Instant::now();
    let mut running = JoinSet::new();
    for (number, (connection, seen)) in (0..).zip(clients) {
        let lines = if number < speakers { each } else { 0 };
        let room = load.room.clone();
        running.spawn(converse(connection, seen, room, (lines, period), total));
    }
    let mut outcome = Outcome {
        said: total,
        ..Outcome::default()
    };
    while let Some(one) = running.join_next().await {
        let one = one?;
        outcome.delivered += one.delivered;
        outcome.holes += one.holes;
        outcome.latencies.extend(one.latencies);
    }
    outcome.took = start.elapsed();
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

async fn enter_all(load: &Load) -> Result<Vec<(Connection, Seen)>> {
    let mut clients = Vec::new();
    let entering = stream::iter(0..load.clients).map(|_| timeout(ENTER, enter(load)));
    let mut entering = entering.buffer_unordered(ENTER_AT_ONCE);
    while let Some(entered) = entering.next().await {
        let entered = entered.map_err(anyhow::Error::new).flatten();
        let (in_it, wanted) = (clients.len(), load.clients);
        clients.push(entered.with_context(|| format!("{in_it} of {wanted} clients got in"))?);
    }
    Ok(clients)
}

async fn enter(load: &Load) -> Result<(Connection, Seen)> {
    let name = format!("load{}", &new_key()[..12]);
    let name = Name::try_from(name).expect("letters and digits");
    let Identity { token, .. } = log_in(&load.server, &name, None).await?;
    let mut connection = Connection::open(&load.server, &token).await?;
    let (epoch, _) = join(&mut connection, load, 0).await?;
    let (epoch, after) = join(&mut connection, load, epoch).await?;
    Ok((connection, Seen { epoch, after }))
}

/// Goes on after the newest line, if this is the room's epoch; says which it is, and after which.
async fn join(connection: &mut Connection, load: &Load, epoch: u64) -> Result<(u64, u64)> {
    let after = u64::MAX;
    connection
        .ask(&Seen { epoch, after }.join(&load.room))
        .await?;
    loop {
        if let Told::Joined { epoch, after, .. } = connection.hear().await? {
            return Ok((epoch, after));
        }
    }
}

/// Says `lines` of its own, one each `period`, and hears until all `total` have come.
async fn converse(
    mut connection: Connection,
    mut seen: Seen,
    room: Name,
    (mut lines, period): (u64, Duration),
    total: u64,
) -> Outcome {
    let mut one = Outcome::default();
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let end = tokio::time::sleep(period * 2 * lines.max(1) as u32 + TAIL);
    tokio::pin!(end);
    while one.delivered < total {
        tokio::select! {
            told = connection.hear() => match told {
                Ok(Told::Line(line)) => {
                    one.holes += u64::from(!seen.is_next(line.seq));
                    one.delivered += 1;
                    let sent = line.text.split(' ').next().and_then(|at| at.parse().ok());
                    one.latencies.push(microseconds().saturating_sub(sent.unwrap_or(0)));
                }
                Ok(_) => {}
                Err(_) => break,
            },
            _ = ticks.tick(), if lines > 0 => {
                lines -= 1;
                let text = format!("{} {}", microseconds(), "x".repeat(80));
                let say = Ask::Say { room: room.clone(), id: new_key(), text };
                if connection.ask(&say).await.is_err() {
                    break;
                }
            }
            () = &mut end => break,
        }
    }
    one
}

fn microseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}
