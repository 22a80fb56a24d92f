//! A blackboard with a memory: facts that say who posted them, from what, and as which version.
//!
//! The [board](crate::board) keeps the newest fact of each topic. This one keeps a log of all,
//! so that a specialist misses none, a post on outdated knowledge is refused, a conclusion can be
//! traced back to its reasons, and a run can be replayed. It has a budget of facts, which
//! bounds its memory and ends specialists that answer each other forever.
//!
//! Take the board if only the newest facts matter, and a channel if each message has one reader.
//!
//! Each post wakes all followers, whatever their topics: meant for tens of them, not thousands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

// ANCHOR: fact
/// The place of a fact in the log, from 1 on. 0 stands for "nothing is known".
pub type Version = usize;

/// What a source has posted.
/// A fact is not changed later; a newer one may replace it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact<V> {
    /// Its place in the log.
    pub version: Version,
    /// What it is about.
    pub topic: String,
    /// What it says.
    pub value: V,
    /// Who posted it.
    pub source: String,
    /// The facts it was concluded from, which are older:
    /// reasons cannot run in a circle.
    pub because: Vec<Version>,
}

/// Why a fact was not posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The topic has this version by now: read it, and think again.
    Stale {
        /// The version of the newest fact.
        now: Version,
    },
    /// The budget of facts is used up: stop, and report what there is.
    Spent,
}
// ANCHOR_END: fact

/// A cheap handle to facts that tasks share.
#[derive(Clone, Debug)]
pub struct Blackboard<V>(Arc<Shared<V>>);

#[derive(Debug)]
struct Shared<V> {
    /// A std mutex: sections are short and never cross an `.await`.
    state: Mutex<State<V>>,
    /// Rings after each post.
    posted: Notify,
    /// Rings when a follower has come to the end of the log, or has gone.
    read: Notify,
}

#[derive(Debug)]
struct State<V> {
    log: Vec<Fact<V>>,
    /// The newest version of each topic.
    newest: BTreeMap<String, Version>,
    budget: usize,
    /// How many facts each follower is done with, by its number.
    done: BTreeMap<usize, Version>,
    followers: usize,
}

// ANCHOR: board
impl<V: Clone> Blackboard<V> {
    /// A board on which nothing is known, with room for `budget` facts.
    pub fn new(budget: usize) -> Blackboard<V> {
        Blackboard(Arc::new(Shared {
            state: Mutex::new(State {
                log: Vec::new(),
                newest: BTreeMap::new(),
                budget,
                done: BTreeMap::new(),
                followers: 0,
            }),
            posted: Notify::new(),
            read: Notify::new(),
        }))
    }

    /// The board on which the facts of `log` have been posted, in their order.
    /// The first facts of a log give the board as it was at that moment.
    ///
    /// # Panics
    ///
    /// If `log` is not the beginning of a log: its versions must be 1, 2, 3 and so on.
    pub fn replay(log: &[Fact<V>], budget: usize) -> Blackboard<V> {
        let board = Blackboard::new(budget.max(log.len()));
        for fact in log {
            let posted = board.insert(None, fact.clone());
            assert_eq!(posted, Ok(fact.version), "a hole in the log");
        }
        board
    }

    /// A handle that signs what it posts.
    pub fn source(&self, name: &str) -> Source<V> {
        Source {
            board: self.clone(),
            name: name.to_string(),
        }
    }

    /// The newest fact of a topic, if one is known.
    pub fn get(&self, topic: &str) -> Option<Fact<V>> {
        let state = self.state();
        let version = *state.newest.get(topic)?;
        Some(state.log[version - 1].clone())
    }

    /// All facts, in the order in which they were posted.
    pub fn log(&self) -> Vec<Fact<V>> {
        self.state().log.clone()
    }

    /// The fact and all that it was concluded from, oldest first.
    ///
    /// # Panics
    ///
    /// If there is no fact of this version.
    pub fn reasons(&self, version: Version) -> Vec<Fact<V>> {
        let state = self.state();
        let mut wanted = BTreeSet::from([version]);
        // Reasons are older than what they lead to: one walk back finds all.
        for fact in state.log[..version].iter().rev() {
            if wanted.contains(&fact.version) {
                wanted.extend(&fact.because);
            }
        }
        let fact = |version: &Version| state.log[version - 1].clone();
        wanted.iter().map(fact).collect()
    }
}
// ANCHOR_END: board

