//! What can be asked of the views: a question is a query, an answer is rows with names.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::Views;
use crate::database::{DatabaseError, sql};

/// At most so many rows are answered.
pub const MOST_ROWS: u32 = 200;

/// A query that reads.
#[derive(Clone, Copy, Debug)]
pub struct Question(&'static str);

/// One order, by its id.
pub const ORDER: Question = Question("SELECT * FROM orders WHERE id = ?1");
/// The newest orders; how many.
pub const ORDERS: Question = Question("SELECT * FROM orders ORDER BY placed_ms DESC, id LIMIT ?1");
/// What was sold, by thing.
pub const SALES: Question = Question(
    "SELECT sku, CAST(sum(quantity) AS INTEGER) AS ordered,
            CAST(sum(quantity * shipped) AS INTEGER) AS shipped
     FROM sales GROUP BY sku ORDER BY sku LIMIT 200",
);
/// What is in stock, by thing.
pub const STOCK: Question = Question(
    "SELECT sku, CAST(sum(quantity) AS INTEGER) AS available,
            CAST(-sum(CASE WHEN quantity < 0 THEN quantity ELSE 0 END) AS INTEGER) AS reserved
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
pub type Fields = Map<String, Value>;

impl Views {
    /// Asks.
    pub async fn ask<const N: usize>(
        &self,
        Question(query): Question,
        values: [Value; N],
    ) -> Result<Vec<Fields>, DatabaseError> {
        let answer = self.database.read(sql(query, values)).await?;
        let named = |row| {
            answer
                .columns
                .iter()
                .cloned()
                .zip::<Vec<Value>>(row)
                .collect()
        };
        Ok(answer.rows.into_iter().map(named).collect())
    }

    /// One order.
    pub async fn order(&self, order: Uuid) -> Result<Option<Fields>, DatabaseError> {
        Ok(self.ask(ORDER, [order.to_string().into()]).await?.pop())
    }

    /// The orders whose sagas are to be run: neither ended nor stuck.
    pub async fn open_sagas(&self) -> Result<Vec<Uuid>, DatabaseError> {
        let rows = self.ask(OPEN, []).await?;
        let ids = rows.iter().filter_map(|row| row["order_id"].as_str());
        Ok(ids.filter_map(|id| id.parse().ok()).collect())
    }
}
