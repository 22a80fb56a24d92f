//! Wrong: not everything that waits needs a runtime, and what computes has no wait to overlap.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    /// Tasks on a runtime.
    Async,
    /// A thread for each thing to wait for.
    Threads,
    /// A pool of threads for computing: rayon, or `spawn_blocking`.
    Pool,
    /// An ordinary function, and nothing else.
    Plain,
}

const ALL: [Tool; 4] = [Tool::Async, Tool::Threads, Tool::Pool, Tool::Plain];

/// The tool for one of the programs 1 to 10.
fn choose(program: u32) -> Tool {
    match program {
        1 | 4 | 5 | 7 | 8 | 9 => Tool::Async,
        2 => Tool::Pool,
        _ => Tool::Plain,
    }
}

fn main() {
    println!("the tools: {ALL:?}");
}
