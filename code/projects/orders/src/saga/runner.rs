//! Runs the sagas: asks the state machine what is next, does it, and appends that it's done.
//!
//! Between doing and appending the process may end. Then the step is done a second time, so each
//! step is known on the other side by its order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use patterns::deadline::Deadline;
use patterns::retry::{Backoff, Failure, RetryBudget, retry};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{Instrument, info_span, warn};
use uuid::Uuid;

use super::{Next, Saga, of_stream, stream};
use crate::command::{CommandError, derived, execute, load};
use crate::crash::{Crash, Point};
use crate::database::PAUSE;
use crate::event::{Event, Placement, Step};
use crate::order::{self, Order};
use crate::stock;
use crate::store::{Append, AppendError, Store};
use crate::world::{World, WorldError};

/// So many sagas run at once; the others wait for their turn.
const AT_ONCE: usize = 64;

/// What sagas are run with.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Where everything is written down.
    pub store: Store,
    /// Bank and carrier.
    pub world: World,
    /// How long an order may take until it's dispatched.
    pub patience: Duration,
    /// How a silent bank or carrier is asked again.
    pub backoff: Backoff,
    /// The retries of all sagas together.
    pub budget: Arc<RetryBudget>,
    /// Where the process may end.
    pub crash: Crash,
}

/// What becomes of a step.
enum Outcome {
    Done,
    Refused(String),
    Stuck(String),
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
        execute(
            &self.store,
            &stream(order),
            derived(order, "saga begins"),
            begin,
        )
        .await?;
        self.crash.point(Point::Begun).await;
        Ok(())
    }

    /// Runs all sagas that are begun, resumed or canceled after `place`, and those in `open`.
    /// Doesn't end; dropping it drops the sagas that run.
    pub async fn run_all(self, open: Vec<Uuid>, mut place: u64) {
        let (permits, mut running) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        let mut head = self.store.head();
        let mut wanted: BTreeSet<Uuid> = open.into_iter().collect();
        loop {
            while let Some(order) = wanted.pop_first() {
                let (saga, permits) = (self.clone(), Arc::clone(&permits));
                running.spawn(async move {
                    let _permit = permits.acquire_owned().await;
                    saga.run(order).instrument(info_span!("saga", %order)).await;
                });
            }
            while running.try_join_next().is_some() {}
            match self.store.after(place).await {
                Ok(events) if events.is_empty() => {
                    let _ = head.wait_for(|head| *head > place).await; // the store holds the sender
                }
                Ok(events) => {
                    place = events.last().map_or(place, |last| last.position);
                    let wakes =
                        |event: &Event| matches!(event, Event::Began { .. } | Event::Resumed);
                    let woken = events
                        .iter()
                        .filter(|it| it.event().is_ok_and(|event| wakes(&event)));
                    wanted.extend(woken.filter_map(|it| of_stream(&it.stream)));
                }
                Err(error) => {
                    warn!(%error, "the log can't be read");
                    tokio::time::sleep(PAUSE).await;
                }
            }
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
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    // ANCHOR: step
    /// Does what is next and appends it. False: there's nothing to do.
    async fn step(&self, order: Uuid) -> Result<bool, CommandError> {
        let (state, _) = load::<Order>(&self.store, &order::stream(order)).await?;
        let (saga, version) = load::<Saga>(&self.store, &stream(order)).await?;
        let Some(placement) = &state.placed else {
            return Ok(false);
        };
        let may_turn = |step| step < Step::Dispatch;

        let event = match saga.next(&state, self.store.now_ms()) {
            Next::Nothing => return Ok(false),
            Next::TurnAt(step, reason) => Event::Refused { step, reason },
            Next::Do(step) => match self
                .insist(&saga, || self.perform(step, order, placement))
                .await
            {
                Outcome::Done => Event::Done { step },
                Outcome::Refused(reason) => Event::Refused { step, reason },
                Outcome::Stuck(error) if may_turn(step) => Event::Refused {
                    step,
                    reason: error,
                },
                Outcome::Stuck(error) => Event::Stuck { step, error },
            },
            Next::Undo(step) => match self
                .insist(&saga, || self.undo(step, order, placement))
                .await
            {
                Outcome::Done => Event::Undone { step },
                Outcome::Refused(error) | Outcome::Stuck(error) => Event::Stuck { step, error },
            },
            Next::End(event) => {
                let id = derived(order, "the order ends");
                let end = |state: &Order| order::end(state, &event);
                execute(&self.store, &order::stream(order), id, end).await?;
                self.crash.point(Point::OrderEnded).await;
                Event::Ended
            }
        };
        self.crash.point(Point::Acted).await;
        let command = derived(order, &format!("saga at {version}"));
        let append = Append {
            stream: stream(order),
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

    /// Asks again while the other side is silent.
    async fn insist<F>(&self, saga: &Saga, mut act: impl FnMut() -> F) -> Outcome
    where
        F: Future<Output = Result<(), WorldError>>,
    {
        let left = saga
            .deadline_ms
            .unwrap_or_default()
            .saturating_sub(self.store.now_ms());
        let left = match saga.refused {
            // On the way back there's no deadline.
            None if !saga.done.contains(&Step::Dispatch) => u64::try_from(left).unwrap_or(0),
            _ => u64::MAX,
        };
        let deadline = Deadline::after(Duration::from_millis(left));
        let attempt = || {
            let attempt = act();
            async move {
                attempt.await.map_err(|error| match error {
                    WorldError::Refused(_) => Failure::Final(error),
                    WorldError::Silent(_) | WorldError::Database(_) => Failure::Again(error),
                })
            }
        };
        match retry(
            &self.backoff,
            &self.budget,
            deadline,
            fastrand::f64,
            attempt,
        )
        .await
        {
            Ok(()) => Outcome::Done,
            Err(WorldError::Refused(reason)) => Outcome::Refused(reason),
            Err(error) => Outcome::Stuck(error.to_string()),
        }
    }

    async fn perform(
        &self,
        step: Step,
        order: Uuid,
        placement: &Placement,
    ) -> Result<(), WorldError> {
        match step {
            Step::Reserve => {
                for line in &placement.lines {
                    let (sku, quantity) = (&line.sku, line.quantity);
                    let id = derived(order, &format!("reserve {sku}"));
                    let decide = |it: &_| stock::reserve(it, sku, order, quantity);
                    own(execute(&self.store, &stock::stream(sku), id, decide).await)?;
                    self.crash.point(Point::LineReserved).await;
                }
                Ok(())
            }
            Step::Charge => {
                self.world
                    .charge(order, placement.cents, &placement.card)
                    .await
            }
            Step::Dispatch => {
                let id = derived(order, "dispatch");
                own(execute(&self.store, &order::stream(order), id, order::dispatch).await)
            }
            Step::Ship => self.world.ship(order, &placement.address).await,
        }
    }

    async fn undo(&self, step: Step, order: Uuid, placement: &Placement) -> Result<(), WorldError> {
        match step {
            Step::Charge => self.world.refund(order).await,
            Step::Reserve => {
                for line in placement.lines.iter().rev() {
                    let id = derived(order, &format!("release {}", line.sku));
                    let release = |it: &_| stock::release(it, order);
                    own(execute(&self.store, &stock::stream(&line.sku), id, release).await)?;
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
    match answer {
        Ok(_) => Ok(()),
        Err(CommandError::Refused(reason)) => Err(WorldError::Refused(reason)),
        Err(CommandError::Database(error)) => Err(error.into()),
        Err(_) => Err(WorldError::Silent("store")),
    }
}
