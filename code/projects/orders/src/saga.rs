//! The saga of an order as a state machine: from its events follows what is to be done next.
//!
//! The steps are done in order. If one is refused, or the deadline passes, or the customer
//! cancels, what may have been done is undone in reverse, beginning with the step that was
//! refused: its answer may be wrong about its effect. [`Step::Dispatch`] is the point of no return;
//! after it there are two ends, the parcel is taken or the carrier refuses it, and no deadline.

pub mod runner;

use serde::{Deserialize, Serialize};

use crate::command::Aggregate;
use crate::event::{Event, Step};
use crate::order::Order;

/// The steps, in order.
pub const STEPS: [Step; 4] = [Step::Reserve, Step::Charge, Step::Dispatch, Step::Ship];

/// Those that can be undone.
const UNDOABLE: [Step; 2] = [Step::Reserve, Step::Charge];

/// A saga, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saga {
    /// When it gives up, in milliseconds since 1970. `None`: it hasn't begun.
    pub deadline_ms: Option<i64>,
    /// The steps that are done.
    pub done: Vec<Step>,
    /// Where it turned round, and why.
    pub refused: Option<(Step, String)>,
    /// The steps that are undone.
    pub undone: Vec<Step>,
    /// Where it's stuck, and what the other side said.
    pub stuck: Option<(Step, String)>,
    /// It's over.
    pub ended: bool,
}

impl Aggregate for Saga {
    const KIND: &str = "saga";
    const FORMAT: u32 = 1;

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Began { deadline_ms } => self.deadline_ms = Some(*deadline_ms),
            Event::Done { step } => self.done.push(*step),
            Event::Refused { step, reason } => self.refused = Some((*step, reason.clone())),
            Event::Undone { step } => self.undone.push(*step),
            Event::Stuck { step, error } => self.stuck = Some((*step, error.clone())),
            Event::Resumed => self.stuck = None,
            Event::Ended => self.ended = true,
            _ => {} // of another kind of stream
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Do the step.
    Do(Step),
    /// Turn round at the step, without doing it.
    TurnAt(Step, String),
    /// Undo the step.
    Undo(Step),
    /// Tell the order how it ended.
    End(Event),
    /// It's over, or stuck, or hasn't begun.
    Nothing,
}

impl Saga {
    // ANCHOR: next
    /// What is to be done next, whatever happened before.
    pub fn next(&self, order: &Order, now_ms: i64) -> Next {
        let Some(deadline_ms) = self.deadline_ms else {
            return Next::Nothing;
        };
        if self.ended || self.stuck.is_some() {
            return Next::Nothing;
        }
        if let Some((at, reason)) = &self.refused {
            let back = UNDOABLE
                .iter()
                .rev()
                .find(|step| *step <= at && !self.undone.contains(step));
            return match back {
                Some(step) => Next::Undo(*step),
                None => Next::End(Event::Canceled {
                    reason: reason.clone(),
                }),
            };
        }
        let Some(step) = STEPS.into_iter().find(|step| !self.done.contains(step)) else {
            return Next::End(Event::Shipped);
        };
        let may_turn = step < Step::Dispatch;
        match &order.cancel_requested {
            Some(reason) if may_turn => Next::TurnAt(step, reason.clone()),
            _ if may_turn && now_ms > deadline_ms => {
                Next::TurnAt(step, "it took too long".to_owned())
            }
            _ => Next::Do(step),
        }
    }
    // ANCHOR_END: next
}
