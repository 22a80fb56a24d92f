//! What time it is, for the service and for those who test it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The clock of the wall, which may be set back or forward at any time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Own>>);

#[derive(Debug)]
struct Own {
    begun: Instant,
    set_ms: AtomicI64,
}

impl Clock {
    /// A clock that begins at zero, goes with the runtime's, and can be set.
    pub fn own() -> Clock {
        let (begun, set_ms) = (Instant::now(), AtomicI64::new(0));
        Clock(Some(Arc::new(Own { begun, set_ms })))
    }

    /// Sets a clock of one's own forward, or back.
    pub fn leap(&self, milliseconds: i64) {
        if let Some(own) = &self.0 {
            own.set_ms.fetch_add(milliseconds, Ordering::Relaxed);
        }
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        let (since, set) = match &self.0 {
            Some(own) => (own.begun.elapsed(), own.set_ms.load(Ordering::Relaxed)),
            None => (
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
                0,
            ),
        };
        i64::try_from(since.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(set)
    }
}
