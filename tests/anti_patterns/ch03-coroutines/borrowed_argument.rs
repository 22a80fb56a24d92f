fn shout(name: &str) -> impl Future<Output = String> {
    let loud = name.to_uppercase();
    async move { format!("{loud} is ready") }
}

#[tokio::main]
async fn main() {
    let call = {
        let name = String::from("tea");
        shout(&name)
    };
    assert_eq!(call.await, "TEA is ready");
}
