//! Wrong: returns at the first error, and leaves running what it has started.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;

type Log = Rc<RefCell<Vec<String>>>;

struct Service {
    log: Log,
    name: &'static str,
}

impl Service {
    /// Returns when the service is ready, or with an error if it cannot start.
    async fn start(log: &Log, name: &'static str) -> Result<Service, String> {
        sleep(Duration::from_secs(1)).await;
        if name == "broken" {
            return Err(format!("{name} failed"));
        }
        log.borrow_mut().push(format!("{name} ready"));
        let log = Rc::clone(log);
        Ok(Service { log, name })
    }

    async fn stop(self) {
        sleep(Duration::from_secs(1)).await;
        self.log.borrow_mut().push(format!("{} stopped", self.name));
    }
}

/// Starts all services in order; on an error, stops what runs, the last one first.
async fn start_all(log: &Log, names: &[&'static str]) -> Result<Vec<Service>, String> {
    let mut running: Vec<Service> = Vec::new();
    for name in names {
        running.push(Service::start(log, name).await?);
    }
    Ok(running)
}

fn main() {}
