//! Orders as events, on SQLite and on PostgreSQL, against the same orders in a table, and against
//! cqrs-es. `cargo xtask bench orders` runs it and writes the tables of `benches/README.md`;
//! with `--quick` it does a tenth and prints them.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, stream};
use orders::clock::Clock;
use orders::command::Aggregate;
use orders::crash::Crash;
use orders::database::{Database, Durability, Home, Postgres, sql};
use orders::event::{Event, Line, Placement, Step};
use orders::order::Order;
use orders::saga::Saga;
use orders::store::{Append, Store};
use orders::views::{VIEWS, Views, by_name};
use testbed::peer::Peer;
use testbed::report::{grouped, median, ratio, write_between};
use testbed::{install, machine};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

/// So many commands wait for an answer at once.
const AT_ONCE: usize = 64;
/// How long one measurement may take.
const LIMIT: Duration = Duration::from_secs(240);
/// The server keeps its promises, as a file with `synchronous = full` does.
const SAFE: [&str; 2] = ["fsync=on", "full_page_writes=on"];

/// How much is done.
struct Size {
    commands: usize,
    events: usize,
    paced: Duration,
    rounds: usize,
}

/// What came out, a line of the table.
#[derive(Default)]
struct Measured {
    name: &'static str,
    commands: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    projected: Vec<f64>,
    rebuilt: Vec<f64>,
    lag_p50: Vec<f64>,
    lag_p99: Vec<f64>,
}

fn main() -> Result<()> {
    let quick = std::env::args().any(|it| it == "--quick");
    let size = match quick {
        true => Size {
            commands: 2_000,
            events: 50_000,
            paced: Duration::from_secs(1),
            rounds: 1,
        },
        false => Size {
            commands: 20_000,
            events: 1_000_000,
            paced: Duration::from_secs(5),
            rounds: 3,
        },
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let table = runtime.block_on(all(&size))?;
    match quick {
        true => println!("{table}"),
        false => write_between(
            Path::new("benches/README.md"),
            "cargo xtask bench orders",
            &table,
        )?,
    }
    Ok(())
}

async fn all(size: &Size) -> Result<String> {
    let folder = install::folder("orders")?;
    let peer = install::cargo("cqrs-es", "cqrs-es-peer", &folder);
    let server = testbed::postgres::Postgres::start(&SAFE);
    let names = [
        "orders on SQLite",
        "orders on PostgreSQL",
        "by hand on SQLite",
        "by hand on PostgreSQL",
        "cqrs-es 0.5.0 on PostgreSQL",
    ];
    let mut lines = names.map(|name| Measured {
        name,
        ..Measured::default()
    });
    for round in 0..size.rounds {
        eprintln!("round {}", round + 1);
        let files = tempfile::tempdir_in(&folder)?;
        let file = |name: &str| {
            let path = files.path().join(name);
            std::fs::create_dir(&path).map(|()| Home::Files(path, Durability::Full))
        };
        let on_server = async || {
            let database = server.database().await;
            Postgres::new(database.url()).map(Home::Server)
        };
        ours(&file("ours")?, size, &mut lines[0]).await?;
        ours(&on_server().await?, size, &mut lines[1]).await?;
        by_hand(&file("by hand")?, size, &mut lines[2]).await?;
        by_hand(&on_server().await?, size, &mut lines[3]).await?;
        match &peer {
            Ok(program) => {
                let (program, database) = (Path::new(&program[0]), server.database().await);
                let name = database.url().rsplit('=').next().context("a name")?;
                let socket = server.socket_folder();
                cqrs_es(program, socket, name, &folder, size, &mut lines[4])?;
            }
            Err(why) => eprintln!("without cqrs-es: {why}"),
        }
    }
    // A million events once: how long a view takes is told by their number.
    let files = tempfile::tempdir_in(&folder)?;
    rebuild(
        &Home::Files(files.path().into(), Durability::Full),
        size,
        &mut lines[0],
    )
    .await?;
    let database = server.database().await;
    rebuild(
        &Home::Server(Postgres::new(database.url())?),
        size,
        &mut lines[1],
    )
    .await?;
    Ok(render(&lines, size))
}

fn placement(at: usize) -> Placement {
    Placement {
        customer: format!("customer {at}"),
        lines: vec![Line {
            sku: "tea".to_owned(),
            quantity: 2,
        }],
        cents: 2_500,
        currency: "EUR".to_owned(),
        card: "good".to_owned(),
        address: "1 Loop Road".to_owned(),
    }
}

fn place(at: usize) -> Append {
    let order = Uuid::new_v4();
    let events = vec![Event::Placed(placement(at))];
    Append {
        stream: Order::stream(order),
        expected: 0,
        command: order,
        events,
    }
}

/// Runs commands, so many at once; their rate, and their latencies in ms at p50 and p99.
async fn run<F: Future<Output = Result<()>> + Send + 'static>(
    number: usize,
    command: impl Fn(usize) -> F,
) -> Result<[f64; 3]> {
    let begun = Instant::now();
    let timed = |at| {
        let command = command(at);
        tokio::spawn(async move {
            let begun = Instant::now();
            command.await.map(|()| begun.elapsed())
        })
    };
    // The tasks begin when there is room, so a latency has no waiting for its turn in it.
    let mut running = stream::iter(0..number).map(timed).buffer_unordered(AT_ONCE);
    let mut took = Vec::with_capacity(number);
    while let Some(answer) = running.next().await {
        took.push(answer??);
    }
    let rate = number as f64 / begun.elapsed().as_secs_f64();
    Ok([rate, share(&mut took, 50), share(&mut took, 99)])
}

