//! What can go wrong in a broker, by what the caller can do about it.

use crate::invalid::Invalid;
use crate::job::JobId;
use crate::name::QueueName;

/// What a broker answers.
pub type Result<T, E = BrokerError> = std::result::Result<T, E>;

/// Why a broker did not do what it was asked. A batch is done as a whole or not at all.
///
/// [`is_transient`](BrokerError::is_transient) tells whether trying again can help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// A field breaks a rule; nothing was stored. Tell the sender: the same request never succeeds.
    #[error(transparent)]
    Invalid(#[from] Invalid),

    /// A job waits for one that the store does not know (anymore). Nothing of the batch was stored.
    #[error("job {job} waits for job {missing}, which is not known; its result may have expired")]
    UnknownDependency {
        /// The job that was to be enqueued.
        job: JobId,
        /// The one it waits for.
        missing: JobId,
    },

    /// The queue is full. Nothing of the batch was stored: slow down and send it again.
    #[error("queue {queue} holds {depth} jobs and was sent {sent} more, its limit is {limit}")]
    QueueFull {
        /// The queue.
        queue: QueueName,
        /// Jobs that wait in it.
        depth: u64,
        /// Jobs in this batch for that queue.
        sent: u64,
        /// The most that may wait.
        limit: u64,
    },

    /// The store cannot be reached or does not answer now. What was asked may or may not have
    /// been done; every call of a broker may be sent again.
    #[error("the store is not available: {0}")]
    Unavailable(String),

    /// The store has no room: the disk is full, or Redis is at `maxmemory`. Nothing was stored.
    /// Finishing jobs still works on Redis, and makes room.
    #[error("the store has no room: {0}")]
    NoRoom(String),

    /// The store holds something that this program did not write, or cannot read. Needs a person.
    #[error("the store is damaged or is not ours: {0}")]
    Damaged(String),

    /// The store refuses this program: wrong password, missing right, unknown command, old version.
    #[error("the store refuses: {0}")]
    Refused(String),

    /// The broker was closed in this process.
    #[error("the broker is closed")]
    Closed,
}

impl BrokerError {
    /// Whether the same call can succeed later without anyone changing it.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::QueueFull { .. } | Self::Unavailable(_) | Self::NoRoom(_)
        )
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid(Invalid::new(field, reason))
    }

    /// A queue that holds jobs is not forgotten.
    pub(crate) fn holds_jobs(jobs: u64) -> Self {
        Self::invalid("queue", format!("it holds {jobs} jobs"))
    }

    pub(crate) fn unavailable(reason: impl ToString) -> Self {
        Self::Unavailable(reason.to_string())
    }

    pub(crate) fn damaged(reason: impl ToString) -> Self {
        Self::Damaged(reason.to_string())
    }
}
