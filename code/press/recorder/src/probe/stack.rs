//! The tasks and marks that a thread is inside of.

use std::cell::RefCell;

thread_local! {
    /// Outermost first.
    static STACK: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// Something that is being polled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A task by the id of its span; `blocks` if it is what `block_on` runs.
    Task { id: u64, blocks: bool },
    /// A marked future.
    Mark(u64),
}

/// Goes inside.
pub fn push(entry: Entry) {
    look(|stack| stack.push(entry));
}

/// Comes out again, wherever the entry is.
pub fn remove(is_it: impl Fn(&Entry) -> bool) -> Option<Entry> {
    look(|stack| {
        let index = stack.iter().rposition(is_it)?;
        Some(stack.remove(index))
    })?
}

/// The task that runs on this thread, and whether it is what `block_on` runs.
pub fn task() -> Option<(u64, bool)> {
    look(|stack| {
        stack.iter().rev().find_map(|entry| match entry {
            Entry::Task { id, blocks } => Some((*id, *blocks)),
            Entry::Mark(_) => None,
        })
    })?
}

/// The innermost mark of the task that runs.
pub fn mark() -> Option<u64> {
    look(|stack| match stack.last() {
        Some(Entry::Mark(id)) => Some(*id),
        _ => None,
    })?
}

/// Nothing, on a thread that is about to end.
fn look<T>(look: impl FnOnce(&mut Vec<Entry>) -> T) -> Option<T> {
    STACK.try_with(|stack| look(&mut stack.borrow_mut())).ok()
}
