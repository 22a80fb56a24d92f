//! How far the crawl is, each second: a line that moves, or plain lines where none can.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::{MissedTickBehavior, interval};

use crate::crawl::Visitor;

const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(1);

pub(super) async fn watch(visitor: Arc<Visitor>) {
    let watched = super::is_watched();
    let every = if watched { OFTEN } else { SELDOM };
    let bar = if watched {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
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
        if watched {
            bar.set_message(line);
            bar.tick();
        } else {
            eprintln!("{line}");
        }
    }
}
