use tokio::task::yield_now;

/// Adds up a page, and reports it if asked. Waits in between.
async fn request(report: bool) -> u32 {
    let sum = {
        let page = [1_u8; 4_096];
        page.iter().map(|&byte| u32::from(byte)).sum()
    };
    yield_now().await; // asks another service
    if report {
        Box::pin(write_report(sum)).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn the_sum_is_the_same() {
        assert_eq!(request(false).await, 4_096);
        assert_eq!(request(true).await, 4_096);
    }

    #[test]
    fn a_request_is_small() {
        let size = size_of_val(&request(false));
        assert!(size < 128, "{size} bytes");
    }
}
