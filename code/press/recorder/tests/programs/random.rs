#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let mut firsts = 0;
    for _ in 0..4 {
        tokio::select! {
            () = async {} => firsts += 1,
            () = async {} => {}
        }
    }
    assert!(firsts <= 4);
}
