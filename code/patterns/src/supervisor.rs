//! A supervisor: it starts tasks, restarts those that panic, and gives up when it happens too often.
//!
//! The strategies and the limit are those of Erlang's [supervisor behaviour]. A child that returns
//! is done and stays so; a child that panics is started anew, from its first line. What is to
//! survive a restart lives outside of it: the receiver of its mailbox, its last snapshot.
//!
//! [supervisor behaviour]: https://www.erlang.org/doc/system/sup_princ.html

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::Instant;

// ANCHOR: types
/// Which children are started anew when one of them panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// That one. For children that don't need each other.
    OneForOne,
    /// All. For children that share what the panic may have spoiled.
    OneForAll,
    /// That one and those that were started after it, which may depend on it.
    RestForOne,
}

/// More than `restarts` of them `within` this time, and the supervisor gives up.
#[derive(Debug, Clone, Copy)]
pub struct Intensity {
    /// So many restarts are still allowed.
    pub restarts: usize,
    /// The span over which they are counted.
    pub within: Duration,
}

/// The supervisor has given up, and all of its children are stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{child} has panicked once too often")]
pub struct TooManyRestarts {
    /// The child whose panic was the last.
    pub child: String,
}
// ANCHOR_END: types

/// Children, in the order in which they are started.
pub struct Supervisor {
    strategy: Strategy,
    intensity: Intensity,
    children: Vec<Child>,
    tasks: JoinSet<()>,
    /// Which child a running task is.
    ids: HashMap<Id, usize>,
    restarts: VecDeque<Instant>,
}

struct Child {
    name: String,
    start: Box<dyn FnMut() -> BoxFuture<'static, ()> + Send>,
    running: Option<AbortHandle>,
}

impl Supervisor {
    /// A supervisor without children.
    pub fn new(strategy: Strategy, intensity: Intensity) -> Supervisor {
        Supervisor {
            strategy,
            intensity,
            children: Vec::new(),
            tasks: JoinSet::new(),
            ids: HashMap::new(),
            restarts: VecDeque::new(),
        }
    }

    /// Adds a child. `start` is called for each of its lives.
    pub fn child<F>(mut self, name: &str, mut start: impl FnMut() -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.children.push(Child {
            name: name.to_owned(),
            start: Box::new(move || Box::pin(start())),
            running: None,
        });
        self
    }

    // ANCHOR: run
    /// Starts all children, and returns when all of them have returned.
    ///
    /// Dropping the future aborts the children.
    ///
    /// # Errors
    ///
    /// When children panic more often than the intensity allows. Whoever supervises this
    /// supervisor decides what then; the children are gone.
    pub async fn run(mut self) -> Result<(), TooManyRestarts> {
        self.start(0..self.children.len());
        let mut ended = VecDeque::new();
        loop {
            let (child, panicked) = match ended.pop_front() {
                Some(earlier) => earlier,
                None => match self.next_end().await {
                    Some(end) => end,
                    None => return Ok(()),
                },
            };
            if !panicked {
                continue;
            }
            if self.is_too_much() {
                self.tasks.shutdown().await;
                let child = self.children[child].name.clone();
                return Err(TooManyRestarts { child });
            }
            let again = match self.strategy {
                Strategy::OneForOne => child..child + 1,
                Strategy::OneForAll => 0..self.children.len(),
                Strategy::RestForOne => child..self.children.len(),
            };
            let stopped = self.stop(again, &mut ended).await;
            self.start(stopped.into_iter().chain([child]));
        }
    }
    // ANCHOR_END: run

    fn start(&mut self, children: impl IntoIterator<Item = usize>) {
        let mut children: Vec<usize> = children.into_iter().collect();
        children.sort_unstable();
        for index in children {
            let child = &mut self.children[index];
            let handle = self.tasks.spawn((child.start)());
            self.ids.insert(handle.id(), index);
            child.running = Some(handle);
        }
    }

    /// Stops those of the children that run, and waits until they are gone.
    async fn stop(
        &mut self,
        children: std::ops::Range<usize>,
        ended: &mut VecDeque<(usize, bool)>,
    ) -> Vec<usize> {
        let running = children.filter(|&index| self.children[index].running.is_some());
        let running: Vec<usize> = running.collect();
        for &index in running.iter().rev() {
            self.children[index]
                .running
                .as_ref()
                .expect("it runs")
                .abort();
        }
        while running
            .iter()
            .any(|&index| self.children[index].running.is_some())
        {
            let end = self.next_end().await.expect("one of them runs");
            if !running.contains(&end.0) {
                ended.push_back(end);
            }
        }
        running
    }

