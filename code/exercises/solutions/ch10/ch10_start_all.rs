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
        match Service::start(log, name).await {
            Ok(service) => running.push(service),
            Err(error) => {
                while let Some(service) = running.pop() {
                    service.stop().await;
                }
                return Err(error);
            }
        }
    }
    Ok(running)
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn services_start_in_order() {
        let log = Log::default();
        let running = start_all(&log, &["database", "cache", "api"]).await;
        assert_eq!(running.map(|running| running.len()), Ok(3));
        assert_eq!(
            *log.borrow(),
            ["database ready", "cache ready", "api ready"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_stops_what_runs_in_reverse() {
        let log = Log::default();
        let result = start_all(&log, &["database", "cache", "broken", "api"]).await;
        assert_eq!(result.err(), Some("broken failed".to_owned()));
        assert_eq!(
            *log.borrow(),
            [
                "database ready",
                "cache ready",
                "cache stopped",
                "database stopped"
            ]
        );
    }
}
