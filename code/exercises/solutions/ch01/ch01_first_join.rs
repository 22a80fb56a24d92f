use std::time::Duration;
use tokio::time::sleep;

async fn name() -> String {
    sleep(Duration::from_secs(1)).await;
    "Ada".to_string()
}

async fn unread() -> u32 {
    sleep(Duration::from_secs(2)).await;
    7
}

/// Returns, for example, `Ada: 7 unread`.
async fn greeting() -> String {
    let (name, unread) = tokio::join!(name(), unread());
    format!("{name}: {unread} unread")
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn greets_by_name_with_the_number_of_unread_messages() {
        assert_eq!(greeting().await, "Ada: 7 unread");
    }

    #[tokio::test(start_paused = true)]
    async fn takes_as_long_as_the_slower_of_the_two() {
        let start = Instant::now();
        greeting().await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
