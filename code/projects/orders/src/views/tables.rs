//! The views that this service has, and how events change them.

use crate::database::{Statement, sql};
use crate::event::{Event, Step};
use crate::store::Recorded;
use crate::{order, saga};

use super::View;

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

fn orders(table: &str, recorded: &Recorded, event: &Event) -> Vec<Statement> {
    let Some(order) = order::of_stream(&recorded.stream) else {
        return Vec::new();
    };
    let (id, position) = (order.to_string().into(), recorded.position.into());
    let (state, reason) = match event {
        Event::Placed(it) => {
            let insert =
                format!("INSERT INTO {table} VALUES (?1, ?2, 'placed', ?3, ?4, '', ?5, ?6)");
            let (customer, currency) = (it.customer.as_str().into(), it.currency.as_str().into());
            let values = [
                id,
                customer,
                it.cents.into(),
                currency,
                recorded.at_ms.into(),
                position,
            ];
            return vec![sql(insert, values)];
        }
        Event::CancelRequested { reason } => ("cancel requested", reason.as_str()),
        Event::Dispatched => ("dispatched", ""),
        Event::Shipped => ("shipped", ""),
        Event::Canceled { reason } => ("canceled", reason.as_str()),
        _ => return Vec::new(),
    };
    let update = format!("UPDATE {table} SET state = ?2, reason = ?3, position = ?4 WHERE id = ?1");
    vec![sql(update, [id, state.into(), reason.into(), position])]
}

fn sales(table: &str, recorded: &Recorded, event: &Event) -> Vec<Statement> {
    let Some(order) = order::of_stream(&recorded.stream) else {
        return Vec::new();
    };
    let id = order.to_string();
    match event {
        Event::Placed(placement) => {
            let insert = format!("INSERT INTO {table} VALUES (?1, ?2, ?3, 0)");
            let row = |line: &crate::event::Line| {
                let values = [
                    id.as_str().into(),
                    line.sku.as_str().into(),
                    line.quantity.into(),
                ];
                sql(insert.clone(), values)
            };
            placement.lines.iter().map(row).collect()
        }
        Event::Shipped => {
            let update = format!("UPDATE {table} SET shipped = 1 WHERE order_id = ?1");
            vec![sql(update, [id.into()])]
        }
        _ => Vec::new(),
    }
}

fn stock(table: &str, recorded: &Recorded, event: &Event) -> Vec<Statement> {
    let Some(sku) = recorded.stream.strip_prefix("stock-") else {
        return Vec::new();
    };
    let (order, quantity) = match event {
        Event::Stocked { quantity } => (String::new(), i64::from(*quantity)),
        Event::Reserved { order, quantity } => (order.to_string(), -i64::from(*quantity)),
        Event::Released { order } => {
            let delete = format!("DELETE FROM {table} WHERE sku = ?1 AND order_id = ?2");
            return vec![sql(delete, [sku.into(), order.to_string().into()])];
        }
        _ => return Vec::new(),
    };
    let add = format!(
        "INSERT INTO {table} AS old VALUES (?1, ?2, ?3) ON CONFLICT (sku, order_id)
         DO UPDATE SET quantity = old.quantity + excluded.quantity"
    );
    vec![sql(add, [sku.into(), order.into(), quantity.into()])]
}

fn sagas(table: &str, recorded: &Recorded, event: &Event) -> Vec<Statement> {
    let Some(order) = saga::of_stream(&recorded.stream) else {
        return Vec::new();
    };
    let (id, now) = (order.to_string().into(), recorded.at_ms.into());
    let (state, step, reason) = match event {
        Event::Began { deadline_ms } => {
            let insert = format!("INSERT INTO {table} VALUES (?1, 'running', '', '', ?2, ?3)");
            return vec![sql(insert, [id, (*deadline_ms).into(), now])];
        }
        Event::Done { step } | Event::Undone { step } => ("", name(*step), ""),
        Event::Refused { step, reason } => ("undoing", name(*step), reason.as_str()),
        Event::Stuck { step, error } => ("stuck", name(*step), error.as_str()),
        Event::Resumed => ("running", "", ""),
        Event::Ended => ("ended", "", ""),
        _ => return Vec::new(),
    };
    // What is empty stays as it was.
    let update = format!(
        "UPDATE {table} SET state = coalesce(nullif(?2, ''), state), step = ?3,
         reason = coalesce(nullif(?4, ''), reason), updated_ms = ?5 WHERE order_id = ?1"
    );
    vec![sql(
        update,
        [id, state.into(), step.into(), reason.into(), now],
    )]
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Reserve => "reserve",
        Step::Charge => "charge",
        Step::Dispatch => "dispatch",
        Step::Ship => "ship",
    }
}
