//! Stories that a seed decides, on two threads.

/// Plays the story of each seed below `standard`, half of them on each thread, and says how many
/// that were.
///
/// The variable `NAME_SEEDS` says another number of seeds, and `NAME_SEED` plays one alone.
///
/// # Panics
///
/// A story does.
pub fn play(name: &str, standard: u64, story: fn(u64)) -> usize {
    let number = |variable: String| {
        std::env::var(variable)
            .ok()
            .and_then(|it| it.parse::<u64>().ok())
    };
    let seeds: Vec<u64> = match number(format!("{name}_SEED")) {
        Some(seed) => vec![seed],
        None => (0..number(format!("{name}_SEEDS")).unwrap_or(standard)).collect(),
    };
    let (ones, others) = seeds.split_at(seeds.len() / 2);
    std::thread::scope(|threads| {
        for seeds in [ones, others] {
            threads.spawn(move || seeds.iter().copied().for_each(story));
        }
    });
    seeds.len()
}
