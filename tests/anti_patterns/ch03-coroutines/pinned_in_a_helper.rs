use std::pin::{Pin, pin};

async fn brew() -> u32 {
    2
}

fn pinned_brew() -> Pin<&'static mut impl Future<Output = u32>> {
    pin!(brew())
}

#[tokio::main]
async fn main() {
    assert_eq!(pinned_brew().await, 2);
}