// ANCHOR: insert
impl<V: Clone> Blackboard<V> {
    fn insert(&self, seen: Option<Version>, fact: Fact<V>) -> Result<Version, Refused> {
        let mut state = self.state();
        let now = state.newest.get(&fact.topic).copied().unwrap_or(0);
        if seen.is_some_and(|seen| seen != now) {
            return Err(Refused::Stale { now });
        }
        if state.log.len() == state.budget {
            return Err(Refused::Spent);
        }
        let version = state.log.len() + 1;
        let known = |reason: &Version| (1..version).contains(reason);
        assert!(fact.because.iter().all(known), "a reason that is not known");
        state.newest.insert(fact.topic.clone(), version);
        state.log.push(Fact { version, ..fact });
        drop(state);
        self.0.posted.notify_waiters();
        Ok(version)
    }

    fn state(&self) -> MutexGuard<'_, State<V>> {
        // What panics under the lock does so before it changes anything.
        (self.0.state.lock()).unwrap_or_else(PoisonError::into_inner)
    }
}
// ANCHOR_END: insert

/// A handle to the board that signs what it posts.
#[derive(Clone, Debug)]
pub struct Source<V> {
    board: Blackboard<V>,
    name: String,
}

// ANCHOR: source
impl<V: Clone> Source<V> {
    /// Posts a fact, whatever is known by now, and wakes those that follow.
    ///
    /// # Errors
    ///
    /// [`Refused::Spent`].
    ///
    /// # Panics
    ///
    /// If one of the reasons is not the version of a fact on the board.
    pub fn post(&self, topic: &str, value: V, because: &[Version]) -> Result<Version, Refused> {
        self.board.insert(None, self.sign(topic, value, because))
    }

    /// Posts a fact if the topic's newest is still the one of version `seen`, 0 for none.
    ///
    /// # Errors
    ///
    /// [`Refused`], and nothing has changed.
    ///
    /// # Panics
    ///
    /// As [`post`](Source::post).
    pub fn post_if(
        &self,
        seen: Version,
        topic: &str,
        value: V,
        because: &[Version],
    ) -> Result<Version, Refused> {
        let fact = self.sign(topic, value, because);
        self.board.insert(Some(seen), fact)
    }

    fn sign(&self, topic: &str, value: V, because: &[Version]) -> Fact<V> {
        Fact {
            version: 0, // The board knows.
            topic: topic.to_string(),
            value,
            source: self.name.clone(),
            because: because.to_vec(),
        }
    }
}
// ANCHOR_END: source

/// A reader of the log, at its own pace; from [`Blackboard::follow`].
#[derive(Debug)]
pub struct Follower<V: Clone> {
    board: Blackboard<V>,
    number: usize,
    topics: Vec<String>,
    place: Version,
}

impl<V: Clone> Blackboard<V> {
    /// A follower of these topics, from the first fact on.
    pub fn follow(&self, topics: &[&str]) -> Follower<V> {
        let mut state = self.state();
        state.followers += 1;
        let number = state.followers;
        state.done.insert(number, 0);
        Follower {
            board: self.clone(),
            number,
            topics: topics.iter().map(|topic| topic.to_string()).collect(),
            place: 0,
        }
    }

    // ANCHOR: settled
    /// Waits until each follower has come to the end of the log and asks for more.
    /// Then nothing will happen here before a fact comes from outside.
    ///
    /// Work that a follower hands to another task is not seen, unless that follows too.
    ///
    /// Cancel safe.
    pub async fn settled(&self) {
        loop {
            let read = self.0.read.notified(); // Listens before it looks.
            if self.is_settled() {
                return;
            }
            read.await;
        }
    }

    fn is_settled(&self) -> bool {
        let state = self.state();
        state.done.values().all(|done| *done == state.log.len())
    }
    // ANCHOR_END: settled
}

// ANCHOR: next
impl<V: Clone> Follower<V> {
    /// The next fact of the topics.
    /// Asking for it says that the one before is dealt with.
    ///
    /// Cancel safe: a fact that is not returned is the next again.
    pub async fn next(&mut self) -> Fact<V> {
        let board = self.board.clone();
        loop {
            let posted = board.0.posted.notified();
            if let Some(fact) = self.look() {
                return fact;
            }
            posted.await;
        }
    }

