//! Wrong: counts calm ticks in all, and not in a row: a pool that is busy every other tick shrinks.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    workers: u32,
    /// Ticks in a row in which at most half of the workers were busy.
    calm: u32,
}

/// The size after a tick that saw this.
fn next(size: Size, busy: u32, first_waited: Duration) -> Size {
    let Size { workers, calm } = size;
    if busy >= workers && first_waited > Duration::from_millis(200) {
        let workers = (workers * 2).min(32);
        return Size { workers, calm: 0 };
    }
    if busy > workers / 2 {
        return size;
    }
    if calm + 1 < 5 {
        let calm = calm + 1;
        return Size { workers, calm };
    }
    let workers = (workers - 1).max(2);
    Size { workers, calm: 0 }
}

fn main() {}
