//! The views that this service has, and how events change them.

use serde_json::json;
use uuid::Uuid;

use super::View;
use crate::command::Aggregate;
use crate::database::{Statement, sql};
use crate::event::{Event, Line};
use crate::order::Order;
use crate::saga::Saga;
use crate::stock::Stock;
use crate::store::Recorded;

/// All of them.
pub static VIEWS: &[View] = &[
    View {
        name: "orders",
        version: 1,
        columns: "id TEXT PRIMARY KEY, customer TEXT, state TEXT, cents INTEGER, currency TEXT,
                  reason TEXT, placed_ms INTEGER, position INTEGER",
        apply: orders,
    },
    View {
        name: "sales",
        version: 1,
        columns: "order_id TEXT, sku TEXT, quantity INTEGER, shipped INTEGER,
                  PRIMARY KEY (order_id, sku)",
        apply: sales,
    },
    View {
        name: "stock",
        version: 1,
        columns: "sku TEXT, order_id TEXT, quantity INTEGER, PRIMARY KEY (sku, order_id)",
        apply: stock,
    },
    View {
        name: "sagas",
        version: 1,
        columns: "order_id TEXT PRIMARY KEY, state TEXT, step TEXT, reason TEXT,
                  deadline_ms INTEGER, updated_ms INTEGER",
        apply: sagas,
    },
];

/// The view of this name.
pub fn by_name(name: &str) -> Option<&'static View> {
    VIEWS.iter().find(|view| view.name == name)
}

fn orders(table: &str, recorded: &Recorded, event: &Event) -> Option<Vec<Statement>> {
    let id: Uuid = Order::of_stream(&recorded.stream)?;
    let position = recorded.position;
    let (state, reason) = match event {
        Event::Placed(it) => {
            let insert =
                format!("INSERT INTO {table} VALUES (?1, ?2, 'placed', ?3, ?4, '', ?5, ?6)");
            let values = (
                id,
                &it.customer,
                it.cents,
                &it.currency,
                recorded.at_ms,
                position,
            );
            return Some(vec![sql(insert, values)]);
        }
        Event::CancelRequested { reason } => ("cancel requested", reason.as_str()),
        Event::Dispatched => ("dispatched", ""),
        Event::Shipped => ("shipped", ""),
        Event::Canceled { reason } => ("canceled", reason.as_str()),
        _ => return None,
    };
    let update = format!("UPDATE {table} SET state = ?2, reason = ?3, position = ?4 WHERE id = ?1");
    Some(vec![sql(update, (id, state, reason, position))])
}

fn sales(table: &str, recorded: &Recorded, event: &Event) -> Option<Vec<Statement>> {
    let id: Uuid = Order::of_stream(&recorded.stream)?;
    match event {
        Event::Placed(placement) => {
            let insert = format!("INSERT INTO {table} VALUES (?1, ?2, ?3, 0)");
            let row = |line: &Line| sql(insert.clone(), (id, &line.sku, line.quantity));
            Some(placement.lines.iter().map(row).collect())
        }
        Event::Shipped => {
            let update = format!("UPDATE {table} SET shipped = 1 WHERE order_id = ?1");
            Some(vec![sql(update, id)])
        }
        _ => None,
    }
}

fn stock(table: &str, recorded: &Recorded, event: &Event) -> Option<Vec<Statement>> {
    let sku: String = Stock::of_stream(&recorded.stream)?;
    let (order, quantity) = match event {
        Event::Stocked { quantity } => (String::new(), i64::from(*quantity)),
        Event::Reserved { order, quantity } => (order.to_string(), -i64::from(*quantity)),
        Event::Released { order } => {
            let delete = format!("DELETE FROM {table} WHERE sku = ?1 AND order_id = ?2");
            return Some(vec![sql(delete, (sku, order))]);
        }
        _ => return None,
    };
    let add = format!(
        "INSERT INTO {table} AS old VALUES (?1, ?2, ?3) ON CONFLICT (sku, order_id)
         DO UPDATE SET quantity = old.quantity + excluded.quantity"
    );
    Some(vec![sql(add, (sku, order, quantity))])
}

fn sagas(table: &str, recorded: &Recorded, event: &Event) -> Option<Vec<Statement>> {
    let order: Uuid = Saga::of_stream(&recorded.stream)?;
    let now = recorded.at_ms;
    let (state, step, reason) = match event {
        Event::Began { deadline_ms } => {
            let insert = format!("INSERT INTO {table} VALUES (?1, 'running', '', '', ?2, ?3)");
            return Some(vec![sql(insert, (order, deadline_ms, now))]);
        }
        Event::Done { step } | Event::Undone { step } => ("", json!(step), ""),
        Event::Refused { step, reason } => ("undoing", json!(step), reason.as_str()),
        Event::Stuck { step, error } => ("stuck", json!(step), error.as_str()),
        Event::Resumed => ("running", json!(""), ""),
        Event::Ended => ("ended", json!(""), ""),
        _ => return None,
    };
    // What is empty stays as it was.
    let update = format!(
        "UPDATE {table} SET state = coalesce(nullif(?2, ''), state), step = ?3,
         reason = coalesce(nullif(?4, ''), reason), updated_ms = ?5 WHERE order_id = ?1"
    );
    Some(vec![sql(update, (order, state, step, reason, now))])
}
