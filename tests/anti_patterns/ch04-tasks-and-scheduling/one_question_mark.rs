use std::error::Error;
use std::num::ParseIntError;

async fn parse(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let number: u32 = tokio::spawn(parse("7")).await?;
    assert_eq!(number, 7);
    Ok(())
}
