//! The whole: opens the files, starts the tasks, and takes commands.

use std::sync::Arc;
use std::time::Duration;

use patterns::retry::{Backoff, RetryBudget};
use patterns::supervisor::{Intensity, Strategy, Supervisor, TooManyRestarts};
use tokio::time::sleep;
use uuid::Uuid;

use crate::bus::{self, Bus, Consumer, Lanes, Streams, relay};
use crate::clock::Clock;
use crate::command::{CommandError, derived, execute};
use crate::consumers::{mailer, saga_starter};
use crate::crash::{Crash, Point};
use crate::database::{DatabaseError, Home};
use crate::event::{Event, Placement};
use crate::lease::Leases;
use crate::order::{self, Order};
use crate::parked::Parked;
use crate::saga::{self, Saga, runner::Runner};
use crate::stock::{self, Stock};
use crate::store::{Append, AppendError, Appended, Store};
use crate::views::{VIEWS, Views, by_name};
use crate::world::{Mood, World};

/// How long a question waits for the event that it names.
pub const READ_PATIENCE: Duration = Duration::from_secs(5);
/// How often it's looked whether all is done.
const LOOK: Duration = Duration::from_millis(5);
/// A task that panics more often than this is a bug that restarts don't cure.
const INTENSITY: Intensity = Intensity {
    restarts: 5,
    within: Duration::from_secs(60),
};
/// Names the orders of keys.
const ORDERS: Uuid = Uuid::from_u128(0x6f72_6465_7273_4f42_8a3b_2f1e_7c4d_9a10);

/// The consumers: one begins sagas, the other has mails sent.
pub const CONSUMERS: [&str; 2] = ["sagas", "mail"];

/// What a shop is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept.
    pub home: Home,
    /// What carries messages; without it, they stay within the process.
    pub bus: Option<Streams>,
    /// How long an order may take until it's dispatched.
    pub patience: Duration,
    /// How others are asked again.
    pub backoff: Backoff,
    /// How others behave.
    pub mood: Mood,
    /// Where the process may end.
    pub crash: Crash,
    /// What time it is.
    pub clock: Clock,
}

/// A cheap-to-clone handle.
#[derive(Clone)]
pub struct Shop {
    store: Store,
    views: Views,
    parked: Parked,
    runner: Runner,
    consumers: Arc<[Consumer; 2]>,
    streams: Option<Streams>,
    /// If other processes work on the same database.
    leases: Option<Leases>,
    backoff: Backoff,
}

impl Shop {
    /// Opens the databases, and makes those that aren't there.
    pub async fn open(settings: &Settings) -> Result<Shop, DatabaseError> {
        let (home, crash) = (&settings.home, &settings.crash);
        let store = Store::open(home, crash.clone(), settings.clock.clone()).await?;
        let world = World::open(home, settings.mood).await?;
        let runner = Runner {
            store: store.clone(),
            world: world.clone(),
            patience: settings.patience,
            backoff: settings.backoff,
            budget: Arc::new(RetryBudget::new(100, 10)),
            crash: crash.clone(),
        };
        let handlers = [saga_starter(runner.clone()), mailer(world)];
        let mut handlers = handlers.into_iter();
        let consumers = CONSUMERS.map(|name| Consumer {
            name,
            handler: handlers.next().expect("there are as many"),
        });
        Ok(Shop {
            store,
            views: Views::open(home, crash.clone()).await?,
            parked: Parked::open(home, crash.clone()).await?,
            runner,
            consumers: Arc::new(consumers),
            streams: settings.bus.clone(),
            leases: match home {
                Home::Server(_) => Some(Leases::open(home, crash.clone()).await?),
                Home::Files(..) => None,
            },
            backoff: settings.backoff,
        })
    }

    // ANCHOR: run
    /// Runs views, relay, consumers and sagas. Doesn't end; dropping it ends them all.
    ///
    /// # Errors
    ///
    /// If one of them panics too often.
    pub async fn run(&self) -> Result<(), TooManyRestarts> {
        let mut tasks = Supervisor::new(Strategy::OneForOne, INTENSITY);
        for view in VIEWS {
            let follow =
                move |shop: Shop| async move { shop.views.follow(view, &shop.store).await };
            tasks = self.child(tasks, view.name, follow);
        }
        tasks = self.child(tasks, "relay", Shop::relay);
        tasks = self.child(tasks, "run sagas", Shop::run_sagas);
        for (at, name) in CONSUMERS.into_iter().enumerate() {
            let consume = move |shop: Shop| shop.consume(at);
            tasks = self.child(tasks, name, consume);
        }
        if self.leases.is_some() {
            let views = self.views.clone();
            tasks = tasks.child("watch views", move || {
                let views = views.clone();
                async move { views.watch().await }
            });
        }
        tasks.run().await
    }
    // ANCHOR_END: run

