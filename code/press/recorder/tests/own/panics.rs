use std::panic;
use std::time::Duration;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        println!("the program's own hook");
        before(panic);
    }));
    let guest = tokio::spawn(async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        panic!("the stairs are wet");
    });
    guest.await.expect("nobody fell");
}
