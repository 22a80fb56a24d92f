//! All that `main` does.

use std::future::Future;
use std::io;
use std::process::{self, ExitCode};

use anyhow::{Error, Result};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Runs `main` on a multi-thread runtime and makes its outcome an exit code; an error is printed
/// with its causes, and with the limit of open files if that is one of them.
///
/// The token fires with the first SIGTERM or Ctrl-C: what runs may end in order. A second signal
/// ends the process at once, with the status that a shell gives it (143, 130).
/// Blocking work that has not ended when `main` returns is not waited for.
pub fn run<F, R>(main: F) -> ExitCode
where
    F: FnOnce(CancellationToken) -> R,
    R: Future<Output = Result<()>>,
{
    raise_file_limit();
    let runtime = Runtime::new().expect("threads and a selector");
    let outcome = runtime.block_on(async {
        let stop = CancellationToken::new();
        tokio::spawn(listen(
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            stop.clone(),
        ));
        main(stop).await
    });
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}{}", limit_of_files(&error));
            ExitCode::FAILURE
        }
    }
}

async fn listen(mut terminate: Signal, mut interrupt: Signal, stop: CancellationToken) {
    let mut next = async || {
        tokio::select! {
            _ = terminate.recv() => 128 + 15,
            _ = interrupt.recv() => 128 + 2,
        }
    };
    next().await;
    info!("stopping; a second signal ends it at once");
    stop.cancel();
    process::exit(next().await);
}

/// Lets this process open as many files as it may: each connection takes one, and many systems
/// start a program with 1,024 and let it ask for more.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where it is refused, a connection waits in the kernel's queue while all files are in use.
    let _ = setrlimit(Resource::Nofile, most);
}

/// How many files this process may have open; `None` if there is no limit.
pub fn file_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// What to add to an error that has come because no more files may be opened.
fn limit_of_files(error: &Error) -> String {
    let is_it = |cause: &io::Error| Errno::from_io_error(cause) == Some(Errno::MFILE);
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref());
    match file_limit() {
        Some(limit) if causes.any(is_it) => format!("; `ulimit -Hn` gives this process {limit}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_files_run_out_their_limit_is_named_and_nowhere_else() {
        let error = |errno: Errno| {
            let error = Error::new(io::Error::from(errno));
            limit_of_files(&error.context("cannot listen"))
        };
        let limit = file_limit().map_or(String::new(), |limit| limit.to_string());
        assert!(error(Errno::MFILE).ends_with(&limit));
        assert_eq!(error(Errno::ADDRINUSE), "");
    }
}
