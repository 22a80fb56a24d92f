//! Chapter 25 with sqlx: a pool with limits, a transaction that ends with its future, many rows
//! both ways. `DATABASE_URL` says where.

use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::timeout;

// ANCHOR: pool
/// Two connections. Who waits longer than the patience for one gets an error.
async fn pool(url: &str) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_millis(200))
        .connect(url)
        .await
}
// ANCHOR_END: pool

// ANCHOR: take
/// Takes some of the stock and notes the order, or does neither.
async fn order(pool: &PgPool, sku: &str, count: i32) -> sqlx::Result<bool> {
    let mut change = pool.begin().await?;
    sqlx::query("INSERT INTO orders (sku, count) VALUES ($1, $2)")
        .bind(sku)
        .bind(count)
        .execute(&mut *change)
        .await?;
    let taken = sqlx::query("UPDATE stock SET rest = rest - $1 WHERE sku = $2 AND rest >= $1")
        .bind(count)
        .bind(sku)
        .execute(&mut *change)
        .await?;
    if taken.rows_affected() == 0 {
        return Ok(false); // the guard rolls back
    }
    change.commit().await?;
    Ok(true)
}
// ANCHOR_END: take

// ANCHOR: many
/// One statement for any number of rows.
async fn deliver(pool: &PgPool, skus: &[&str], counts: &[i32]) -> sqlx::Result<()> {
    let rows = "INSERT INTO stock (sku, rest) SELECT * FROM UNNEST($1::text[], $2::int[])";
    sqlx::query(rows)
        .bind(skus)
        .bind(counts)
        .execute(pool)
        .await?;
    Ok(())
}

/// The sum of all orders, row by row: a `Vec` of them is never made.
async fn ordered(pool: &PgPool) -> sqlx::Result<i64> {
    let mut rows = sqlx::query_scalar::<_, i32>("SELECT count FROM orders").fetch(pool);
    let mut sum = 0;
    while let Some(count) = rows.try_next().await? {
        sum += i64::from(count);
    }
    Ok(sum)
}
// ANCHOR_END: many

#[tokio::main(flavor = "current_thread")]
async fn main() -> sqlx::Result<()> {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL is set");
    let pool = pool(&url).await?;
    sqlx::raw_sql(
        "CREATE TABLE stock (sku text PRIMARY KEY, rest int NOT NULL);
         CREATE TABLE orders (sku text NOT NULL, count int NOT NULL)",
    )
    .execute(&pool)
    .await?;

    deliver(&pool, &["tea", "cake"], &[3, 1]).await?;
    println!("three of three: {}", order(&pool, "tea", 3).await?);
    println!("one of none: {}", order(&pool, "tea", 1).await?);
    println!("ordered: {}", ordered(&pool).await?);

    // ANCHOR: dropped
    let cut = timeout(Duration::from_millis(50), async {
        let mut change = pool.begin().await?;
        sqlx::query("INSERT INTO orders (sku, count) VALUES ('cake', 1)")
            .execute(&mut *change)
            .await?;
        std::future::pending::<sqlx::Result<()>>().await
    });
    assert!(cut.await.is_err());
    println!("after a dropped transaction: {}", ordered(&pool).await?);
    // ANCHOR_END: dropped

    let (_one, _two) = (pool.acquire().await?, pool.acquire().await?);
    if let Err(error) = pool.acquire().await {
        println!("a third connection: {error}");
    }
    Ok(())
}