    fn look(&mut self) -> Option<Fact<V>> {
        let mut state = self.board.state();
        let mut rest = state.log[self.place..].iter();
        let found = rest.find(|fact| self.topics.contains(&fact.topic)).cloned();
        self.place = found.as_ref().map_or(state.log.len(), |fact| fact.version);
        // What it returns is not dealt with yet.
        let done = self.place - usize::from(found.is_some());
        state.done.insert(self.number, done);
        drop(state);
        if found.is_none() {
            self.board.0.read.notify_waiters();
        }
        found
    }
}
// ANCHOR_END: next

impl<V: Clone> Drop for Follower<V> {
    fn drop(&mut self) {
        self.board.state().done.remove(&self.number);
        self.board.0.read.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};
    use tokio_test::task::spawn;
    use tokio_test::{assert_pending, assert_ready};

    use super::*;

    fn values(facts: &[Fact<u32>]) -> Vec<u32> {
        facts.iter().map(|fact| fact.value).collect()
    }

    #[test]
    fn a_fact_says_who_posted_it_from_what_and_as_which_version() {
        let board = Blackboard::new(9);
        let seen = board.source("thermometer").post("room", 17, &[]);
        let (heater, seen) = (board.source("heater"), seen.unwrap());
        heater.post("heat", 4, &[seen]).unwrap();
        let fact = board.get("heat").unwrap();
        assert_eq!((fact.version, fact.value), (2, 4));
        assert_eq!((fact.source.as_str(), fact.because), ("heater", vec![1]));
        assert_eq!(board.get("light"), None);
    }

    #[test]
    fn a_post_on_outdated_knowledge_is_refused_and_changes_nothing() {
        let board = Blackboard::new(9);
        let (one, two) = (board.source("one"), board.source("two"));
        assert_eq!(one.post_if(0, "count", 1, &[]), Ok(1));
        assert_eq!(one.post("else", 0, &[]), Ok(2)); // another topic does not matter
        assert_eq!(one.post_if(1, "count", 2, &[]), Ok(3));
        let late = two.post_if(1, "count", 9, &[]);
        assert_eq!(late, Err(Refused::Stale { now: 3 }));
        assert_eq!(values(&board.log()), [1, 0, 2]);
    }

    #[test]
    fn a_step_that_has_begun_refuses_a_newer_plan_and_a_newer_plan_the_step() {
        let plan_after = |begins_first: bool| {
            let board = Blackboard::new(9);
            let (planner, executor) = (board.source("planner"), board.source("executor"));
            let plan = planner.post_if(0, "plan", "restart", &[]).unwrap();
            let begin = || executor.post_if(plan, "plan", "begun", &[]);
            let change = || planner.post_if(plan, "plan", "leave it alone", &[]);
            match begins_first {
                true => (begin(), change()),
                false => (change(), begin()),
            }
        };
        for begins_first in [true, false] {
            let stale = Err(Refused::Stale { now: 2 });
            assert_eq!(plan_after(begins_first), (Ok(2), stale));
        }
    }

    #[test]
    fn the_budget_ends_it() {
        let board = Blackboard::new(2);
        let source = board.source("talker");
        assert!(source.post("a", 1, &[]).is_ok() && source.post("a", 2, &[]).is_ok());
        assert_eq!(source.post("a", 3, &[]), Err(Refused::Spent));
        assert_eq!(board.get("a").unwrap().value, 2);
    }

    #[test]
    fn reasons_are_traced_to_the_beginning() {
        let board = Blackboard::new(9);
        let source = board.source("s");
        for (value, because) in [(1, vec![]), (2, vec![]), (3, vec![1]), (4, vec![2])] {
            source.post("t", value, &because).unwrap();
        }
        let last = source.post("t", 5, &[3, 1]).unwrap();
        assert_eq!(values(&board.reasons(last)), [1, 3, 5]);
    }

    #[test]
    fn a_reason_that_is_not_known_panics_and_leaves_the_board_whole() {
        let board = Blackboard::new(9);
        let source = board.source("s");
        let posted = std::panic::catch_unwind(|| source.post("t", 1, &[1]));
        assert!(posted.is_err());
        assert_eq!(source.post("t", 1, &[]), Ok(1));
    }

