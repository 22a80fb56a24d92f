//! Five ways to write the same rows, from a round trip and a commit each to one stream.

use std::pin::pin;

use futures::future::try_join_all;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, GenericClient};

/// A reading: the number of a sensor, and what it says.
pub type Reading = (i64, f64);

const INSERT: &str = "INSERT INTO readings (sensor, value) VALUES ($1, $2)";

/// Makes the table that all of them write to.
///
/// # Errors
///
/// The server's.
pub async fn create_table(client: &Client) -> Result<(), Error> {
    let table = "CREATE TABLE readings (sensor bigint NOT NULL, value float8 NOT NULL)";
    client.batch_execute(table).await
}

// ANCHOR: one_by_one
/// A round trip and a commit for each row.
///
/// # Errors
///
/// The server's. The rows before it are written.
pub async fn one_by_one(client: &Client, readings: &[Reading]) -> Result<(), Error> {
    let insert = client.prepare(INSERT).await?;
    for (sensor, value) in readings {
        client.execute(&insert, &[sensor, value]).await?;
    }
    Ok(())
}
// ANCHOR_END: one_by_one

// ANCHOR: pipelined
/// A commit for each row, but the next row is sent before the answer to the last is there.
///
/// # Errors
///
/// The server's. Other rows are written, or will be.
pub async fn pipelined(client: &impl GenericClient, readings: &[Reading]) -> Result<(), Error> {
    let insert = client.prepare(INSERT).await?;
    let rows = readings
        .iter()
        .map(async |(sensor, value)| client.execute(&insert, &[sensor, value]).await);
    try_join_all(rows).await?;
    Ok(())
}

/// The same in one transaction: one commit.
///
/// # Errors
///
/// The server's. No row is written.
pub async fn in_one_transaction(client: &mut Client, readings: &[Reading]) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    pipelined(&transaction, readings).await?;
    transaction.commit().await
}
// ANCHOR_END: pipelined

// ANCHOR: unnest
/// One statement with two arrays, which the server unfolds into rows.
///
/// # Errors
///
/// The server's. No row is written.
pub async fn unnest(client: &impl GenericClient, readings: &[Reading]) -> Result<(), Error> {
    let insert = "INSERT INTO readings (sensor, value) \
                  SELECT * FROM unnest($1::bigint[], $2::float8[])";
    let (sensors, values): (Vec<i64>, Vec<f64>) = readings.iter().copied().unzip();
    client.execute(insert, &[&sensors, &values]).await?;
    Ok(())
}
// ANCHOR_END: unnest

// ANCHOR: copy
/// A stream of rows in binary form.
///
/// Dropped before its end, it leaves no row: the server gets `CopyFail`.
///
/// # Errors
///
/// The server's. No row is written.
pub async fn copy(client: &Client, readings: &[Reading]) -> Result<(), Error> {
    let copy = "COPY readings (sensor, value) FROM STDIN BINARY";
    let sink = client.copy_in(copy).await?;
    let mut rows = pin!(BinaryCopyInWriter::new(sink, &[Type::INT8, Type::FLOAT8]));
    for (sensor, value) in readings {
        rows.as_mut().write(&[sensor, value]).await?;
    }
    rows.finish().await?;
    Ok(())
}
// ANCHOR_END: copy
