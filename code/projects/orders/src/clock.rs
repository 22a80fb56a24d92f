//! What time it is, for the service and for those who test it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The clock of the wall, which may be set back or forward at any time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// When a clock of one's own began.
    own: Option<Instant>,
    leapt_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that begins at zero, and goes with the runtime's.
    pub fn own() -> Clock {
        let own = Some(Instant::now());
        let leapt_ms = Arc::default();
        Clock { own, leapt_ms }
    }

    /// Sets it forward, or back.
    pub fn leap(&self, milliseconds: i64) {
        self.leapt_ms.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Now, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        let wall = || SystemTime::now().duration_since(UNIX_EPOCH);
        let since = self
            .own
            .map_or_else(|| wall().unwrap_or_default(), |own| own.elapsed());
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        since.saturating_add(self.leapt_ms.load(Ordering::Relaxed))
    }
}
