//! A pool that says in time when it's empty.

use std::time::Duration;

use deadpool_postgres::{BuildError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

// ANCHOR: limits
/// What a connection is told before it's lent again. It answers only if it still lives.
const RESET: &str = "ROLLBACK; RESET ALL";

/// What a pool may do to you, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at most. The sum over all processes must stay below the server's
    /// `max_connections`.
    pub size: usize,
    /// The longest wait for a connection that others have, before `PoolError::Timeout`.
    pub wait: Duration,
    /// The longest time to connect, or to reset a connection before it's lent again.
    pub connect: Duration,
    /// The longest time that the server works on one statement.
    pub statement: Duration,
}

/// A pool without connections; they're made when they are needed.
///
/// # Errors
///
/// None with these settings: a runtime is given, as timeouts want it.
pub fn open(server: &Config, limits: Limits) -> Result<Pool, BuildError> {
    let mut server = server.clone();
    server.options(format!(
        "-c statement_timeout={}",
        limits.statement.as_millis()
    ));
    let recycling_method = RecyclingMethod::Custom(RESET.to_owned());
    let config = ManagerConfig { recycling_method };
    Pool::builder(Manager::from_config(server, NoTls, config))
        .runtime(Runtime::Tokio1)
        .max_size(limits.size)
        .wait_timeout(Some(limits.wait))
        .create_timeout(Some(limits.connect))
        .recycle_timeout(Some(limits.connect))
        .build()
}
// ANCHOR_END: limits
