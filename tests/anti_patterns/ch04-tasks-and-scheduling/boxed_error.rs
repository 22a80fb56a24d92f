use std::error::Error;
use tokio::task::yield_now;

fn read(text: &str) -> Result<u32, Box<dyn Error>> {
    Ok(text.parse()?)
}

#[tokio::main]
async fn main() {
    tokio::spawn(async {
        if let Err(error) = read("seven") {
            yield_now().await; // tells the operator
            println!("{error}");
        }
    });
}
