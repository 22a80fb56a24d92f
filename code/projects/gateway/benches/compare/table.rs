//! The tables of the report.

use std::fmt;
use std::path::Path;

use testbed::machine;
use testbed::report::{grouped, median, write_between};

use crate::measure::{BODIES, CLIENTS, Found};
use crate::proxies::{Proxy, Trial};

/// What was compiled and started.
const VERSIONS: [(&str, &str); 1] = [("Rust", "rustc")];

pub struct Tables<'a> {
    pub proxies: &'a [Proxy],
    /// What each round found of each of them.
    pub found: &'a [Vec<Found>],
    pub loads: &'a [f64],
    pub seconds: u32,
}

impl Tables<'_> {
    /// Writes them into the README beside the benchmark.
    pub fn write(&self) -> anyhow::Result<()> {
        let path = Path::new("benches/README.md");
        write_between(path, "cargo xtask bench gateway", &self.to_string())?;
        eprintln!("{} is written", path.display());
        Ok(())
    }

    /// The median of what its rounds found.
    fn median(&self, number: usize, value: fn(&Found) -> f64) -> f64 {
        let values: Vec<f64> = self.found[number].iter().map(value).collect();
        median(&values).unwrap_or(f64::NAN)
    }

    /// The median of the ratios to nginx, round by round.
    fn to_nginx(&self, number: usize, value: fn(&Found) -> f64) -> f64 {
        let trial = self.proxies[number].trial;
        let is_nginx = |other: &Proxy| other.trial == trial && other.name == "nginx";
        let Some(nginx) = self.proxies.iter().position(is_nginx) else {
            return f64::NAN;
        };
        let pairs = self.found[number].iter().zip(&self.found[nginx]);
        let ratios: Vec<f64> = pairs
            .map(|(ours, theirs)| value(ours) / value(theirs))
            .collect();
        median(&ratios).unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = median(self.loads).unwrap_or(f64::NAN);
        let (machine, versions) = (machine::description(), machine::versions(&VERSIONS));
        let (rounds, seconds) = (self.loads.len(), self.seconds);
        writeln!(
            f,
            "{machine}, {versions}, {}, load {load:.1} with the measurement's own, the median of \
             {rounds} rounds of {seconds} s each, {CLIENTS} clients.",
            crate::proxies::versions(),
        )?;
        let (small, large) = (BODIES.0, BODIES.1 / 1_024);
        for (trial, title) in [
            (Trial::Small, format!("{small} bytes")),
            (Trial::Cached, format!("{small} bytes, from the cache")),
            (Trial::Large, format!("{large} KiB")),
            (Trial::Tls, format!("{small} bytes, TLS")),
        ] {
            writeln!(
                f,
                "\n| {title} | requests a second | p50, ms | p99, ms | CPU of a request, µs | memory, MiB |"
            )?;
            writeln!(f, "| --- |{}", " ---: |".repeat(5))?;
            for (number, proxy) in self.proxies.iter().enumerate() {
                if proxy.trial != trial {
                    continue;
                }
                let pair = |value: fn(&Found) -> f64, digits| {
                    let ratio = self.to_nginx(number, value);
                    format!(
                        "{} = {ratio:.2} ×",
                        grouped(self.median(number, value), digits)
                    )
                };
                let own = |value: fn(&Found) -> f64| match proxy.command.is_empty() {
                    true => String::new(),
                    false => format!("{:.1}", self.median(number, value)),
                };
                writeln!(
                    f,
                    "| {} | {} | {} | {} | {} | {} |",
                    proxy.name,
                    pair(|found| found.per_second, 0),
                    pair(|found| found.p50_ms, 2),
                    pair(|found| found.p99_ms, 2),
                    own(|found| found.cpu_us),
                    own(|found| found.memory_mib),
                )?;
            }
        }
        Ok(())
    }
}
