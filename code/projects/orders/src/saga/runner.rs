//! Runs the sagas: asks the state machine what is next, does it, and appends that it's done.
//!
//! Between doing and appending the process may end. Then the step is done a second time, so each
//! step is known on the other side by its order.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryFutureExt, stream};
use patterns::deadline::Deadline;
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio::time::sleep;
use tracing::{Instrument, info_span, warn};
use uuid::Uuid;

use super::{Next, Saga};
use crate::command::{Aggregate, CommandError, derived, execute, load};
use crate::crash::{Crash, Point};
use crate::database::PAUSE;
use crate::event::{Event, Placement, Step};
use crate::order::{self, Order};
use crate::stock::{self, Stock};
use crate::store::{Append, AppendError, Store};
use crate::world::{World, WorldError};

/// So many sagas run at once; the others wait for their turn.
const AT_ONCE: usize = 64;

/// What sagas are run with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Runner {
    pub(crate) store: Store,
    pub(crate) world: World,
    /// How long an order may take until it's dispatched.
    pub(crate) patience: Duration,
    /// How a silent bank or carrier is asked again.
    pub(crate) backoff: Backoff,
    /// The retries of all sagas together.
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) crash: Crash,
}

impl Runner {
    /// Begins the saga of an order, once.
    pub async fn begin(&self, order: Uuid) -> Result<(), CommandError> {
        let patience = i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX);
        let deadline_ms = self.store.now_ms().saturating_add(patience);
        let begin = |saga: &Saga| match saga.deadline_ms {
            Some(_) => Ok(Vec::new()),
            None => Ok(vec![Event::Began { deadline_ms }]),
        };
        let id = derived(order, "saga begins");
        execute(&self.store, &Saga::stream(order), id, begin).await?;
        self.crash.point(Point::Begun).await;
        Ok(())
    }

    /// Runs all sagas that are begun or resumed after `place`, and those in `open`.
    /// Doesn't end; dropping it drops the sagas that run.
    pub async fn run_all(&self, open: Vec<Uuid>, place: u64) {
        let woken = stream::unfold(place, |place| self.woken(place));
        let wanted = stream::iter(open).chain(woken.flat_map(stream::iter));
        let run = |order| self.run(order).instrument(info_span!("saga", %order));
        wanted.for_each_concurrent(AT_ONCE, run).await;
    }

    /// Waits for what the log has after a place: the sagas that are to be run, and the next place.
    async fn woken(&self, place: u64) -> Option<(Vec<Uuid>, u64)> {
        self.store.beyond(place).await;
        loop {
            match self.store.after(place).await {
                Ok(events) => {
                    let last = events.last().map_or(place, |last| last.position);
                    let wakes = |event| matches!(event, Event::Began { .. } | Event::Resumed);
                    let woken = events.iter().filter(|it| it.event().is_ok_and(wakes));
                    let woken = woken.filter_map(|it| Saga::of_stream(&it.stream));
                    return Some((woken.collect(), last));
                }
                Err(error) => warn!(%error, "the log can't be read"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Brings one saga to its end, from wherever it is, or to where it's stuck.
    pub async fn run(&self, order: Uuid) {
        loop {
            match self.step(order).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(CommandError::Unreadable(error)) => {
                    warn!(%order, %error, "the saga can't be read");
                    return;
                }
                Err(error) => {
                    warn!(%order, %error, "the saga waits for the store");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    // ANCHOR: step
    /// Does what is next and appends it. False: there's nothing to do.
    async fn step(&self, order: Uuid) -> Result<bool, CommandError> {
        let (state, _) = load::<Order>(&self.store, &Order::stream(order)).await?;
        let (saga, version) = load::<Saga>(&self.store, &Saga::stream(order)).await?;
        let Some(placement) = &state.placed else {
            return Ok(false);
        };

        let event = match saga.next(&state, self.store.now_ms()) {
            Next::Nothing => return Ok(false),
            Next::TurnAt(step, reason) => Event::Refused { step, reason },
            Next::Do(step) => {
                let perform = || self.perform(step, order, placement);
                match self.insist(&saga, perform).await {
                    Ok(()) => Event::Done { step },
                    Err((reason, refused)) if refused || step < Step::Dispatch => {
                        Event::Refused { step, reason }
                    }
                    Err((error, _)) => Event::Stuck { step, error },
                }
            }
            Next::Undo(step) => {
                let undo = || self.undo(step, order, placement);
                match self.insist(&saga, undo).await {
                    Ok(()) => Event::Undone { step },
                    Err((error, _)) => Event::Stuck { step, error },
                }
            }
            Next::End(event) => {
                let id = derived(order, "the order ends");
                let end = |state: &Order| order::end(state, &event);
                execute(&self.store, &Order::stream(order), id, end).await?;
                self.crash.point(Point::OrderEnded).await;
                Event::Ended
            }
        };
        self.crash.point(Point::Acted).await;
        let command = derived(order, &format!("saga at {version}"));
        let append = Append {
            stream: Saga::stream(order),
            expected: version,
            command,
            events: vec![event],
        };
        match self.store.append(append).await {
            // Another was faster, perhaps with another outcome: look again.
            Ok(_) | Err(AppendError::Conflict { .. } | AppendError::Reused(_)) => Ok(true),
            Err(AppendError::Database(error)) => Err(error.into()),
        }
    }
    // ANCHOR_END: step

    /// Asks again while the other side is silent. If it isn't done: why, and whether it's refused.
    async fn insist<F>(&self, saga: &Saga, mut act: impl FnMut() -> F) -> Result<(), (String, bool)>
    where
        F: Future<Output = Result<(), WorldError>>,
    {
        let left = match (saga.deadline_ms, &saga.refused) {
            (Some(deadline_ms), None) if !saga.done.contains(&Step::Dispatch) => {
                let left = deadline_ms.saturating_sub(self.store.now_ms());
                u64::try_from(left).unwrap_or(0)
            }
            _ => u64::MAX, // on the way back there's no deadline
        };
        let deadline = Deadline::after(Duration::from_millis(left));
        let attempt = || {
            act().map_err(|error| match error {
                WorldError::Refused(_) => Failure::Final(error),
                WorldError::Silent(_) | WorldError::Database(_) => Failure::Again(error),
            })
        };
        let dice = fastrand::f64;
        let done = retry(&self.backoff, &self.budget, deadline, dice, attempt).await;
        done.map_err(|error| (error.to_string(), matches!(error, WorldError::Refused(_))))
    }

    async fn perform(
        &self,
        step: Step,
        order: Uuid,
        placement: &Placement,
    ) -> Result<(), WorldError> {
        let (world, it) = (&self.world, placement);
        match step {
            Step::Reserve => {
                for line in &it.lines {
                    let (sku, quantity) = (&line.sku, line.quantity);
                    let id = derived(order, &format!("reserve {sku}"));
                    let decide = |it: &_| stock::reserve(it, sku, order, quantity);
                    own(execute(&self.store, &Stock::stream(sku), id, decide).await)?;
                    self.crash.point(Point::LineReserved).await;
                }
                Ok(())
            }
            Step::Charge => world.charge(order, it.cents, &it.card).await,
            Step::Dispatch => {
                let id = derived(order, "dispatch");
                own(execute(&self.store, &Order::stream(order), id, order::dispatch).await)
            }
            Step::Ship => world.ship(order, &it.address).await,
        }
    }

    async fn undo(&self, step: Step, order: Uuid, placement: &Placement) -> Result<(), WorldError> {
        match step {
            Step::Charge => self.world.refund(order).await,
            Step::Reserve => {
                for line in placement.lines.iter().rev() {
                    let id = derived(order, &format!("release {}", line.sku));
                    let release = |it: &_| stock::release(it, order);
                    own(execute(&self.store, &Stock::stream(&line.sku), id, release).await)?;
                    self.crash.point(Point::LineReleased).await;
                }
                Ok(())
            }
            Step::Dispatch | Step::Ship => Ok(()), // nothing to undo: see `UNDOABLE`
        }
    }
}

/// A command to our own store, answered as the world answers.
fn own<T>(answer: Result<T, CommandError>) -> Result<(), WorldError> {
    answer.map(drop).map_err(|error| match error {
        CommandError::Refused(reason) => WorldError::Refused(reason),
        CommandError::Database(error) => error.into(),
        _ => WorldError::Silent("store"),
    })
}
