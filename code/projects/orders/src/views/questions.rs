//! What can be asked of the views.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use uuid::Uuid;

use super::Views;
use crate::database::DatabaseError;

/// At most so many rows are answered.
pub const MOST_ROWS: u32 = 200;

/// An order, as it's shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderRow {
    /// Its number.
    pub id: String,
    /// Who ordered.
    pub customer: String,
    /// `placed`, `cancel requested`, `dispatched`, `shipped` or `canceled`.
    pub state: String,
    /// Its price in hundredths.
    pub cents: u64,
    /// Of which currency.
    pub currency: String,
    /// Why it was canceled, if it was.
    pub reason: String,
    /// When it was placed, in milliseconds since 1970.
    pub placed_ms: i64,
    /// The last event that changed it.
    pub position: u64,
}

/// What was ordered of one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SalesRow {
    /// Which.
    pub sku: String,
    /// How many.
    pub ordered: u64,
    /// How many of them were shipped.
    pub shipped: u64,
}

/// What the warehouse has of one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StockRow {
    /// Which.
    pub sku: String,
    /// What may still be ordered.
    pub available: i64,
    /// What is set aside or gone.
    pub reserved: i64,
}

/// Where a saga stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SagaRow {
    /// Of which order.
    pub order: String,
    /// `running`, `undoing`, `stuck` or `ended`.
    pub state: String,
    /// The last step of which there's something to say.
    pub step: String,
    /// Why it turned round or is stuck.
    pub reason: String,
    /// When it gives up, in milliseconds since 1970.
    pub deadline_ms: i64,
    /// When it last moved, in milliseconds since 1970.
    pub updated_ms: i64,
}

impl Views {
    /// One order.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn order(&self, order: Uuid) -> Result<Option<OrderRow>, DatabaseError> {
        let query = "SELECT * FROM orders WHERE id = ?1";
        let read = move |it: &Connection| {
            it.query_row(query, [order.to_string()], order_row)
                .optional()
        };
        self.database.read(read).await
    }

    /// The newest orders.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn orders(&self, limit: u32) -> Result<Vec<OrderRow>, DatabaseError> {
        let query = "SELECT * FROM orders ORDER BY placed_ms DESC, id LIMIT ?1";
        self.database
            .read(move |it| rows(it, query, [limit.min(MOST_ROWS)], order_row))
            .await
    }

    /// What was sold, by thing.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn sales(&self) -> Result<Vec<SalesRow>, DatabaseError> {
        let query = "SELECT sku, sum(quantity), sum(quantity * shipped) FROM sales
                     GROUP BY sku ORDER BY sku LIMIT ?1";
        let row = |row: &Row<'_>| {
            Ok(SalesRow {
                sku: row.get(0)?,
                ordered: row.get(1)?,
                shipped: row.get(2)?,
            })
        };
        self.database
            .read(move |it| rows(it, query, [MOST_ROWS], row))
            .await
    }

    /// What is in stock, by thing.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn stock(&self) -> Result<Vec<StockRow>, DatabaseError> {
        let query = "SELECT sku, sum(quantity), -sum(min(quantity, 0)) FROM stock
                     GROUP BY sku ORDER BY sku LIMIT ?1";
        let row = |row: &Row<'_>| {
            Ok(StockRow {
                sku: row.get(0)?,
                available: row.get(1)?,
                reserved: row.get(2)?,
            })
        };
        self.database
            .read(move |it| rows(it, query, [MOST_ROWS], row))
            .await
    }

    /// The sagas in a state, those that moved least recently first.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn sagas(&self, state: &str, limit: u32) -> Result<Vec<SagaRow>, DatabaseError> {
        let state = state.to_owned();
        let query = "SELECT * FROM sagas WHERE state = ?1 ORDER BY updated_ms LIMIT ?2";
        let row = |row: &Row<'_>| {
            Ok(SagaRow {
                order: row.get(0)?,
                state: row.get(1)?,
                step: row.get(2)?,
                reason: row.get(3)?,
                deadline_ms: row.get(4)?,
                updated_ms: row.get(5)?,
            })
        };
        self.database
            .read(move |it| rows(it, query, params![state, limit], row))
            .await
    }

    /// How many sagas are in each state.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn saga_states(&self) -> Result<Vec<(String, u64)>, DatabaseError> {
        let query = "SELECT state, count(*) FROM sagas GROUP BY state ORDER BY state";
        self.database
            .read(move |it| rows(it, query, [], |row| Ok((row.get(0)?, row.get(1)?))))
            .await
    }

    /// The orders whose sagas are to be run: neither ended nor stuck.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn open_sagas(&self) -> Result<Vec<Uuid>, DatabaseError> {
        let query = "SELECT order_id FROM sagas WHERE state IN ('running', 'undoing')";
        let ids = self
            .database
            .read(move |it| rows(it, query, [], |row| row.get::<_, String>(0)));
        Ok(ids.await?.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Events that a view couldn't take in: its name, the position, what was wrong.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub async fn skipped(&self) -> Result<Vec<(String, u64, String)>, DatabaseError> {
        let query = "SELECT view, position, error FROM skipped ORDER BY position LIMIT ?1";
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        self.database
            .read(move |it| rows(it, query, [MOST_ROWS], row))
            .await
    }
}

fn order_row(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        id: row.get(0)?,
        customer: row.get(1)?,
        state: row.get(2)?,
        cents: row.get(3)?,
        currency: row.get(4)?,
        reason: row.get(5)?,
        placed_ms: row.get(6)?,
        position: row.get(7)?,
    })
}

fn rows<T>(
    connection: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut query = connection.prepare_cached(query)?;
    query.query_map(parameters, row)?.collect()
}
