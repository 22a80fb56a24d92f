//! The whole: opens the files, starts the tasks, and takes commands.

use std::sync::Arc;
use std::time::Duration;

use patterns::retry::{Backoff, RetryBudget};
use patterns::supervisor::{Intensity, Strategy, Supervisor, TooManyRestarts};
use tokio::time::sleep;
use uuid::Uuid;

use crate::bus::{self, Bus, Lanes, Streams, relay};
use crate::clock::Clock;
use crate::command::{Aggregate, CommandError, derived, execute};
use crate::consumers::{CONSUMERS, mailer, saga_starter};
use crate::crash::{Crash, Point};
use crate::database::{Home, PAUSE, Result};
use crate::event::{Event, Placement};
use crate::lease::Leases;
use crate::order::{self, Order, check_text};
use crate::parked::Parked;
use crate::saga::{Saga, runner::Runner};
use crate::stock::{self, Stock};
use crate::store::{Append, Appended, Store};
use crate::views::{VIEWS, Views, by_name};
use crate::world::{Mood, World};

/// How long a question waits for the event that it names.
pub const READ_PATIENCE: Duration = Duration::from_secs(5);
/// A task that panics more often than this is a bug that restarts don't cure.
const INTENSITY: Intensity = Intensity {
    restarts: 5,
    within: Duration::from_secs(60),
};
/// Names the orders of keys.
const ORDERS: Uuid = Uuid::from_u128(0x6f72_6465_7273_4f42_8a3b_2f1e_7c4d_9a10);

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
    /// The events.
    pub store: Store,
    /// The views.
    pub views: Views,
    /// What consumers couldn't deal with.
    pub parked: Parked,
    /// Bank, carrier and mail.
    pub world: World,
    runner: Runner,
    lanes: Lanes,
    pub(crate) streams: Option<Streams>,
    /// If other processes work on the same database.
    leases: Option<Leases>,
}

impl Shop {
    /// Opens the databases, and makes those that aren't there.
    pub async fn open(settings: &Settings) -> Result<Shop> {
        let (home, crash) = (&settings.home, &settings.crash);
        let store = Store::open(home, crash.clone(), settings.clock.clone()).await?;
        let parked = Parked::open(home, crash.clone()).await?;
        let world = World::open(home, settings.mood).await?;
        let runner = Runner {
            store: store.clone(),
            world: world.clone(),
            patience: settings.patience,
            backoff: settings.backoff,
            budget: Arc::new(RetryBudget::new(100, 10)),
            crash: crash.clone(),
        };
        Ok(Shop {
            store,
            views: Views::open(home, crash.clone()).await?,
            lanes: Lanes {
                consumers: vec![saga_starter(runner.clone()), mailer(world.clone())],
                backoff: settings.backoff,
                parked: parked.clone(),
            },
            parked,
            world,
            runner,
            streams: settings.bus.clone(),
            leases: match home {
                Home::Server(_) => Some(Leases::open(home, crash.clone()).await?),
                Home::Files(..) => None,
            },
        })
    }

    /// Runs views, relay, consumers and sagas. Doesn't end; dropping it ends them all.
    ///
    /// # Errors
    ///
    /// If one of them panics too often.
    pub async fn run(&self) -> Result<(), TooManyRestarts> {
        let mut tasks = Supervisor::new(Strategy::OneForOne, INTENSITY);
        for view in VIEWS {
            let follow = move |it: Shop| async move { it.views.follow(view, &it.store).await };
            tasks = self.child(tasks, view.name, follow);
        }
        tasks = self.child(tasks, "relay", Shop::relay);
        tasks = self.child(tasks, "run sagas", Shop::run_sagas);
        for (at, name) in CONSUMERS.into_iter().enumerate() {
            tasks = self.child(tasks, name, move |shop: Shop| shop.consume(at));
        }
        if self.leases.is_some() {
            let views = self.views.clone();
            tasks = tasks.child("watch views", move || views.clone().watch());
        }
        tasks.run().await
    }

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
        let bus = match self.streams {
            Some(streams) => Bus::Streams(streams),
            None => Bus::Within(self.lanes),
        };
        relay(self.store, bus, self.runner.crash).await;
    }

    async fn consume(self, at: usize) {
        if let Some(streams) = self.streams {
            let mut lanes = self.lanes;
            let consumer = lanes.consumers.swap_remove(at);
            let name = consumer.name;
            lanes.consumers = vec![consumer];
            streams.consume(name, &lanes).await;
        } // or else the relay delivers
    }

    /// The sagas that the view knows as open, and from its place on those of the log.
    async fn run_sagas(self) {
        loop {
            let place = self.views.places()["sagas"];
            match self.views.open_sagas().await {
                Ok(open) => return self.runner.run_all(open, place).await,
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Places the order of this key, once.
    ///
    /// # Errors
    ///
    /// [`CommandError::Invalid`] if a bound is broken, [`CommandError::Reused`] if the key stands
    /// for another order.
    pub async fn place(
        &self,
        key: &str,
        placement: Placement,
    ) -> Result<(Uuid, Appended), CommandError> {
        order::check(&placement).map_err(CommandError::Invalid)?;
        let order = derived(ORDERS, key);
        let append = Append {
            stream: Order::stream(order),
            expected: 0,
            command: derived(order, "place"),
            events: vec![Event::Placed(placement)],
        };
        let placed = self.store.append(append).await;
        self.runner.crash.point(Point::OrderPlaced).await;
        Ok((order, placed?))
    }

    /// Asks for an order to be canceled.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if it's too late, or there's no such order;
    /// [`CommandError::Invalid`] if the reason is too long.
    pub async fn cancel(&self, order: Uuid, reason: &str) -> Result<Appended, CommandError> {
        check_text("reason", reason).map_err(CommandError::Invalid)?;
        let decide = |state: &Order| order::cancel(state, reason);
        let command = derived(order, "cancel");
        let answer = execute(&self.store, &Order::stream(order), command, decide).await;
        self.runner.crash.point(Point::CancelRequested).await;
        answer
    }

    /// Takes goods in, once for each key.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] if the quantity is out of bounds, [`CommandError::Invalid`] if the
    /// thing's name is.
    pub async fn receive(
        &self,
        key: &str,
        sku: &str,
        quantity: u32,
    ) -> Result<Appended, CommandError> {
        check_text("sku", sku).map_err(CommandError::Invalid)?;
        let command = derived(ORDERS, &format!("receive {sku} {key}"));
        let receive = |_: &Stock| stock::receive(quantity);
        execute(&self.store, &Stock::stream(sku), command, receive).await
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
        execute(&self.store, &Saga::stream(order), Uuid::new_v4(), decide).await
    }

    /// Gives a parked message to its consumer again. No one's place in the log moves.
    ///
    /// # Errors
    ///
    /// [`CommandError::Refused`] with what the consumer says, or if there's no such message.
    pub async fn replay(&self, consumer: &str, position: u64) -> Result<(), CommandError> {
        let refused = |reason: &str| CommandError::Refused(reason.to_owned());
        let handler = self.lanes.consumers.iter().find(|it| it.name == consumer);
        let handler = handler.ok_or_else(|| refused("there is no such consumer"))?;
        let events = self.store.after(position.saturating_sub(1)).await?;
        let event = events.first().filter(|it| it.position == position);
        let message = event.and_then(bus::message);
        let message = message.ok_or_else(|| refused("there is no such message"))?;
        let dealt_with = (handler.handler)(message).await;
        dealt_with.map_err(CommandError::Refused)?;
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
}
