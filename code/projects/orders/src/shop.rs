//! The whole: opens the files, starts the tasks, and takes commands.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use patterns::retry::{Backoff, RetryBudget};
use patterns::supervisor::{Intensity, Strategy, Supervisor, TooManyRestarts};
use serde::Serialize;
use tokio::time::sleep;
use uuid::Uuid;

use crate::bus::{self, Bus, Consumer, Handler, Message, relay};
use crate::command::{CommandError, derived, execute};
use crate::crash::Crash;
use crate::database::{DatabaseError, Durability};
use crate::event::{Event, Placement};
use crate::order::{self, Order};
use crate::parked::{Entry, Parked};
use crate::saga::{self, Saga, runner::Runner};
use crate::stock::{self, Stock};
use crate::store::sqlite::SqliteStore;
use crate::store::{Append, AppendError, Appended, EventStore, now_ms};
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

/// What a shop is opened with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a commit survives.
    pub durability: Durability,
    /// How long an order may take until it's dispatched.
    pub patience: Duration,
    /// How others are asked again.
    pub backoff: Backoff,
    /// How others behave.
    pub mood: Mood,
    /// Where the process may end.
    pub crash: Crash,
}

/// A cheap-to-clone handle.
#[derive(Clone)]
pub struct Shop {
    store: SqliteStore,
    views: Views,
    parked: Parked,
    runner: Runner<SqliteStore>,
    consumers: Arc<Vec<Consumer>>,
    backoff: Backoff,
}

impl Shop {
    /// Opens the files in a directory, and makes those that aren't there.
    ///
    /// # Errors
    ///
    /// If one of them can't be opened.
    pub async fn open(directory: &Path, settings: &Settings) -> Result<Shop, DatabaseError> {
        let (safe, crash) = (settings.durability, &settings.crash);
        let store = SqliteStore::open(&directory.join("events.db"), safe, crash.clone()).await?;
        let world = World::open(&directory.join("world.db"), safe, settings.mood)?;
        let runner = Runner {
            store: store.clone(),
            world: world.clone(),
            patience: settings.patience,
            backoff: settings.backoff,
            budget: Arc::new(RetryBudget::new(100, 10)),
            crash: crash.clone(),
        };
        let consumers = vec![
            Consumer {
                name: "sagas",
                handler: saga_starter(runner.clone()),
            },
            Consumer {
                name: "mail",
                handler: mailer(world),
            },
        ];
        Ok(Shop {
            store,
            views: Views::open(&directory.join("views.db"), safe, crash.clone()).await?,
            parked: Parked::open(&directory.join("parked.db"), safe, crash.clone())?,
            runner,
            consumers: Arc::new(consumers),
            backoff: settings.backoff,
        })
    }

    /// Runs views, relay and sagas. Doesn't end; dropping it ends them all.
    ///
    /// # Errors
    ///
    /// If one of them panics too often.
    pub async fn run(&self) -> Result<(), TooManyRestarts> {
        let mut tasks = Supervisor::new(Strategy::OneForOne, INTENSITY);
        for view in VIEWS {
            let (views, store) = (self.views.clone(), self.store.clone());
            tasks = tasks.child(view.name, move || {
                let (views, store) = (views.clone(), store.clone());
                async move { views.follow(view, store).await }
            });
        }
        let (relaying, sagas) = (self.clone(), self.clone());
        tasks
            .child("relay", move || relaying.clone().relay())
            .child("sagas", move || sagas.clone().run_sagas())
            .run()
            .await
    }

    async fn relay(self) {
        let bus = Bus::start(&self.consumers, self.backoff, &self.parked);
        relay(self.store, bus, self.runner.crash).await;
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
        self.runner.crash.point("command: order placed").await;
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
        self.runner.crash.point("command: cancel requested").await;
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
        let handler = bus::by_name(&self.consumers).remove(consumer);
        let handler = handler.ok_or_else(|| refused("there is no such consumer"))?;
        let events = self.store.after(position.saturating_sub(1)).await?;
        let message = events
            .first()
            .filter(|it| it.position == position)
            .and_then(bus::message);
        let message = message.ok_or_else(|| refused("there is no such message"))?;
        handler(message).await.map_err(CommandError::Refused)?;
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

    /// Waits until there is nothing left to do: what isn't stuck is at its end, told and shown.
    ///
    /// # Errors
    ///
    /// If a disk fails.
    pub async fn settled(&self) -> Result<(), DatabaseError> {
        loop {
            let head = *self.store.head().borrow();
            let shown = self.views.places().values().all(|place| *place == head);
            if shown
                && self.store.place("relay").await? == head
                && self.views.open_sagas().await?.is_empty()
                && *self.store.head().borrow() == head
            {
                return Ok(());
            }
            sleep(LOOK).await;
        }
    }

    /// How far everything has come.
    ///
    /// # Errors
    ///
    /// If a disk fails.
    pub async fn status(&self) -> Result<Status, DatabaseError> {
        let head = *self.store.head().borrow();
        let relay = self.store.place("relay").await?;
        let waiting = self.store.after(relay).await?;
        let age = waiting
            .first()
            .map_or(0, |oldest| now_ms().saturating_sub(oldest.at_ms));
        let places = self.views.places();
        Ok(Status {
            head,
            views: places
                .into_iter()
                .map(|(name, place)| (name.to_owned(), place))
                .collect(),
            relay,
            outbox_age_ms: age.max(0),
            sagas: self.views.saga_states().await?,
            parked: self.parked.list().await?,
            skipped: self.views.skipped().await?,
        })
    }

    /// The events.
    pub fn store(&self) -> &SqliteStore {
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

/// How far everything has come.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The position of the last event.
    pub head: u64,
    /// Where each view stands.
    pub views: Vec<(String, u64)>,
    /// Where the relay stands.
    pub relay: u64,
    /// How long the oldest event that isn't relayed has waited.
    pub outbox_age_ms: i64,
    /// How many sagas are in each state.
    pub sagas: Vec<(String, u64)>,
    /// Messages that consumers couldn't deal with.
    pub parked: Vec<Entry>,
    /// Events that views couldn't take in.
    pub skipped: Vec<(String, u64, String)>,
}

fn saga_starter(runner: Runner<SqliteStore>) -> Handler {
    Arc::new(move |message: Message| {
        let runner = runner.clone();
        let start = async move {
            match message.event {
                Event::Placed(_) => runner
                    .begin(message.order)
                    .await
                    .map_err(|it| it.to_string()),
                _ => Ok(()),
            }
        };
        start.boxed()
    })
}

fn mailer(world: World) -> Handler {
    Arc::new(move |message: Message| {
        let world = world.clone();
        let text = match &message.event {
            Event::Placed(placement) => format!("{}, thank you for your order", placement.customer),
            Event::Shipped => "your order is on its way".to_owned(),
            Event::Canceled { reason } => format!("your order is canceled: {reason}"),
            _ => String::new(),
        };
        let sent = async move { world.mail(message.id, message.order, text).await };
        sent.map(|sent| sent.map_err(|error| error.to_string()))
            .boxed()
    })
}
