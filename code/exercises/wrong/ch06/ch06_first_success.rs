//! Wrong: `select_ok` forgets all errors but the last, and panics without attempts.

use futures::future::select_ok;

pub async fn first_success<T, E, A>(attempts: Vec<A>) -> Result<T, Vec<E>>
where
    A: Future<Output = Result<T, E>>,
{
    let attempts = attempts.into_iter().map(Box::pin);
    match select_ok(attempts).await {
        Ok((value, _losers)) => Ok(value),
        Err(error) => Err(vec![error]),
    }
}

fn main() {
    // You can experiment here; the tests decide.
}
