//! Names of users, one by one for the askers and many at a time for the server.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::{Pool, PoolError};
use patterns::loader::Loader;

/// Keys in a query at most. PostgreSQL takes far more; an answer should stay small.
const MOST: usize = 500;

// ANCHOR: users
/// Finds names by number. The error is shared by all whose keys were in the query.
pub type Names = Loader<i64, String, Arc<PoolError>>;

/// A loader on this pool. It takes a connection for each query, and gives it back.
pub fn names(pool: Pool) -> Names {
    Loader::spawn(MOST, move |ids| {
        let pool = pool.clone();
        async move { query(&pool, &ids).await.map_err(Arc::new) }
    })
}

async fn query(pool: &Pool, ids: &[i64]) -> Result<HashMap<i64, String>, PoolError> {
    let client = pool.get().await?;
    let select = "SELECT id, name FROM users WHERE id = ANY($1)";
    let select = client.prepare_cached(select).await?;
    let rows = client.query(&select, &[&ids]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
// ANCHOR_END: users
