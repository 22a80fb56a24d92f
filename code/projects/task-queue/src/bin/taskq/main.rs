//! `taskq`: the queue on the command line. It talks to the HTTP API of a server.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::value::RawValue;

use task_queue::broker::{Enqueued, JobState, JobStatus, Select};
use task_queue::client::Client;
use task_queue::http::{JobRequest, ScheduleRequest, UniqueRequest};
use task_queue::job::{JobId, Priority};
use task_queue::name::{QueueName, ScheduleName, TaskName};

mod bench;

/// How often `watch` looks.
const LOOK: Duration = Duration::from_millis(500);
const FOREVER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Talks to a task queue.
///
/// Ends with 0 if all went well, 1 after an error, 2 after a wrong command line, and 3 if the job
/// that was waited for did not complete.
#[derive(Parser)]
#[command(name = "taskq", version)]
struct Options {
    /// The server
    #[arg(
        long,
        env = "TASKQ_URL",
        default_value = "http://127.0.0.1:7070",
        global = true
    )]
    url: String,
    /// Its token
    #[arg(long, env = "TASKQ_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Enqueue a job and print its id
    Enqueue(Enqueue),
    /// Follow a job until it has ended, and print its result
    Watch { job: JobId },
    /// Print everything that is known of a job
    Inspect { job: JobId },
    /// Cancel a job
    Cancel { job: JobId },
    /// Print the numbers of all queues
    Queues,
    /// Print the processes that work
    Workers,
    /// Stop handing out jobs of a queue
    Pause { queue: QueueName },
    /// Go on handing out jobs of a queue
    Resume { queue: QueueName },
    /// Forget a queue that holds no job
    Forget { queue: QueueName },
    /// Dead letters
    #[command(subcommand)]
    Dead(Dead),
    /// Jobs by the calendar
    #[command(subcommand)]
    Schedule(Schedule),
    /// Pour no-op jobs into a queue and measure how fast they end
    Bench(bench::Bench),
}

#[derive(Args)]
struct Enqueue {
    /// The handler
    task: TaskName,
    /// The handler's input as JSON; `-` reads it from standard input
    #[arg(default_value = "null")]
    payload: String,
    #[arg(long, default_value = "default")]
    queue: QueueName,
    /// 0 (can wait) to 9 (first)
    #[arg(long, value_parser = priority)]
    priority: Option<Priority>,
    /// Start so many milliseconds later
    #[arg(long)]
    delay_ms: Option<u64>,
    /// How often it may fail
    #[arg(long)]
    max_attempts: Option<u32>,
    /// Start after these jobs have completed
    #[arg(long)]
    after: Vec<JobId>,
    /// At most one job with this key within an hour
    #[arg(long)]
    unique: Option<String>,
    /// Follow it until it has ended, and print its result
    #[arg(long)]
    wait: bool,
}

#[derive(Subcommand)]
enum Dead {
    /// Print the newest dead letters of a queue
    List { queue: QueueName },
    /// Make the oldest ready again
    Requeue { queue: QueueName, oldest: usize },
    /// Delete the oldest
    Purge { queue: QueueName, oldest: usize },
}

