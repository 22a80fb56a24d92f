#[tokio::test(start_paused = true)]
async fn two_cakes_fit_into_one_oven() {
    let (one, two) = tokio::join!(kitchen::oven::bake(40), kitchen::oven::bake(30));
    println!("{} minutes", one.max(two));
}
