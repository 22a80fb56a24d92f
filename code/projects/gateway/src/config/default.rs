//! What holds if the file doesn't say it.

use std::time::Duration;

pub fn connections() -> usize {
    10_000
}
pub fn panic() -> f64 {
    0.5
}
pub fn slow_start() -> Duration {
    Duration::from_secs(10)
}
pub fn breaker_ratio() -> f64 {
    0.5
}
pub fn breaker_pause() -> Duration {
    Duration::from_secs(5)
}
pub fn calls_per_retry() -> u32 {
    10
}
pub fn weight() -> u32 {
    1
}
pub fn rise() -> u32 {
    2
}
pub fn fall() -> u32 {
    3
}
pub fn status() -> u16 {
    200
}
