use std::time::Duration;

pub async fn bake(minutes: u64) -> u64 {
    tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
    minutes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cake_takes_its_time() {
        assert_eq!(bake(40).await, 40);
    }
}
