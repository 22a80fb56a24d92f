//! Wrong: an `.await` that does not have to wait does not give the thread back.

use std::future::ready;

fn is_prime(number: u64) -> bool {
    (2..)
        .take_while(|divisor| divisor * divisor <= number)
        .all(|divisor| number % divisor != 0)
}

/// How many primes there are below `limit`.
async fn count_primes(limit: u64) -> u64 {
    let mut primes = 0;
    for number in 2..limit {
        if is_prime(number) {
            primes += 1;
        }
        ready(()).await;
    }
    primes
}

fn main() {
    // You can experiment here; the tests decide.
}
