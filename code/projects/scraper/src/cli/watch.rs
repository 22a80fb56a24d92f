//! How far the crawl is: a line that moves, or one each second where no one is watching.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::{MissedTickBehavior, interval};

use crate::crawl::Visitor;

const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(1);

pub(super) async fn watch(visitor: Arc<Visitor>) {
    let bar = stderr().is_terminal().then(ProgressBar::new_spinner);
    let every = if bar.is_some() { OFTEN } else { SELDOM };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut before = 0;
    loop {
        ticks.tick().await;
        let progress = &visitor.progress;
        let pages = progress.pages.load(Relaxed);
        let line = format!(
            "{pages} pages ({:.0}/s), {} items, {} to do, {} visits, {} troubles, {} left alone",
            (pages - before) as f64 / every.as_secs_f64(),
            progress.items.load(Relaxed),
            progress.pending.load(Relaxed),
            progress.visits.load(Relaxed),
            progress.troubles.load(Relaxed),
            progress.skipped.load(Relaxed),
        );
        before = pages;
        match &bar {
            Some(bar) => {
                bar.set_message(line);
                bar.tick();
            }
            None => eprintln!("{line}"),
        }
    }
}