#[derive(Subcommand)]
enum Schedule {
    /// Print all schedules
    List,
    /// Add a schedule, or replace it: `taskq schedule put nightly "30 4 * * *" echo 1`
    Put {
        name: ScheduleName,
        cron: String,
        task: TaskName,
        #[arg(default_value = "null")]
        payload: String,
    },
    /// Remove a schedule
    Remove { name: ScheduleName },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(code) => code,
        // Who read the output has gone away: nothing is wrong.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn run(options: Options) -> Result<ExitCode> {
    let client = Client::new(&options.url, options.token)?;
    match options.command {
        Command::Enqueue(job) => return enqueue(&client, job).await,
        Command::Watch { job } => return watch(&client, job).await,
        Command::Inspect { job } => print(&client.inspect(job).await?)?,
        Command::Cancel { job } => print(&client.cancel(job).await?)?,
        Command::Queues => print(&client.queues().await?)?,
        Command::Workers => print(&client.workers().await?)?,
        Command::Pause { queue } => client.pause(&queue, true).await?,
        Command::Resume { queue } => client.pause(&queue, false).await?,
        Command::Forget { queue } => client.forget(&queue).await?,
        Command::Dead(Dead::List { queue }) => print(&client.dead(&queue, None).await?)?,
        Command::Dead(Dead::Requeue { queue, oldest }) => {
            let which = Select::Oldest { queue, oldest };
            print(&client.requeue(&which).await?)?;
        }
        Command::Dead(Dead::Purge { queue, oldest }) => {
            let which = Select::Oldest { queue, oldest };
            print(&client.purge(&which).await?)?;
        }
        Command::Schedule(Schedule::List) => print(&client.schedules().await?)?,
        Command::Schedule(Schedule::Put {
            name,
            cron,
            task,
            payload,
        }) => {
            let job = JobRequest::new(task, Some(json(payload)?));
            let schedule = ScheduleRequest { cron, job };
            client.put_schedule(&name, &schedule).await?;
        }
        Command::Schedule(Schedule::Remove { name }) => client.remove_schedule(&name).await?,
        Command::Bench(bench) => bench::run(&client, &bench).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn enqueue(client: &Client, options: Enqueue) -> Result<ExitCode> {
    let job = JobRequest {
        // Made here, so that the request could be sent again.
        id: Some(JobId::new()),
        queue: Some(options.queue),
        priority: options.priority,
        delay_ms: options.delay_ms,
        max_attempts: options.max_attempts,
        after: options.after,
        unique: options.unique.map(|key| UniqueRequest {
            key,
            ttl_ms: 60 * 60 * 1000,
        }),
        ..JobRequest::new(options.task, Some(json(options.payload)?))
    };
    let sent = client.send(&[job]).await?;
    for warning in &sent.warnings {
        eprintln!("warning: {warning}");
    }
    let sent = sent.jobs.first();
    let id = match sent.context("the server answers with no job")? {
        Enqueued::New(id) | Enqueued::Known(id) | Enqueued::Duplicate(id) => *id,
    };
    if options.wait {
        return watch(client, id).await;
    }
    writeln!(io::stdout(), "{id}")?;
    Ok(ExitCode::SUCCESS)
}

/// Shows the progress on a terminal, and prints the result.
async fn watch(client: &Client, job: JobId) -> Result<ExitCode> {
    let status = if io::stderr().is_terminal() {
        follow(client, job).await?
    } else {
        client.wait(job, FOREVER).await?
    };
    if status.state == JobState::Completed {
        writeln!(io::stdout(), "{}", status.result.unwrap_or_default())?;
        return Ok(ExitCode::SUCCESS);
    }
    let reason = status.error.unwrap_or_default();
    eprintln!("{job} is {}: {reason}", word(&status.state)?);
    Ok(ExitCode::from(3))
}

async fn follow(client: &Client, job: JobId) -> Result<JobStatus> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{msg} {wide_bar} {pos}/{len} {elapsed}",
    )?);
    loop {
        let status = client.wait(job, LOOK).await?;
        if status.state.has_ended() {
            bar.finish_and_clear();
            return Ok(status);
        }
        let state = word(&status.state)?;
        if let Some(progress) = status.progress {
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            bar.set_message(format!("{state}: {}", progress.note));
        } else {
            bar.set_message(state);
        }
        bar.tick();
    }
}

/// Prints anything as JSON: people can read it, and programs can, too.
fn print(value: &impl Serialize) -> Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(value)?)?;
    Ok(())
}

fn word(state: &JobState) -> Result<String> {
    Ok(serde_json::to_string(state)?.trim_matches('"').to_owned())
}

fn json(payload: String) -> Result<Box<RawValue>> {
    let text = match payload.as_str() {
        "-" => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .context("standard input")?;
            text
        }
        _ => payload,
    };
    RawValue::from_string(text.trim().to_owned()).context("the payload is not JSON")
}

fn priority(text: &str) -> Result<Priority, String> {
    let level = text
        .parse()
        .map_err(|_| "not a number from 0 to 9".to_owned())?;
    Priority::new(level).map_err(|error| error.to_string())
}
