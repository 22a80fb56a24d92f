//! The one peer that Debian installs.

use std::process::Command;

use testbed::install::{Installed, peers};

pub fn installed() -> Installed {
    if version().is_none() {
        return Err("not installed: no gem sidekiq (Debian: apt-get install ruby-sidekiq)".into());
    }
    let program = peers().join("sidekiq/peer.rb");
    Ok(vec!["ruby".into(), program.display().to_string()])
}

pub fn name() -> String {
    version().map_or("Sidekiq".into(), |version| format!("Sidekiq {version}"))
}

fn version() -> Option<String> {
    let ask = ["-r", "sidekiq", "-e", "print Sidekiq::VERSION"];
    let output = Command::new("ruby").args(ask).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !version.is_empty()).then_some(version)
}
