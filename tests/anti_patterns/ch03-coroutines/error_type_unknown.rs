#[tokio::main]
async fn main() {
    let parsed = async {
        let number: u32 = "42".parse()?;
        Ok(number)
    };
    assert_eq!(parsed.await.unwrap(), 42);
}
