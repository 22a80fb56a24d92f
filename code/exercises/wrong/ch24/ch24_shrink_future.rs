//! Wrong: boxes the page, and the rare report still has its place in each request.

use tokio::task::yield_now;

/// Adds up a page, and reports it if asked. Waits in between.
async fn request(report: bool) -> u32 {
    let page = Box::new([1_u8; 4_096]);
    let sum = page.iter().map(|&byte| u32::from(byte)).sum();
    yield_now().await; // asks another service
    if report {
        write_report(sum).await;
    }
    sum
}

/// Rarely needed, and large.
async fn write_report(sum: u32) {
    let pages = [sum as u8; 16_384];
    yield_now().await;
    assert_eq!(pages[0], sum as u8);
}

fn main() {}