    /// A task that's restarted when it panics, and done by one process at a time.
    fn child<F: Future<Output = ()> + Send + 'static>(
        &self,
        tasks: Supervisor,
        name: &'static str,
        work: impl Fn(Shop) -> F + Clone + Send + Sync + 'static,
    ) -> Supervisor {
        let shop = self.clone();
        tasks.child(name, move || {
            let (shop, work) = (shop.clone(), work.clone());
            async move {
                match shop.leases.clone() {
                    Some(leases) => leases.hold(name, || work(shop.clone())).await,
                    None => work(shop).await,
                }
            }
        })
    }

    async fn relay(self) {
        let within = || Bus::Within(Lanes::start(&*self.consumers, self.backoff, &self.parked));
        let bus = self.streams.clone().map_or_else(within, Bus::Streams);
        relay(self.store, bus, self.runner.crash).await;
    }

    async fn consume(self, at: usize) {
        let Some(streams) = &self.streams else {
            return std::future::pending().await; // the relay delivers
        };
        let consumer = &self.consumers[at];
        let lanes = Lanes::start(std::slice::from_ref(consumer), self.backoff, &self.parked);
        streams.consume(consumer.name, &lanes, &self.parked).await;
    }

    /// The sagas that the view knows as open, and from its place on those of the log.
    async fn run_sagas(self) {
        loop {
            let place = self.views.places()["sagas"];
            match self.views.open_sagas().await {
                Ok(open) => return self.runner.run_all(open, place).await,
                Err(_) => sleep(LOOK).await,
            }
        }
    }

    /// Places the order of this key, once.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if a bound is broken, [`CommandError::Reused`] if the key stands
    /// for another order.
    pub async fn place(
        &self,
        key: &str,
        placement: Placement,
    ) -> Result<(Uuid, Appended), CommandError> {
        order::check(&placement).map_err(CommandError::Refused)?;
        let order = derived(ORDERS, key);
        let (command, events) = (derived(order, "place"), vec![Event::Placed(placement)]);
        let stream = order::stream(order);
        let placed = self
            .store
            .append(Append {
                stream,
                expected: 0,
                command,
                events,
            })
            .await;
        self.runner.crash.point(Point::OrderPlaced).await;
        match placed {
            Ok(appended) => Ok((order, appended)),
            Err(AppendError::Database(error)) => Err(error.into()),
            Err(_) => Err(CommandError::Reused),
        }
    }

    /// Asks for an order to be canceled.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if it's too late, or there's no such order.
    pub async fn cancel(&self, order: Uuid, reason: &str) -> Result<Appended, CommandError> {
        let decide = |state: &Order| order::cancel(state, reason);
        let command = derived(order, "cancel");
        let answer = execute(&self.store, &order::stream(order), command, decide).await;
        self.runner.crash.point(Point::CancelRequested).await;
        answer
    }

    /// Takes goods in, once for each key.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if the quantity is out of bounds.
    pub async fn receive(
        &self,
        key: &str,
        sku: &str,
        quantity: u32,
    ) -> Result<Appended, CommandError> {
        let command = derived(ORDERS, &format!("receive {sku} {key}"));
        let receive = |_: &Stock| stock::receive(quantity);
        execute(&self.store, &stock::stream(sku), command, receive).await
    }

    /// Lets a saga that is stuck go on.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if it isn't stuck.
    pub async fn resume(&self, order: Uuid) -> Result<Appended, CommandError> {
        let decide = |saga: &Saga| match saga.stuck {
            Some(_) => Ok(vec![Event::Resumed]),
            None => Err("this saga isn't stuck".to_owned()),
        };
        execute(&self.store, &saga::stream(order), Uuid::new_v4(), decide).await
    }

    /// Gives a parked message to its consumer again. No one's place in the log moves.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] with what the consumer says, or if there's no such message.
    pub async fn replay(&self, consumer: &str, position: u64) -> Result<(), CommandError> {
        let refused = |reason: &str| CommandError::Refused(reason.to_owned());
        let handler = self.consumers.iter().find(|it| it.name == consumer);
        let handler = handler.ok_or_else(|| refused("there is no such consumer"))?;
        let events = self.store.after(position.saturating_sub(1)).await?;
        let message = events
            .first()
            .filter(|it| it.position == position)
            .and_then(bus::message);
        let message = message.ok_or_else(|| refused("there is no such message"))?;
        (handler.handler)(message)
            .await
            .map_err(CommandError::Refused)?;
        self.parked.remove(consumer, position).await?;
        Ok(())
    }

    /// Builds a view anew, from the start of the log.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if there's no such view.
    pub async fn rebuild(&self, view: &str) -> Result<u64, CommandError> {
        let refused = || CommandError::Refused(format!("there is no view {view}"));
        let view = by_name(view).ok_or_else(refused)?;
        Ok(self.views.rebuild(view, &self.store).await?)
    }

    /// Messages that the bus has and a consumer hasn't dealt with.
    ///
    /// # Errors
    ///
    /// If the bus doesn't answer.
    pub async fn on_the_way(&self) -> Result<u64, bus::BusError> {
        match &self.streams {
            Some(streams) => streams.waiting().await,
            None => Ok(0), // the relay's place says it
        }
    }

    /// What consumers couldn't deal with.
    pub fn parked(&self) -> &Parked {
        &self.parked
    }

    /// The events.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The views.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Bank, carrier and mail.
    pub fn world(&self) -> &World {
        &self.runner.world
    }
}
