//! What can be asked of the views: a question is a query, an answer is rows with names.

use rusqlite::{Connection, Params, Row, types::ValueRef};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Views;
use crate::database::DatabaseError;

/// At most so many rows are answered.
pub const MOST_ROWS: u32 = 200;

/// A query that reads.
#[derive(Clone, Copy, Debug)]
pub struct Question(&'static str);

/// One order, by its id.
pub const ORDER: Question = Question("SELECT * FROM orders WHERE id = ?1");
/// The newest orders; how many.
pub const ORDERS: Question =
    Question("SELECT * FROM orders ORDER BY placed_ms DESC, id LIMIT min(?1, 200)");
/// What was sold, by thing.
pub const SALES: Question = Question(
    "SELECT sku, sum(quantity) AS ordered, sum(quantity * shipped) AS shipped
     FROM sales GROUP BY sku ORDER BY sku LIMIT 200",
);
/// What is in stock, by thing.
pub const STOCK: Question = Question(
    "SELECT sku, sum(quantity) AS available, -sum(min(quantity, 0)) AS reserved
     FROM stock GROUP BY sku ORDER BY sku LIMIT 200",
);
/// The sagas in a state, those that moved least recently first.
pub const SAGAS: Question =
    Question("SELECT * FROM sagas WHERE state = ?1 ORDER BY updated_ms LIMIT 200");
/// How many sagas are in each state.
pub const SAGA_STATES: Question =
    Question("SELECT state, count(*) AS sagas FROM sagas GROUP BY state ORDER BY state");
/// Events that a view couldn't take in.
pub const SKIPPED: Question = Question("SELECT * FROM skipped ORDER BY position LIMIT 200");

const OPEN: Question = Question("SELECT order_id FROM sagas WHERE state IN ('running', 'undoing')");

/// A row of an answer, by the names of its columns.
pub type Answer = Map<String, Value>;

impl Views {
    /// Asks.
    pub async fn ask(
        &self,
        Question(query): Question,
        parameters: impl Params + Send + 'static,
    ) -> Result<Vec<Answer>, DatabaseError> {
        let read = move |it: &Connection| {
            let mut query = it.prepare_cached(query)?;
            query.query_map(parameters, answer)?.collect()
        };
        self.database.read(read).await
    }

    /// One order.
    pub async fn order(&self, order: Uuid) -> Result<Option<Answer>, DatabaseError> {
        Ok(self.ask(ORDER, [order.to_string()]).await?.pop())
    }

    /// The orders whose sagas are to be run: neither ended nor stuck.
    pub async fn open_sagas(&self) -> Result<Vec<Uuid>, DatabaseError> {
        let rows = self.ask(OPEN, []).await?;
        let ids = rows.iter().filter_map(|row| row["order_id"].as_str());
        Ok(ids.filter_map(|id| id.parse().ok()).collect())
    }
}

fn answer(row: &Row<'_>) -> rusqlite::Result<Answer> {
    let names = row.as_ref().column_names();
    let named = names.into_iter().enumerate().map(|(column, name)| {
        let value = match row.get_ref(column)? {
            ValueRef::Integer(number) => number.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            _ => Value::Null,
        };
        Ok((name.to_owned(), value))
    });
    named.collect()
}
