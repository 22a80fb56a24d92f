use kitchen::oven::bake;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let cake = tokio::spawn(bake(40));
    println!("the cake took {} minutes", cake.await.expect("no panic"));
}
