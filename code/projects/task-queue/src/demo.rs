//! Handlers to try the queue with: what `cargo run -p task-queue` serves until you add your own.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time;

use crate::handler::{Context, Handler, HandlerError, Registry, RegistryError};

/// Input of `sleep` and `stick`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sleep {
    ms: u64,
}

/// Input of `fail`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    message: String,
    /// Fails in this many attempts and then succeeds; always fails without it.
    times: Option<u32>,
    /// Whether no other attempt is worth it.
    #[serde(default)]
    permanent: bool,
}

/// Input of `hash`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hash {
    text: String,
    rounds: u64,
}

/// Input of `report_progress`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    steps: u64,
    step_ms: u64,
}

/// All of them.
pub fn registry() -> Result<Registry, RegistryError> {
    Registry::new()
        .with("abort", Handler::new(abort))?
        .with("echo", Handler::new(echo))?
        .with("fail", Handler::new(fail))?
        .with("hang", Handler::new(hang))?
        .with("hash", Handler::blocking(hash))?
        .with("panic", Handler::new(panic))?
        .with("report_progress", Handler::new(report_progress))?
        .with("sleep", Handler::new(sleep))?
        .with("stick", Handler::blocking(stick))
}

/// What a fault in C code or a lack of memory does: the whole process is gone.
async fn abort(_: Context, (): ()) -> Result<(), HandlerError> {
    std::process::abort();
}

/// Returns its input.
async fn echo(_: Context, input: Value) -> Result<Value, HandlerError> {
    Ok(input)
}

/// Sleeps, unless it is asked to stop.
async fn sleep(context: Context, Sleep { ms }: Sleep) -> Result<u64, HandlerError> {
    pause(&context, ms).await?;
    Ok(ms)
}

async fn fail(context: Context, fail: Fail) -> Result<u32, HandlerError> {
    if fail.permanent {
        return Err(HandlerError::Permanent(fail.message));
    }
    match fail.times {
        Some(times) if context.attempt > times => Ok(context.attempt),
        _ => Err(HandlerError::Retryable(fail.message)),
    }
}

/// Waits for an answer that never comes, and listens to no one.
async fn hang(_: Context, (): ()) -> Result<(), HandlerError> {
    std::future::pending().await
}

/// Keeps its thread for so long, and listens to no one.
fn stick(_: Context, Sleep { ms }: Sleep) -> Result<u64, HandlerError> {
    std::thread::sleep(Duration::from_millis(ms));
    Ok(ms)
}

/// Computes FNV-1a (64 bits) again and again: work for a core. Looks up from it now and then.
fn hash(context: Context, Hash { text, rounds }: Hash) -> Result<String, HandlerError> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for round in 0..rounds {
        if round % 4096 == 0 {
            if context.stop.is_cancelled() {
                return Err(HandlerError::Stopped);
            }
            context.report(round, rounds, "");
        }
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}"))
}

/// What a bug does to a handler; the worker lives on.
async fn panic(_: Context, message: String) -> Result<(), HandlerError> {
    panic!("{message}");
}

async fn report_progress(context: Context, work: Steps) -> Result<u64, HandlerError> {
    for step in 0..work.steps {
        context.report(step, work.steps, &format!("step {}", step + 1));
        pause(&context, work.step_ms).await?;
    }
    context.report(work.steps, work.steps, "done");
    Ok(work.steps)
}

async fn pause(context: &Context, ms: u64) -> Result<(), HandlerError> {
    let sleep = time::sleep(Duration::from_millis(ms));
    let slept = context.stop.run_until_cancelled(sleep).await;
    slept.ok_or(HandlerError::Stopped)
}
