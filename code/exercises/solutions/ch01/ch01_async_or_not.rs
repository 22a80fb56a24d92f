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
        1 | 4 | 9 => Tool::Async,
        5 | 8 => Tool::Threads,
        2 | 7 => Tool::Pool,
        _ => Tool::Plain,
    }
}

fn main() {
    println!("the tools: {ALL:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_waits_or_waits_that_are_combined_take_async() {
        for program in [1, 4, 9] {
            assert_eq!(choose(program), Tool::Async, "program {program}");
        }
    }

    #[test]
    fn a_few_waits_without_a_runtime_take_threads() {
        for program in [5, 8] {
            assert_eq!(choose(program), Tool::Threads, "program {program}");
        }
    }

    #[test]
    fn computing_takes_a_pool_even_inside_an_async_server() {
        for program in [2, 7] {
            assert_eq!(choose(program), Tool::Pool, "program {program}");
        }
    }

    #[test]
    fn nothing_to_overlap_takes_a_plain_function() {
        for program in [3, 6, 10] {
            assert_eq!(choose(program), Tool::Plain, "program {program}");
        }
    }
}
