//! `chat` serves; `chat cli` talks; `chat load` measures.

use std::process::ExitCode;

use chat::cli::Talk;
use chat::load::Load;
use chat::options::Options;
use clap::{Parser, Subcommand};
use service::options::variables;

/// A chat platform in which nothing unseen is lost
#[derive(Parser)]
#[command(name = "chat", args_conflicts_with_subcommands = true)]
#[command(mut_args(variables("CHAT")))]
struct Chat {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Serves (this is what `chat` alone does)
    #[command(mut_args(variables("CHAT")))]
    Serve(Options),
    /// Talks in a room, from a terminal
    Cli(Talk),
    /// Puts load on a server, and says what came of it
    Load(Load),
}

fn main() -> ExitCode {
    let Chat { command, serve } = Chat::parse();
    service::run(
        async |stop| match command.unwrap_or(Command::Serve(serve)) {
            Command::Cli(talk) => chat::cli::run(talk, stop).await,
            Command::Load(load) => chat::load::run(load, stop).await,
            Command::Serve(options) => {
                options.edge.begin()?;
                let listener = options.edge.bind().await?;
                chat::serve(listener, options, stop).await
            }
        },
    )
}
