//! What is measured.

use std::time::Duration;

use anyhow::Result;
use futures::future::{join_all, try_join_all};
use testbed::machine;
use tokio::time::{Instant, sleep};

use crate::clients::{self, Client, Outcome, Pace, Person};
use crate::systems::{Server, System};

/// What is measured, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    OneFull,
    OneFullCpu,
    ManyFull,
    ManyFullCpu,
    OneMedian,
    OneLate,
    ManyMedian,
    ManyLate,
    Alone,
    Beside,
    Grown,
    Back,
    Missed,
    AtRest,
    Connection,
}

/// How much of everything.
pub struct Sizes {
    /// How long each run takes.
    pub period: Duration,
    /// Members of the one room.
    pub one: usize,
    /// Rooms, of [`MEMBERS`] each.
    pub many: usize,
    /// Deliveries a second where the rate is the same for all.
    pub rate: usize,
    /// Connections at rest.
    pub idle: usize,
    /// Clients that come back at once.
    pub storm: usize,
}

/// Members of each of the many rooms.
pub const MEMBERS: usize = 20;
/// Bytes of a line ...
pub const BYTES: usize = 100;
/// ... and of one where some never read.
pub const LONG: usize = 2_000;
/// Those who read, where others don't, and those.
pub const READERS: (usize, usize) = (200, 20);
/// Lines that are said while the clients of the storm are away.
pub const AWAY: usize = 20;
/// In one room so many speak at once.
const SPEAKERS: usize = 100;
/// Rooms of the connections at rest.
const IDLE_ROOMS: usize = 100;

impl Sizes {
    /// What is written.
    pub const FULL: Sizes = Sizes {
        period: Duration::from_secs(5),
        one: 500,
        many: 100,
        rate: 20_000,
        idle: 10_000,
        storm: 1_000,
    };
    /// What tells whether it works.
    pub const QUICK: Sizes = Sizes {
        period: Duration::from_secs(1),
        one: 100,
        many: 20,
        rate: 4_000,
        idle: 1_000,
        storm: 100,
    };
}

/// A value, or why there is none.
pub type Noted = (Metric, Result<f64, String>);

/// One way to measure.
#[derive(Clone, Copy)]
pub enum Trial {
    OneFull,
    ManyFull,
    OneSteady,
    ManySteady,
    Asleep,
    Storm,
    Idle,
}

/// All of them.
pub const ALL: [(&str, Trial); 7] = [
    ("one room, full", Trial::OneFull),
    ("many rooms, full", Trial::ManyFull),
    ("one room, steady", Trial::OneSteady),
    ("many rooms, steady", Trial::ManySteady),
    ("some never read", Trial::Asleep),
    ("storm", Trial::Storm),
    ("at rest", Trial::Idle),
];

impl Trial {
    /// Measures it for one system.
    pub async fn measure(self, system: &System, sizes: &Sizes) -> Vec<Noted> {
        let measured = match self {
            Trial::OneFull => full(system, (1, sizes.one), SPEAKERS, sizes).await,
            Trial::ManyFull => full(system, (sizes.many, MEMBERS), usize::MAX, sizes).await,
            Trial::OneSteady => steady(system, (1, sizes.one), sizes).await,
            Trial::ManySteady => steady(system, (sizes.many, MEMBERS), sizes).await,
            Trial::Asleep => asleep(system, sizes).await,
            Trial::Storm => storm(system, sizes).await,
            Trial::Idle => idle(system, sizes).await,
        };
        let metrics: &[Metric] = match self {
            Trial::OneFull => &[Metric::OneFull, Metric::OneFullCpu],
            Trial::ManyFull => &[Metric::ManyFull, Metric::ManyFullCpu],
            Trial::OneSteady => &[Metric::OneMedian, Metric::OneLate],
            Trial::ManySteady => &[Metric::ManyMedian, Metric::ManyLate],
            Trial::Asleep => &[Metric::Alone, Metric::Beside, Metric::Grown],
            Trial::Storm => &[Metric::Back, Metric::Missed],
            Trial::Idle => &[Metric::AtRest, Metric::Connection],
        };
        match measured {
            Ok(values) => metrics
                .iter()
                .copied()
                .zip(values.into_iter().map(Ok))
                .collect(),
            Err(error) => metrics
                .iter()
                .map(|metric| (*metric, Err(format!("{error:#}"))))
                .collect(),
        }
    }
}

/// As many lines as go through: each speaker says the next when its last has come back.
async fn full(
    system: &System,
    (rooms, members): (usize, usize),
    speakers: usize,
    sizes: &Sizes,
) -> Result<Vec<f64>> {
    let server = system.start(rooms).await?;
    let mut clients = clients::all(server.address, &server.dialect, rooms, members).await?;
    let before = machine::cpu(server.program.id());
    let outcome = clients::run(
        &mut clients,
        members,
        (speakers, Pace::Loop),
        BYTES,
        sizes.period,
    )
    .await?;
    let cpu = machine::cpu(server.program.id()) - before;
    nothing_lost(&outcome, members)?;
    let heard = outcome.heard as f64;
    Ok(vec![
        heard / outcome.took.as_secs_f64(),
        cpu.as_micros() as f64 / heard,
    ])
}

