//! Handlers: functions that run jobs, with typed input and output.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use task_queue::handler::{Context, Handler, HandlerError, Registry};
//!
//! #[derive(Deserialize)]
//! struct Square { side: u64 }
//!
//! async fn area(_context: Context, square: Square) -> Result<u64, HandlerError> {
//!     square.side.checked_mul(square.side).ok_or_else(|| HandlerError::permanent("side is too long"))
//! }
//!
//! let registry = Registry::new().with("area", Handler::new(area))?;
//! # Ok::<(), task_queue::handler::RegistryError>(())
//! ```
//!
//! A job may run twice, so a handler must bear that: it looks whether its work is already done,
//! or does it in a way that doing it again changes nothing.

use std::collections::HashMap;
use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use service::body::fault;

use crate::invalid::Invalid;
use crate::name::TaskName;

mod context;

pub use context::Context;
pub(crate) use context::ProgressCell;

/// Why a handler failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// Another attempt may succeed: the job is tried again after a while.
    #[error("{0}")]
    Retryable(String),
    /// No attempt will succeed: the job becomes a dead letter now.
    #[error("{0}")]
    Permanent(String),
    /// The handler stopped because [`Context::stop`] fired. What becomes of the job follows from
    /// the reason for stopping.
    #[error("stopped before it was done")]
    Stopped,
}

/// A function that runs jobs, made of an async function ([`Handler::new`]) or of one that blocks
/// ([`Handler::blocking`]).
#[derive(Clone)]
pub struct Handler(pub(crate) Run);

/// The two ways of running; both take JSON and return JSON.
#[derive(Clone)]
pub(crate) enum Run {
    Async(Arc<dyn Fn(Context, String) -> BoxFuture + Send + Sync>),
    Blocking(Arc<dyn Fn(Context, String) -> Output + Send + Sync>),
}

pub(crate) type Output = Result<String, HandlerError>;
type BoxFuture = Pin<Box<dyn Future<Output = Output> + Send>>;

/// The handlers of a worker, by the name of the task.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: HashMap<TaskName, Handler>,
}

/// Why a handler cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The name breaks the rules for names.
    #[error(transparent)]
    Name(#[from] Invalid),
    /// There is a handler of that name.
    #[error("task {0} has two handlers")]
    Twice(TaskName),
}

impl HandlerError {
    /// Another attempt may succeed.
    pub fn retryable(reason: impl Display) -> Self {
        Self::Retryable(reason.to_string())
    }

    /// No attempt will succeed.
    pub fn permanent(reason: impl Display) -> Self {
        Self::Permanent(reason.to_string())
    }
}

impl Handler {
    /// An async function. It shares the runtime's threads with everything else, heartbeats too, so it
    /// must not compute or block for longer than a millisecond or so between two `.await`s.
    pub fn new<I, O, F, Fut>(function: F) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(Context, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HandlerError>> + Send + 'static,
    {
        let run = move |context, payload: String| -> BoxFuture {
            match decode(&payload) {
                Ok(input) => {
                    let running = function(context, input);
                    Box::pin(async { encode(&running.await?) })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        };
        Self(Run::Async(Arc::new(run)))
    }

    /// A function that computes or blocks. It runs on Tokio's blocking pool, off the runtime.
    ///
    /// **It cannot be interrupted.** A thread stops only by itself: look at
    /// [`context.stop`](Context::stop) (`is_cancelled`) between steps. One that does not look is given
    /// up after its timeout and the grace: the job is tried again, elsewhere perhaps, while the old
    /// thread still runs and keeps its slot in this worker until it returns.
    pub fn blocking<I, O, F>(function: F) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(Context, I) -> Result<O, HandlerError> + Send + Sync + 'static,
    {
        let run = move |context, payload: String| encode(&function(context, decode(&payload)?)?);
        Self(Run::Blocking(Arc::new(run)))
    }
}

impl Registry {
    /// Without any handler.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler for the jobs of a task.
    pub fn with(mut self, task: &str, handler: Handler) -> Result<Self, RegistryError> {
        let task = TaskName::new(task)?;
        if self.handlers.contains_key(&task) {
            return Err(RegistryError::Twice(task));
        }
        self.handlers.insert(task, handler);
        Ok(self)
    }

    pub(crate) fn into_handlers(self) -> HashMap<TaskName, Handler> {
        self.handlers
    }
}

fn decode<I: DeserializeOwned>(payload: &str) -> Result<I, HandlerError> {
    let mut json = serde_json::Deserializer::from_str(payload);
    let input = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| HandlerError::Permanent(fault("input", &error)))?;
    json.end()
        .map_err(|error| HandlerError::Permanent(format!("input: {error}")))?;
    Ok(input)
}

fn encode<O: Serialize>(output: &O) -> Output {
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::new(&mut json);
    serde_path_to_error::serialize(output, &mut writer)
        .map_err(|error| HandlerError::Permanent(fault("output", &error)))?;
    String::from_utf8(json).map_err(HandlerError::permanent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::context::tests::context;
    use super::*;

    #[derive(Deserialize)]
    struct Image {
        size: Size,
    }

    #[derive(Deserialize)]
    struct Size {
        width: u32,
    }

    async fn call(handler: &Handler, payload: &str) -> Output {
        match &handler.0 {
            Run::Async(run) => run(context(), payload.to_owned()).await,
            Run::Blocking(run) => run(context(), payload.to_owned()),
        }
    }

    async fn width(_: Context, image: Image) -> Result<u32, HandlerError> {
        Ok(image.size.width)
    }

    #[tokio::test]
    async fn a_handler_takes_and_returns_its_own_types() {
        let answer = call(&Handler::new(width), r#"{"size":{"width":3}}"#).await;
        assert_eq!(answer, Ok("3".into()));
        let double = Handler::blocking(|_, n: u32| Ok(vec![n, n]));
        assert_eq!(call(&double, "4").await, Ok("[4,4]".into()));
    }

    #[tokio::test]
    async fn a_wrong_input_is_permanent_and_names_the_field() {
        for (payload, expected) in [
            (
                r#"{"size":{"width":"wide"}}"#,
                "input.size.width: invalid type: string \"wide\", expected u32 at line 1 column 23",
            ),
            ("{", "input: EOF while parsing an object at line 1 column 1"),
            (
                r#"{"size":{"width":3}} more"#,
                "input: trailing characters at line 1 column 22",
            ),
        ] {
            let error = call(&Handler::new(width), payload).await;
            assert_eq!(error, Err(HandlerError::permanent(expected)));
        }
    }

    #[tokio::test]
    async fn an_output_that_is_no_json_is_permanent_and_names_the_field() {
        let bad = |_: Context, (): ()| {
            let keys = BTreeMap::from([(vec![1], "lists are no keys")]);
            Ok(BTreeMap::from([("index", keys)]))
        };
        let error = call(&Handler::blocking(bad), "null").await;
        let expected = "output.index: key must be a string";
        assert_eq!(error, Err(HandlerError::permanent(expected)));
    }

    #[test]
    fn a_task_has_one_handler_and_a_proper_name() {
        let registry = Registry::new().with("width", Handler::new(width)).unwrap();
        let twice = registry.with("width", Handler::new(width)).err().unwrap();
        assert_eq!(twice.to_string(), "task width has two handlers");
        let unnamed = Registry::new().with("", Handler::new(width)).err().unwrap();
        assert!(unnamed.to_string().starts_with("task name: "), "{unnamed}");
    }
}
