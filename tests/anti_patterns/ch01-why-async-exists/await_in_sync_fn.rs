async fn ask(answer: u32) -> u32 {
    answer
}

fn price() -> u32 {
    ask(3).await
}

fn main() {
    assert_eq!(price(), 3);
}