/// The same rate for all.
async fn steady(
    system: &System,
    (rooms, members): (usize, usize),
    sizes: &Sizes,
) -> Result<Vec<f64>> {
    let server = system.start(rooms).await?;
    let mut clients = clients::all(server.address, &server.dialect, rooms, members).await?;
    let lines = sizes.rate / members;
    let speakers = lines.min(rooms * members / 2);
    let pace = Pace::Every(Duration::from_secs_f64(speakers as f64 / lines as f64));
    let outcome =
        clients::run(&mut clients, members, (speakers, pace), BYTES, sizes.period).await?;
    nothing_lost(&outcome, members)?;
    Ok(vec![outcome.percentile(50), outcome.percentile(99)])
}

/// Those who read, first alone, then beside some that never do.
async fn asleep(system: &System, sizes: &Sizes) -> Result<Vec<f64>> {
    let (readers, sleepers) = READERS;
    let server = system.start(1).await?;
    let mut clients = clients::all(server.address, &server.dialect, 1, readers).await?;
    let speakers = SPEAKERS.min(sizes.rate / readers);
    let pace = Pace::Every(Duration::from_secs_f64(
        speakers as f64 * readers as f64 / sizes.rate as f64,
    ));
    let alone = clients::run(&mut clients, readers, (speakers, pace), LONG, sizes.period).await?;
    nothing_lost(&alone, readers)?;
    let numbers = (0..sleepers).map(|number| Person::new(readers + number, 0));
    let asleep = numbers.map(|person| person.enter_asleep(server.address, &server.dialect));
    let _asleep = try_join_all(asleep).await?;
    let before = machine::memory(server.program.id());
    let beside = clients::run(
        &mut clients,
        readers,
        (speakers, pace),
        LONG,
        sizes.period * 3,
    )
    .await?;
    nothing_lost(&beside, readers)?;
    let grown = machine::peak(server.program.id()).saturating_sub(before);
    Ok(vec![
        alone.percentile(99),
        beside.percentile(99),
        mebibytes(grown),
    ])
}

/// All lose their connections; meanwhile lines are said; all come back at once, and one more line
/// is said when they are there.
async fn storm(system: &System, sizes: &Sizes) -> Result<Vec<f64>> {
    let server = system.start(1).await?;
    let mut clients = clients::all(server.address, &server.dialect, 1, sizes.storm).await?;
    let mut speaker = Person::new(sizes.storm, 0)
        .enter(server.address, &server.dialect)
        .await?;
    let start = Instant::now();
    let first = speaker.say(start, BYTES).await?;
    speaker.hear_until(first).await?;
    try_join_all(clients.iter_mut().map(|client| client.hear_until(first))).await?;
    let away: Vec<Person> = clients.into_iter().map(Client::lose).collect();
    for _ in 0..AWAY {
        let at = speaker.say(start, BYTES).await?;
        speaker.hear_until(at).await?;
    }
    let begun = Instant::now();
    let Server {
        address, dialect, ..
    } = &server;
    let back = join_all(away.into_iter().map(|person| {
        tokio::spawn({
            let (address, dialect) = (*address, dialect.clone());
            async move { person.enter(address, &dialect).await }
        })
    }))
    .await;
    let mut back = back
        .into_iter()
        .map(|joined| joined?)
        .collect::<Result<Vec<Client>>>()?;
    let last = speaker.say(start, BYTES).await?;
    let heard = try_join_all(back.iter_mut().map(|client| client.hear_until(last))).await?;
    let missed = AWAY * sizes.storm - heard.iter().sum::<u64>() as usize;
    Ok(vec![begun.elapsed().as_secs_f64() * 1e3, missed as f64])
}

/// Many connections, each in a room, and nothing said.
async fn idle(system: &System, sizes: &Sizes) -> Result<Vec<f64>> {
    let rooms = IDLE_ROOMS.min(sizes.idle);
    let server = system.start(rooms).await?;
    let id = server.program.id();
    let at_rest = machine::memory(id);
    let clients = clients::all(server.address, &server.dialect, rooms, sizes.idle / rooms).await?;
    sleep(sizes.period / 2).await;
    let each = machine::memory(id).saturating_sub(at_rest) as f64 / clients.len() as f64;
    Ok(vec![mebibytes(at_rest), each / 1024.0])
}

fn nothing_lost(outcome: &Outcome, members: usize) -> Result<()> {
    let due = outcome.said * members as u64;
    anyhow::ensure!(
        outcome.heard == due,
        "of {due} deliveries {} came",
        outcome.heard
    );
    Ok(())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
