//! The same orders with cqrs-es: `cqrs-es-peer SOCKET_FOLDER DATABASE`, then orders on the standard
//! input, as `testbed::peer` has it: `commands NUMBER AT_ONCE` and `replay`.

use std::fmt::Debug;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{GenericQuery, QueryReplay};
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, Query, View};
use futures::StreamExt;
use postgres_es::{PostgresEventRepository, PostgresViewRepository, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPoolOptions;

const SCHEMA: [&str; 2] = [
    "CREATE TABLE events (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL,
        sequence bigint CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL,
        event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence))",
    "CREATE TABLE order_view (
        view_id text NOT NULL, version bigint CHECK (version >= 0) NOT NULL,
        payload json NOT NULL, PRIMARY KEY (view_id))",
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Placement {
    customer: String,
    lines: Vec<(String, u32)>,
    cents: u64,
    currency: String,
    card: String,
    address: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Placed(Placement),
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "placed".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Order {
    placed: Option<Placement>,
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("it is placed")
    }
}

impl std::error::Error for Refused {}

impl Aggregate for Order {
    const TYPE: &'static str = "order";
    type Command = Placement;
    type Event = Event;
    type Error = Refused;
    type Services = ();

    async fn handle(
        &mut self,
        command: Placement,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refused> {
        if self.placed.is_some() {
            return Err(Refused);
        }
        sink.write(Event::Placed(command), self).await;
        Ok(())
    }

    fn apply(&mut self, Event::Placed(placement): Event) {
        self.placed = Some(placement);
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct OrderView {
    customer: String,
    state: String,
    cents: u64,
}

impl View<Order> for OrderView {
    fn update(&mut self, event: &EventEnvelope<Order>) {
        let Event::Placed(placement) = &event.payload;
        self.customer.clone_from(&placement.customer);
        self.state = "placed".to_owned();
        self.cents = placement.cents;
    }
}

type Repository = PostgresViewRepository<OrderView, Order>;

struct Counted(GenericQuery<Repository, OrderView, Order>, Arc<AtomicUsize>);

impl Query<Order> for Counted {
    fn dispatch<'a, 'b, 'c, 'd>(
        &'a self,
        id: &'b str,
        events: &'c [EventEnvelope<Order>],
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'd>>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        Box::pin(async move {
            self.0.dispatch(id, events).await;
            self.1.fetch_add(events.len(), Ordering::Relaxed);
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (folder, name) = (arguments.next().unwrap(), arguments.next().unwrap());
    let url = format!("postgres://postgres@localhost/{name}?host={folder}");
    let pool = PgPoolOptions::new().max_connections(12).connect(&url).await?;
    for table in SCHEMA {
        sqlx::query(table).execute(&pool).await?;
    }
    let cqrs = Arc::new(postgres_cqrs::<Order>(pool.clone(), Vec::new(), ()));
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["commands", number, at_once] => {
                let (number, at_once): (usize, usize) = (number.parse()?, at_once.parse()?);
                let begun = Instant::now();
                let run = |at: usize| {
                    let cqrs = Arc::clone(&cqrs);
                    async move {
                        let begun = Instant::now();
                        cqrs.execute(&format!("order-{at_once}-{at}"), placement(at)).await.unwrap();
                        begun.elapsed()
                    }
                };
                let runs = futures::stream::iter(0..number).map(|at| tokio::spawn(run(at)));
                let mut took: Vec<Duration> =
                    runs.buffer_unordered(at_once).map(Result::unwrap).collect().await;
                took.sort();
                let rate = number as f64 / begun.elapsed().as_secs_f64();
                let at = |share: usize| took[took.len() * share / 100].as_secs_f64() * 1e3;
                println!("commands {rate} {} {}", at(50), at(99));
            }
            ["replay"] => {
                let views = Arc::new(Repository::new("order_view", pool.clone()));
                let seen = Arc::new(AtomicUsize::new(0));
                let query = Counted(GenericQuery::new(views), Arc::clone(&seen));
                let events = PostgresEventRepository::new(pool.clone());
                let begun = Instant::now();
                QueryReplay::new(events, query).replay_all().await?;
                let rate = seen.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
                println!("replayed {rate}");
            }
            _ => anyhow::bail!("what is {line:?}?"),
        }
        println!("ok");
    }
    Ok(())
}

fn placement(at: usize) -> Placement {
    Placement {
        customer: format!("customer {at}"),
        lines: vec![("tea".to_owned(), 2)],
        cents: 2_500,
        currency: "EUR".to_owned(),
        card: "good".to_owned(),
        address: "1 Loop Road".to_owned(),
    }
}
