async fn ask(answer: u32) -> u32 {
    answer
}

async fn main() {
    assert_eq!(ask(3).await, 3);
}
