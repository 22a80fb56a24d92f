//! The views that this service has, and how events change them.

use rusqlite::{Connection, params};

use super::View;
use crate::event::{Event, Step};
use crate::store::Recorded;
use crate::{order, saga};

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

/// The table of a view that is being rebuilt.
pub fn shadow(view: &View) -> &'static str {
    match view.name {
        "orders" => "orders_new",
        "sales" => "sales_new",
        "stock" => "stock_new",
        _ => "sagas_new",
    }
}

fn run(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(sql)?
        .execute(parameters)
        .map(drop)
}

fn orders(
    connection: &Connection,
    table: &str,
    recorded: &Recorded,
    event: &Event,
) -> rusqlite::Result<()> {
    let Some(order) = order::of_stream(&recorded.stream) else {
        return Ok(());
    };
    let (id, position) = (order.to_string(), recorded.position);
    let (state, reason) = match event {
        Event::Placed(it) => {
            let insert =
                format!("INSERT INTO {table} VALUES (?1, ?2, 'placed', ?3, ?4, '', ?5, ?6)");
            let row = params![
                id,
                it.customer,
                it.cents,
                it.currency,
                recorded.at_ms,
                position
            ];
            return run(connection, &insert, row);
        }
        Event::CancelRequested { reason } => ("cancel requested", reason.as_str()),
        Event::Dispatched => ("dispatched", ""),
        Event::Shipped => ("shipped", ""),
        Event::Canceled { reason } => ("canceled", reason.as_str()),
        _ => return Ok(()),
    };
    let update = format!("UPDATE {table} SET state = ?2, reason = ?3, position = ?4 WHERE id = ?1");
    run(connection, &update, params![id, state, reason, position])
}

fn sales(
    connection: &Connection,
    table: &str,
    recorded: &Recorded,
    event: &Event,
) -> rusqlite::Result<()> {
    let Some(order) = order::of_stream(&recorded.stream) else {
        return Ok(());
    };
    let id = order.to_string();
    match event {
        Event::Placed(placement) => {
            let insert = format!("INSERT INTO {table} VALUES (?1, ?2, ?3, 0)");
            placement
                .lines
                .iter()
                .try_for_each(|line| run(connection, &insert, params![id, line.sku, line.quantity]))
        }
        Event::Shipped => run(
            connection,
            &format!("UPDATE {table} SET shipped = 1 WHERE order_id = ?1"),
            [id],
        ),
        _ => Ok(()),
    }
}

fn stock(
    connection: &Connection,
    table: &str,
    recorded: &Recorded,
    event: &Event,
) -> rusqlite::Result<()> {
    let Some(sku) = recorded.stream.strip_prefix("stock-") else {
        return Ok(());
    };
    let add = format!(
        "INSERT INTO {table} VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity"
    );
    match event {
        Event::Stocked { quantity } => run(connection, &add, params![sku, "", quantity]),
        Event::Reserved { order, quantity } => run(
            connection,
            &add,
            params![sku, order.to_string(), -i64::from(*quantity)],
        ),
        Event::Released { order } => {
            let delete = format!("DELETE FROM {table} WHERE sku = ?1 AND order_id = ?2");
            run(connection, &delete, params![sku, order.to_string()])
        }
        _ => Ok(()),
    }
}

fn sagas(
    connection: &Connection,
    table: &str,
    recorded: &Recorded,
    event: &Event,
) -> rusqlite::Result<()> {
    let Some(order) = saga::of_stream(&recorded.stream) else {
        return Ok(());
    };
    let (id, now) = (order.to_string(), recorded.at_ms);
    let (state, step, reason) = match event {
        Event::Began { deadline_ms } => {
            let insert = format!("INSERT INTO {table} VALUES (?1, 'running', '', '', ?2, ?3)");
            return run(connection, &insert, params![id, deadline_ms, now]);
        }
        Event::Done { step } => (None, name(*step), ""),
        Event::Refused { step, reason } => (Some("undoing"), name(*step), reason.as_str()),
        Event::Undone { step } => (None, name(*step), ""),
        Event::Stuck { step, error } => (Some("stuck"), name(*step), error.as_str()),
        Event::Resumed => (Some("running"), "", ""),
        Event::Ended => (Some("ended"), "", ""),
        _ => return Ok(()),
    };
    let update = format!(
        "UPDATE {table} SET state = coalesce(?2, state), step = ?3,
         reason = CASE ?4 WHEN '' THEN reason ELSE ?4 END, updated_ms = ?5 WHERE order_id = ?1"
    );
    run(connection, &update, params![id, state, step, reason, now])
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Reserve => "reserve",
        Step::Charge => "charge",
        Step::Dispatch => "dispatch",
        Step::Ship => "ship",
    }
}
