//! Ten programs, and four tools to build them with. Which takes which?
//!
//! 1. A chat server with 20,000 open connections, most of them silent.
//! 2. Small versions of 5,000 photos, all in memory, as fast as the cores allow.
//! 3. A library function that decodes a message from a `&[u8]`.
//! 4. A web page put together from the answers of six services, each of which
//!    has 300 ms to answer.
//! 5. A recorder for three instruments, each read by its maker's blocking driver,
//!    in a program without a runtime.
//! 6. A command that reads one file and prints how many lines it has.
//! 7. The resizing of one uploaded picture, 200 ms of computing, in a server that
//!    is otherwise async.
//! 8. A status port for at most two operators at a time, in a program that has no
//!    runtime and needs none for anything else.
//! 9. A proxy that passes bytes between thousands of clients and a server, and
//!    forgets both sides when the client leaves.
//! 10. The check whether a sentence has balanced parentheses.
//!
//! Complete `choose`. The decision table of chapter 1 has a row for each.

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
    // TODO: match on the number; `ALL` lists what there is.
    todo!()
}

fn main() {
    // You can experiment here; the tests decide.
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
