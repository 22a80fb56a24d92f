//! What can be asked of the views: a question is a query, an answer is rows with names.

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Views;
use crate::database::{Result, Row, sql};

/// At most so many rows are answered.
pub const MOST_ROWS: u32 = 200;

/// A query that reads.
pub type Question = &'static str;

/// One order, by its id.
pub const ORDER: Question = "SELECT * FROM orders WHERE id = ?1";
/// The newest orders; how many.
pub const ORDERS: Question = "SELECT * FROM orders ORDER BY placed_ms DESC, id LIMIT ?1";
/// What was sold, by thing.
pub const SALES: Question = "SELECT sku, CAST(sum(quantity) AS INTEGER) AS ordered,
            CAST(sum(quantity * shipped) AS INTEGER) AS shipped
     FROM sales GROUP BY sku ORDER BY sku LIMIT 200";
/// What is in stock, by thing.
pub const STOCK: Question = "SELECT sku, CAST(sum(quantity) AS INTEGER) AS available,
            CAST(-sum(CASE WHEN quantity < 0 THEN quantity ELSE 0 END) AS INTEGER) AS reserved
     FROM stock GROUP BY sku ORDER BY sku LIMIT 200";
/// The sagas in a state, those that moved least recently first.
pub const SAGAS: Question = "SELECT * FROM sagas WHERE state = ?1 ORDER BY updated_ms LIMIT 200";
/// How many sagas are in each state.
pub const SAGA_STATES: Question =
    "SELECT state, count(*) AS sagas FROM sagas GROUP BY state ORDER BY state";
/// Events that a view couldn't take in.
pub const SKIPPED: Question = "SELECT * FROM skipped ORDER BY position LIMIT 200";

/// A row of an answer, by the names of its columns.
pub type Fields = Map<String, Value>;

impl Views {
    /// Asks, with the values of the question.
    pub async fn ask(&self, question: Question, values: impl Serialize) -> Result<Vec<Fields>> {
        let answer = self.database.answer(sql(question, values)).await?;
        let named = |row: Row| answer.columns.iter().cloned().zip(row).collect();
        Ok(answer.rows.into_iter().map(named).collect())
    }

    /// One order.
    pub async fn order(&self, order: Uuid) -> Result<Option<Fields>> {
        Ok(self.ask(ORDER, order).await?.pop())
    }

    /// The orders whose sagas are to be run: neither ended nor stuck.
    pub async fn open_sagas(&self) -> Result<Vec<Uuid>> {
        let open = "SELECT order_id FROM sagas WHERE state IN ('running', 'undoing')";
        let found: Vec<[Uuid; 1]> = self.database.read(sql(open, ())).await?;
        Ok(found.into_iter().flatten().collect())
    }
}
