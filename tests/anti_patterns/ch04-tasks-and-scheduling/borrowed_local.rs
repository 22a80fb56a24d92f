#[tokio::main]
async fn main() {
    let name = String::from("Ada");
    let hello = tokio::spawn(async { format!("Hello, {name}") });
    assert_eq!(hello.await.unwrap(), "Hello, Ada");
}
