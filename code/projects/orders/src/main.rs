//! `cargo run -p orders`, then open <http://127.0.0.1:7070/>.

use std::process::ExitCode;

use clap::Parser;
use orders::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    service::run(async |stop| {
        options.edge.begin()?;
        let listener = options.edge.bind().await?;
        orders::serve(listener, &options, stop).await
    })
}
