//! Wrong: a tenth of jitter leaves the crowd together, in the last tenth of its span.

use std::time::Duration;

/// How long to wait after so many failures (1 or more). `dice` lies between 0 and 1.
fn wait(failures: u32, dice: f64) -> Duration {
    let bound = Duration::from_secs(1 << (failures - 1).min(6));
    let bound = bound.min(Duration::from_secs(60));
    bound - bound.mul_f64(0.1 * dice) // a bit of jitter, within the bound
}

fn main() {}