/// In ms.
fn share(took: &mut [Duration], share: usize) -> f64 {
    took.sort();
    took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3
}

async fn ours(home: &Home, size: &Size, line: &mut Measured) -> Result<()> {
    let store = Store::open(home, Crash::default(), Clock::default()).await?;
    let append = |at| {
        let store = store.clone();
        async move { store.append(place(at)).await.map(drop).map_err(Into::into) }
    };
    let [rate, p50, p99] = run(size.commands, append).await?;
    line.commands.push(rate);
    line.p50.push(p50);
    line.p99.push(p99);

    // All views take in what is there.
    let views = Views::open(home, Crash::default()).await?;
    let head = *store.head().borrow();
    let begun = Instant::now();
    let followers: Vec<_> = VIEWS
        .iter()
        .map(|view| follow(&views, view, &store))
        .collect();
    for view in VIEWS {
        ensure!(
            views.reached(view.name, head, LIMIT).await,
            "{} is too slow",
            view.name
        );
    }
    line.projected
        .push(head as f64 / begun.elapsed().as_secs_f64());

    // Half of the highest rate, while the views follow.
    let mut ticks = interval(Duration::from_secs_f64(2.0 / rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut lags = Vec::new();
    for at in 0..(size.paced.as_secs_f64() * rate / 2.0) as usize {
        ticks.tick().await;
        let (store, views) = (store.clone(), views.clone());
        lags.push(tokio::spawn(async move {
            let begun = Instant::now();
            let appended = store.append(place(at)).await?;
            let seen = views.reached("orders", appended.position, LIMIT).await;
            ensure!(seen, "the view is too slow");
            anyhow::Ok(begun.elapsed())
        }));
    }
    let mut took = Vec::new();
    for lag in lags {
        took.push(lag.await??);
    }
    line.lag_p50.push(share(&mut took, 50));
    line.lag_p99.push(share(&mut took, 99));
    followers.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

fn follow(
    views: &Views,
    view: &'static orders::views::View,
    store: &Store,
) -> tokio::task::JoinHandle<()> {
    let (views, store) = (views.clone(), store.clone());
    tokio::spawn(async move { views.follow(view, &store).await })
}

/// The same orders in a table, one transaction each.
async fn by_hand(home: &Home, size: &Size, line: &mut Measured) -> Result<()> {
    let schema = "CREATE TABLE IF NOT EXISTS by_hand (
            id TEXT PRIMARY KEY, customer TEXT NOT NULL, state TEXT NOT NULL, cents INTEGER NOT NULL,
            currency TEXT NOT NULL, card TEXT NOT NULL, address TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS by_hand_lines (
            id TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY (id, sku));";
    let database = Database::open(home, "by_hand", schema, [None; 2], Crash::default()).await?;
    let place = |at| {
        let database = database.clone();
        async move {
            let (id, it) = (Uuid::new_v4().to_string(), placement(at));
            let order = "INSERT INTO by_hand VALUES (?1, ?2, 'placed', ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
            let values = (&id, it.customer, it.cents, it.currency, it.card, it.address);
            let (sku, quantity) = (&it.lines[0].sku, it.lines[0].quantity);
            let sold = sql(
                "INSERT INTO by_hand_lines VALUES (?1, ?2, ?3)",
                (&id, sku, quantity),
            );
            ensure!(
                database
                    .write(vec![sql(order, values).must(), sold])
                    .await?,
                "it's there"
            );
            Ok(())
        }
    };
    let [rate, p50, p99] = run(size.commands, place).await?;
    line.commands.push(rate);
    line.p50.push(p50);
    line.p99.push(p99);
    Ok(())
}

fn cqrs_es(
    program: &Path,
    socket: &Path,
    name: &str,
    folder: &Path,
    size: &Size,
    line: &mut Measured,
) -> Result<()> {
    let mut command = Command::new(program);
    command.arg(socket).arg(name);
    let mut peer = Peer::start(command, &folder.join("cqrs-es.log"))?;
    let mut ask = |order: &str, answer: &str| -> Result<Vec<f64>> {
        peer.order(order, LIMIT)?;
        let said = peer.wait(answer, LIMIT)?;
        Ok(said
            .split(' ')
            .skip(1)
            .map(str::parse)
            .collect::<Result<_, _>>()?)
    };
    let said = ask(&format!("commands {} {AT_ONCE}", size.commands), "commands")?;
    line.commands.push(said[0]);
    line.p50.push(said[1]);
    line.p99.push(said[2]);
    line.rebuilt.push(ask("replay", "replayed")?[0]);
    Ok(())
}

/// Fills a log with stories of nine events, and builds the view of the orders anew.
async fn rebuild(home: &Home, size: &Size, line: &mut Measured) -> Result<()> {
    let store = Arc::new(Store::open(home, Crash::default(), Clock::default()).await?);
    let story = |at: usize| {
        let store = Arc::clone(&store);
        async move {
            let id = Uuid::new_v4();
            let own = vec![
                Event::Placed(placement(at)),
                Event::Dispatched,
                Event::Shipped,
            ];
            let mut steps = vec![Event::Began { deadline_ms: 0 }];
            let all = [Step::Reserve, Step::Charge, Step::Dispatch, Step::Ship];
            steps.extend(all.map(|step| Event::Done { step }));
            steps.push(Event::Ended);
            let append = |stream, command, events| Append {
                stream,
                expected: 0,
                command,
                events,
            };
            let order = store.append(append(Order::stream(id), id, own));
            let saga = store.append(append(Saga::stream(id), Uuid::new_v4(), steps));
            tokio::try_join!(order, saga).map(drop).map_err(Into::into)
        }
    };
    let filled = timeout(LIMIT * 2, run(size.events / 9 + 1, story)).await;
    filled.context("filling the log took too long")??;
    let views = Views::open(home, Crash::default()).await?;
    let view = by_name("orders").context("a view")?;
    // A rebuild ends when it isn't behind the old table: one of an empty table ends at once.
    let head = *store.head().borrow();
    let follower = follow(&views, view, &store);
    ensure!(
        views.reached(view.name, head, LIMIT).await,
        "{} is too slow",
        view.name
    );
    follower.abort();
    let begun = Instant::now();
    let place = timeout(LIMIT, views.rebuild(view, &store))
        .await
        .context("too slow")??;
    ensure!(place == head, "{place} of {head} events");
    line.rebuilt
        .push(place as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn render(lines: &[Measured], size: &Size) -> String {
    let about = machine::versions(&[("Rust", "rustc"), ("PostgreSQL", "postgres")]);
    let mut text = format!(
        "{}, {about}, mean load {:.1}, the median of {} rounds, {} commands each, {AT_ONCE} at once; a log of {} events.\n\n\
         | | commands a second | p50, ms | p99, ms | events a second into four views | events a second, one view rebuilt | lag p50, ms | lag p99, ms |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        machine::description(),
        machine::load(),
        size.rounds,
        grouped(size.commands as f64, 0),
        grouped(size.events as f64, 0),
    );
    let peer = lines.last().and_then(|it| median(&it.commands));
    for line in lines {
        let cell = |values: &[f64], digits| {
            median(values).map_or_else(String::new, |it| grouped(it, digits))
        };
        let Some(commands) = median(&line.commands) else {
            continue;
        };
        let beside = peer.map(|peer| format!(" = {} ×", ratio(commands / peer)));
        let _ = writeln!(
            text,
            "| {} | {}{} | {} | {} | {} | {} | {} | {} |",
            line.name,
            grouped(commands, 0),
            beside.unwrap_or_default(),
            cell(&line.p50, 2),
            cell(&line.p99, 2),
            cell(&line.projected, 0),
            cell(&line.rebuilt, 0),
            cell(&line.lag_p50, 2),
            cell(&line.lag_p99, 2),
        );
    }
    text
}