    /// The next child that ends, and whether it panicked.
    async fn next_end(&mut self) -> Option<(usize, bool)> {
        let (id, panicked) = match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => (id, false),
            Err(error) => (error.id(), error.is_panic()),
        };
        let index = self.ids.remove(&id).expect("it was started here");
        self.children[index].running = None;
        Some((index, panicked))
    }

    /// Counts a restart, and forgets those that are long ago.
    fn is_too_much(&mut self) -> bool {
        let now = Instant::now();
        self.restarts.push_back(now);
        let Intensity { restarts, within } = self.intensity;
        while self
            .restarts
            .front()
            .is_some_and(|then| now - *then > within)
        {
            self.restarts.pop_front();
        }
        self.restarts.len() > restarts
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.children.iter().map(|it| it.name.as_str()).collect();
        f.debug_struct("Supervisor")
            .field("strategy", &self.strategy)
            .field("children", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::{sleep, sleep_until, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const OFTEN: Intensity = Intensity {
        restarts: 5,
        within: Duration::from_secs(60),
    };

    type Log = Arc<Mutex<Vec<String>>>;

    /// A child that notes its starts, and panics a second after each of the first `panics`.
    fn child(
        log: &Log,
        name: &'static str,
        panics: usize,
    ) -> impl FnMut() -> BoxFuture<'static, ()> + use<> {
        let (log, mut lives) = (Arc::clone(log), 0);
        move || {
            lives += 1;
            log.lock()
                .expect("no panic")
                .push(format!("{name} {lives}"));
            let bad = lives <= panics;
            Box::pin(async move {
                sleep(SECOND).await;
                assert!(!bad, "a bad day");
                sleep(9 * SECOND).await;
            })
        }
    }

    // ANCHOR: strategies
    /// The lives that follow the cache's panic. Each child writes down its lives.
    async fn second_lives(strategy: Strategy) -> Vec<String> {
        let log = Log::default();
        let supervisor = Supervisor::new(strategy, OFTEN)
            .child("database", child(&log, "database", 0))
            .child("cache", child(&log, "cache", 1))
            .child("api", child(&log, "api", 0));
        assert_eq!(supervisor.run().await, Ok(()));
        let log = Arc::into_inner(log).expect("all are gone");
        let mut lives = log.into_inner().expect("no panic");
        let later = lives.split_off(3);
        assert_eq!(lives, ["database 1", "cache 1", "api 1"]);
        later
    }

    #[tokio::test(start_paused = true)]
    async fn each_strategy_restarts_its_own() {
        let lives = second_lives(Strategy::OneForOne).await;
        assert_eq!(lives, ["cache 2"]);
        let lives = second_lives(Strategy::RestForOne).await;
        assert_eq!(lives, ["cache 2", "api 2"]);
        let lives = second_lives(Strategy::OneForAll).await;
        assert_eq!(lives, ["database 2", "cache 2", "api 2"]);
    }
    // ANCHOR_END: strategies

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_when_it_happens_too_often() {
        let (log, start) = (Log::default(), Instant::now());
        let supervisor = Supervisor::new(Strategy::OneForOne, OFTEN)
            .child("good", child(&log, "good", 0))
            .child("bad", child(&log, "bad", usize::MAX));
        let error = supervisor.run().await.expect_err("too often");
        assert_eq!(error.child, "bad");
        assert_eq!(start.elapsed(), 6 * SECOND); // five restarts, and the sixth is too much
    }

    // ANCHOR: intensity
    /// Does a supervisor that allows three restarts within ten seconds give up a child that
    /// panics at these seconds?
    async fn gives_up(panics: &'static [u32]) -> bool {
        let (start, mut panics) = (Instant::now(), panics.iter());
        let child = move || {
            let next = panics.next();
            async move {
                if let Some(second) = next {
                    sleep_until(start + SECOND * *second).await;
                    panic!("the cable is loose");
                }
            }
        };
        let intensity = Intensity {
            restarts: 3,
            within: 10 * SECOND,
        };
        let supervisor = Supervisor::new(Strategy::OneForOne, intensity);
        supervisor.child("sensor", child).run().await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_happens_within_the_span_is_too_often() {
        assert!(!gives_up(&[1, 2, 3, 30]).await);
        assert!(gives_up(&[1, 2, 3, 4]).await);
    }
    // ANCHOR_END: intensity

    #[tokio::test(start_paused = true)]
    async fn panics_that_are_far_apart_are_no_reason_to_give_up() {
        let log = Log::default();
        let rare = Intensity {
            restarts: 1,
            within: SECOND / 2,
        };
        let supervisor = Supervisor::new(Strategy::OneForOne, rare);
        let supervisor = supervisor.child("a", child(&log, "a", 20));
        assert_eq!(supervisor.run().await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_it_stops_the_children() {
        let log = Log::default();
        let supervisor = Supervisor::new(Strategy::OneForOne, OFTEN);
        let supervisor = supervisor.child("a", child(&log, "a", 0));
        assert!(timeout(SECOND, supervisor.run()).await.is_err());
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&log), 1);
    }
}