    #[test]
    fn a_replayed_log_gives_the_same_board_and_its_beginning_an_earlier_one() {
        let board = Blackboard::new(9);
        let source = board.source("s");
        for (topic, value) in [("a", 1), ("b", 2), ("a", 3)] {
            source.post(topic, value, &[]).unwrap();
        }
        let again = Blackboard::replay(&board.log(), 9);
        assert_eq!(again.log(), board.log());
        assert_eq!(again.get("a"), board.get("a"));
        let earlier = Blackboard::replay(&board.log()[..2], 9);
        assert_eq!(earlier.get("a").unwrap().value, 1);
    }

    #[test]
    fn a_slow_follower_and_a_late_one_miss_nothing_of_their_topics() {
        let board = Blackboard::new(5000);
        let source = board.source("fast");
        let mut slow = board.follow(&["a"]);
        for value in 0..1000 {
            source.post("a", value, &[]).unwrap();
            source.post("b", value, &[]).unwrap();
        }
        let mut late = board.follow(&["b", "a"]);
        for value in 0..1000 {
            assert_eq!(assert_ready!(spawn(slow.next()).poll()).value, value);
            assert_eq!(assert_ready!(spawn(late.next()).poll()).value, value);
            assert_eq!(assert_ready!(spawn(late.next()).poll()).value, value);
        }
        let mut waits = spawn(slow.next());
        assert_pending!(waits.poll());
        source.post("a", 7, &[]).unwrap();
        assert!(waits.is_woken());
        assert_eq!(assert_ready!(waits.poll()).value, 7);
    }

    #[test]
    fn a_wait_that_is_dropped_takes_nothing() {
        let board = Blackboard::new(9);
        let mut follower = board.follow(&["a"]);
        let mut given_up = spawn(follower.next());
        assert_pending!(given_up.poll());
        board.source("s").post("a", 7, &[]).unwrap();
        drop(given_up);
        assert_eq!(assert_ready!(spawn(follower.next()).poll()).value, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn settled_waits_for_slow_work_and_for_what_it_leads_to() {
        let board = Blackboard::new(99);
        let start = Instant::now();
        for (from, to, takes) in [("a", "b", 2), ("b", "c", 3600), ("c", "d", 5)] {
            let (mut facts, source) = (board.follow(&[from]), board.source(from));
            tokio::spawn(async move {
                loop {
                    let fact = facts.next().await;
                    sleep(Duration::from_secs(takes)).await;
                    source.post(to, fact.value, &[fact.version]).unwrap();
                }
            });
        }
        board.settled().await; // nothing is known, nothing happens
        board.source("main").post("a", 1, &[]).unwrap();
        board.settled().await;
        assert_eq!(start.elapsed(), Duration::from_secs(3607));
        assert_eq!(board.reasons(board.get("d").unwrap().version).len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn two_that_answer_each_other_end_with_the_budget() {
        let board = Blackboard::new(100);
        for (from, to) in [("ping", "pong"), ("pong", "ping")] {
            let (mut facts, source) = (board.follow(&[from]), board.source(from));
            tokio::spawn(async move {
                loop {
                    let fact = facts.next().await;
                    sleep(Duration::from_secs(1)).await;
                    if source.post(to, fact.value, &[fact.version]).is_err() {
                        return;
                    }
                }
            });
        }
        board.source("main").post("ping", 0, &[]).unwrap();
        board.settled().await;
        assert_eq!(board.log().len(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_only_once_it_runs_is_not_waited_for() {
        let board = Blackboard::new(9);
        let own = board.clone();
        tokio::spawn(async move {
            let mut facts = own.follow(&["a"]);
            let fact = facts.next().await;
            sleep(Duration::from_secs(1)).await;
            own.source("s").post("b", fact.value, &[]).unwrap();
        });
        board.source("main").post("a", 7, &[]).unwrap();
        board.settled().await;
        assert_eq!(board.get("b"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_follower_that_is_gone_is_not_waited_for() {
        let board = Blackboard::new(9);
        let follower = board.follow(&["a"]);
        board.source("s").post("a", 7, &[]).unwrap();
        let wait = timeout(Duration::from_secs(9), board.settled());
        assert!(wait.await.is_err());
        let other = board.clone();
        let wait = tokio::spawn(async move { other.settled().await });
        sleep(Duration::from_secs(1)).await;
        drop(follower);
        timeout(Duration::from_secs(9), wait)
            .await
            .unwrap()
            .unwrap();
    }
}
