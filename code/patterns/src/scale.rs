//! How many jobs a worker runs at once: more while jobs wait, fewer when most slots are idle.
//!
//! Waiting time decides, not the length of the queue: a thousand jobs of a millisecond need no
//! second slot, ten jobs of a minute do. **The rule**, applied to what each tick saw:
//!
//! - **Up**: every slot was busy *and* a job waits longer than [`Law::target`] → twice the slots.
//! - **Down**: at most half of the slots were busy for [`Law::calm`] ticks in a row → a quarter
//!   fewer, and the count of calm ticks starts again.
//! - Otherwise: nothing.
//!
//! It does not flap. Going down takes `calm` ticks of peace, and the three quarters that are left hold
//! all that was busy: the same load does not wait again, so it cannot push the number up again.
//! And a load that overflowed L slots keeps more than half of 2 × L busy, so it cannot push it down.

use std::time::Duration;

/// The fewest and the most jobs a worker runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least 1.
    pub min: u32,
    /// At least `min`.
    pub max: u32,
}

impl Bounds {
    /// Always the same number.
    pub const fn fixed(jobs: u32) -> Self {
        Self {
            min: jobs,
            max: jobs,
        }
    }

    /// 2 to 16 times the cores. A handler that waits for others (a web page, a database) uses a few
    /// percent of a core, so 16 of them fit one; handlers that compute never fill more than the
    /// cores there are, and two for each keep them busy while results are sent.
    pub fn of_cores(cores: u32) -> Self {
        let cores = cores.max(1);
        Self {
            min: cores.saturating_mul(2),
            max: cores.saturating_mul(16),
        }
    }
}

/// When to change the number of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// Never beyond these.
    pub bounds: Bounds,
    /// Jobs may wait so long before slots are added.
    pub target: Duration,
    /// So many calm ticks in a row take slots away.
    pub calm: u32,
}

/// What happened since the last tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The most jobs that ran at once.
    pub busy: u32,
    /// Jobs in line.
    pub depth: u64,
    /// How long the first of them has waited.
    pub wait: Duration,
}

/// The number of slots, and how calm it has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// How many jobs may run at once.
    pub slots: u32,
    /// Calm ticks in a row.
    calm: u32,
}

impl Scale {
    /// Starts at the lower bound.
    pub fn new(law: &Law) -> Self {
        Self {
            slots: law.bounds.min,
            calm: 0,
        }
    }

    // ANCHOR: next
    /// The scale after a tick that saw this: a pure function.
    #[must_use]
    pub fn next(self, law: &Law, seen: Observation) -> Self {
        let Bounds { min, max } = law.bounds;
        if seen.busy >= self.slots && seen.depth > 0 && seen.wait > law.target {
            let slots = self.slots.saturating_mul(2).clamp(min, max);
            return Self { slots, calm: 0 };
        }
        if seen.busy > self.slots / 2 {
            return Self { calm: 0, ..self };
        }
        let calm = self.calm + 1;
        if calm < law.calm {
            return Self { calm, ..self };
        }
        let fewer = (self.slots / 4).max(1);
        let slots = self.slots.saturating_sub(fewer).clamp(min, max);
        Self { slots, calm: 0 }
    }
    // ANCHOR_END: next
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAW: Law = Law {
        bounds: Bounds { min: 4, max: 50 },
        target: Duration::from_millis(200),
        calm: 5,
    };

    /// What a tick sees when `load` jobs want to run all the time.
    fn under(load: u32, scale: Scale) -> Observation {
        let waiting = load.saturating_sub(scale.slots);
        Observation {
            busy: load.min(scale.slots),
            depth: waiting.into(),
            wait: Duration::from_secs(waiting.into()),
        }
    }

    fn settle(load: u32, mut scale: Scale, ticks: u32) -> Vec<u32> {
        let trace = std::iter::repeat_with(|| {
            scale = scale.next(&LAW, under(load, scale));
            scale.slots
        });
        trace.take(ticks as usize).collect()
    }

    #[test]
    fn doubles_while_jobs_wait_and_stops_at_the_upper_bound() {
        assert_eq!(settle(90, Scale::new(&LAW), 5), [8, 16, 32, 50, 50]);
    }

    #[test]
    fn gives_a_quarter_back_after_each_calm_while() {
        let scale = Scale { slots: 16, calm: 0 };
        let expected = [16, 16, 16, 16, 12, 12, 12, 12, 12, 9, 9, 9, 9, 9, 7];
        assert_eq!(settle(0, scale, 15), expected);
    }

    #[test]
    fn a_long_queue_that_moves_fast_is_no_reason_to_grow() {
        let scale = Scale::new(&LAW);
        let seen = Observation {
            busy: 4,
            depth: 100_000,
            wait: Duration::from_millis(150),
        };
        assert_eq!(scale.next(&LAW, seen).slots, 4);
    }

    #[test]
    fn a_job_that_waits_although_slots_are_free_is_no_reason_to_grow() {
        let scale = Scale { slots: 8, calm: 0 };
        let seen = Observation {
            busy: 5,
            depth: 1,
            wait: Duration::from_secs(60),
        };
        assert_eq!(scale.next(&LAW, seen).slots, 8);
    }

    fn observation() -> impl Strategy<Value = Observation> {
        (0u32..60, 0u64..3, 0u64..500).prop_map(|(busy, depth, wait)| Observation {
            busy,
            depth,
            wait: Duration::from_millis(wait),
        })
    }

    proptest! {
        #[test]
        fn never_leaves_its_bounds(trace in prop::collection::vec(observation(), 0..200)) {
            let mut scale = Scale::new(&LAW);
            for seen in trace {
                scale = scale.next(&LAW, seen);
                prop_assert!((LAW.bounds.min..=LAW.bounds.max).contains(&scale.slots));
            }
        }

        #[test]
        fn takes_slots_away_only_after_a_whole_calm_while(
            trace in prop::collection::vec(observation(), 0..200),
        ) {
            let (mut scale, mut since_change) = (Scale::new(&LAW), 0);
            for seen in trace {
                let next = scale.next(&LAW, seen);
                since_change += 1;
                if next.slots < scale.slots {
                    prop_assert!(since_change >= LAW.calm);
                }
                if next.slots != scale.slots {
                    since_change = 0;
                }
                scale = next;
            }
        }

        #[test]
        fn a_steady_load_is_answered_in_one_direction_and_then_left_alone(
            load in 0u32..100, start in 4u32..=50,
        ) {
            let mut trace = settle(load, Scale { slots: start, calm: 0 }, 100);
            trace.insert(0, start);
            prop_assert!(trace.is_sorted() || trace.is_sorted_by(|a, b| a >= b), "{trace:?}");
            let settled = trace[60];
            prop_assert!(trace[60..].iter().all(|&slots| slots == settled));
            prop_assert!(settled >= load.min(LAW.bounds.max));
        }
    }
}
