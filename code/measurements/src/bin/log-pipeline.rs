//! A log file of 100 MB through parse, enrich, aggregate and write: how fast, and in how much memory.
//!
//! Five ways do the same work and must write the same file. Each runs in a process of its own, since the peak of a
//! process's memory doesn't come down again, and the ways take turns. `log-pipeline plot` draws what a way held as it went.
//!
//! On a machine that does other things, threads compete for its cores, and a way with more threads gets more of them:
//! run it with `chrt -f 50` there, as root.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, available_parallelism, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use futures::stream::unfold;
use measurements::{Report, at_least};
use rayon::prelude::*;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinSet, spawn_blocking};
use toml::Value;

const FILE: u64 = 100 << 20;
const ROUNDS: usize = 9;
const USERS: u32 = 50_000;
const COUNTRIES: [&str; 6] = ["BR", "DE", "IN", "JP", "KE", "US"];

// ANCHOR: sizes
/// What travels through the pipeline: whole lines, so many bytes of them at a time.
const BLOCK: usize = 256 << 10;
/// Blocks that wait between two stages.
const DEPTH: usize = 2;
// ANCHOR_END: sizes

/// Bars of the plot, from the start of a way to its end.
const BARS: usize = 60;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => print!("{}", report()?.to_toml()?),
        ["plot"] => print!("{}", plot()?),
        [way, log] => run(way, Path::new(log))?,
        _ => bail!("no argument, `plot`, or a way and a log"),
    }
    Ok(())
}

// --- the work -------------------------------------------------------------------------------------------------------

/// A line of the log, such as `2026-11-29T12:00:00Z 48213 /items/17 142`.
struct Request {
    user: u32,
    path: u16,
    millis: u32,
}

struct Enriched {
    country: usize,
    path: u16,
    millis: u32,
}

/// Requests and their milliseconds, by country and path.
type Totals = HashMap<(usize, u16), (u64, u64)>;

fn parse(lines: &[u8]) -> Vec<Request> {
    lines
        .split(|byte| *byte == b'\n')
        .filter_map(request)
        .collect()
}

fn request(line: &[u8]) -> Option<Request> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ').skip(1);
    Some(Request {
        user: words.next()?.parse().ok()?,
        path: words.next()?.strip_prefix("/items/")?.parse().ok()?,
        millis: words.next()?.parse().ok()?,
    })
}

/// Which country a user is from: what a service or a database would know.
struct Users(Vec<u8>);

impl Users {
    fn load() -> Users {
        Users((0..USERS).map(|user| (user % 7 % 6) as u8).collect())
    }

    fn enrich(&self, requests: Vec<Request>) -> Vec<Enriched> {
        let enriched = requests.into_iter().map(|request| Enriched {
            country: usize::from(self.0[request.user as usize]),
            path: request.path,
            millis: request.millis,
        });
        enriched.collect()
    }
}

fn add(totals: &mut Totals, requests: &[Enriched]) {
    for request in requests {
        let total = totals.entry((request.country, request.path)).or_default();
        total.0 += 1;
        total.1 += u64::from(request.millis);
    }
}

fn merge(mut one: Totals, other: Totals) -> Totals {
    for (key, (count, millis)) in other {
        let total = one.entry(key).or_default();
        total.0 += count;
        total.1 += millis;
    }
    one
}

fn table(totals: Totals) -> String {
    let sorted: BTreeMap<_, _> = totals.into_iter().collect();
    let rows = sorted
        .into_iter()
        .map(|((country, path), (count, millis))| {
            let country = COUNTRIES[country];
            format!("{country} /items/{path} {count} {}\n", millis / count)
        });
    rows.collect()
}

/// The next block of whole lines; `None` at the end.
fn block(log: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut lines = Vec::with_capacity(BLOCK + 256);
    log.take(BLOCK as u64).read_to_end(&mut lines)?;
    log.read_until(b'\n', &mut lines)?;
    Ok((!lines.is_empty()).then_some(lines))
}

fn blocks(log: &Path) -> Result<impl Iterator<Item = Vec<u8>> + use<>> {
    let mut log = BufReader::with_capacity(BLOCK, File::open(log)?);
    Ok(std::iter::from_fn(move || {
        block(&mut log).expect("the log can be read")
    }))
}

// --- the ways -------------------------------------------------------------------------------------------------------

fn one_loop(log: &Path) -> Result<Totals> {
    let (users, mut totals) = (Users::load(), Totals::new());
    for lines in blocks(log)? {
        add(&mut totals, &users.enrich(parse(&lines)));
    }
    Ok(totals)
}

/// rayon, on blocks that it takes from the reader one by one.
fn rayon_blocks(log: &Path) -> Result<Totals> {
    let users = Users::load();
    let totals = blocks(log)?
        .par_bridge()
        .fold(Totals::new, |mut totals, lines| {
            add(&mut totals, &users.enrich(parse(&lines)));
            totals
        });
    Ok(totals.reduce(Totals::new, merge))
}

/// rayon, as one first writes it: the whole file in memory, and a line is an item.
fn rayon_whole(log: &Path) -> Result<Totals> {
    let (users, log) = (Users::load(), fs::read(log)?);
    let requests = log.par_split(|byte| *byte == b'\n').filter_map(request);
    let totals = requests.fold(Totals::new, |mut totals, request| {
        add(&mut totals, &users.enrich(vec![request]));
        totals
    });
    Ok(totals.reduce(Totals::new, merge))
}

// ANCHOR: pipeline
/// Read, parse, enrich and aggregate as stages; `depth` blocks wait between two of them.
async fn pipeline(log: &Path, depth: usize) -> Result<Totals> {
    let cores = available_parallelism()?.get();
    let (read, to_parse) = mpsc::channel(depth);
    let (parsed, to_enrich) = mpsc::channel(depth);
    let (enriched, to_add) = mpsc::channel(depth);
    let mut stages = JoinSet::new();
    let log = log.to_owned();
    stages.spawn_blocking(move || read_all(&log, &read));
    stages.spawn(parse_all(to_parse, parsed, cores));
    stages.spawn(enrich_all(to_enrich, enriched));
    let totals = add_all(to_add).await;
    while let Some(end) = stages.join_next().await {
        end??; // an error of any stage is the error of the whole
    }
    Ok(totals)
}

fn read_all(log: &Path, read: &Sender<Vec<u8>>) -> Result<()> {
    for lines in blocks(log)? {
        read.blocking_send(lines)
            .context("the parser has stopped")?;
    }
    Ok(())
}

/// A block is parsed in about a millisecond, which is too long for a worker of the runtime.
async fn parse_all(
    blocks: Receiver<Vec<u8>>,
    parsed: Sender<Vec<Request>>,
    cores: usize,
) -> Result<()> {
    let blocks = unfold(blocks, async |mut blocks| {
        blocks.recv().await.map(|block| (block, blocks))
    });
    let parsing = blocks.map(|lines| spawn_blocking(move || parse(&lines)));
    let mut requests = Box::pin(parsing.buffer_unordered(cores));
    while let Some(requests) = requests.next().await {
        parsed
            .send(requests?)
            .await
            .context("the next stage has stopped")?;
    }
    Ok(())
}
// ANCHOR_END: pipeline

async fn enrich_all(
    mut requests: Receiver<Vec<Request>>,
    enriched: Sender<Vec<Enriched>>,
) -> Result<()> {
    let users = Users::load();
    while let Some(requests) = requests.recv().await {
        let requests = users.enrich(requests);
        enriched
            .send(requests)
            .await
            .context("the next stage has stopped")?;
    }
    Ok(())
}

async fn add_all(mut requests: Receiver<Vec<Enriched>>) -> Totals {
    let mut totals = Totals::new();
    while let Some(requests) = requests.recv().await {
        add(&mut totals, &requests);
    }
    totals
}

// --- the measurement ------------------------------------------------------------------------------------------------

const WAYS: [&str; 5] = [
    "loop",
    "pipeline",
    "deep_pipeline",
    "rayon_blocks",
    "rayon_whole",
];

fn totals(way: &str, log: &Path) -> Result<Totals> {
    let depth = if way == "deep_pipeline" { 1_000 } else { DEPTH };
    match way {
        // Not in the first thread, whose heap gives its end back to the system after each block.
        "loop" => thread::scope(|scope| scope.spawn(|| one_loop(log)).join().expect("no panic")),
        "rayon_blocks" => rayon_blocks(log),
        "rayon_whole" => rayon_whole(log),
        _ => tokio::runtime::Runtime::new()?.block_on(pipeline(log, depth)),
    }
}

/// What one way took, in a process of its own.
#[derive(Default)]
struct Run {
    seconds: f64,
    /// Kilobytes at most.
    peak: u64,
    /// Kilobytes, each few milliseconds.
    held: Vec<u64>,
    table: String,
}

/// Goes one way, and prints its times, its memory and its table.
fn run(way: &str, log: &Path) -> Result<()> {
    let over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&over);
    let watch = thread::spawn(move || {
        let mut held = Vec::new();
        while !ends.load(Relaxed) {
            held.push(memory("VmRSS:").unwrap_or_default().to_string());
            sleep(Duration::from_millis(5));
        }
        held.join(" ")
    });
    let start = Instant::now();
    let table = table(totals(way, log)?);
    fs::write(log.with_extension(way), &table)?;
    let seconds = start.elapsed().as_secs_f64();
    over.store(true, Relaxed);
    let held = watch.join().expect("no panic");
    println!("{seconds} {}\n{held}", memory("VmHWM:")?);
    Ok(())
}

fn memory(line: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|one| one.strip_prefix(line));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kilobytes.context("Linux tells")?.parse()?)
}

fn child(way: &str, log: &Path) -> Result<Run> {
    let child = Command::new(std::env::current_exe()?)
        .arg(way)
        .arg(log)
        .output()?;
    let said = String::from_utf8(child.stdout)?;
    let (first, held) = said.trim().split_once('\n').context("two lines")?;
    let (seconds, peak) = first.split_once(' ').context("two numbers")?;
    Ok(Run {
        seconds: seconds.parse()?,
        peak: peak.parse()?,
        held: held.split(' ').map(str::parse).collect::<Result<_, _>>()?,
        table: fs::read_to_string(log.with_extension(way))?,
    })
}

/// All ways, in turn, as often as this; the last table of each is the same.
fn runs(rounds: usize) -> Result<HashMap<&'static str, Vec<Run>>> {
    let folder = tempfile::tempdir()?;
    let log = folder.path().join(format!("{}.log", id()));
    generate(&log, FILE)?;
    let mut runs: HashMap<_, Vec<Run>> = HashMap::new();
    for _ in 0..rounds {
        for way in WAYS {
            runs.entry(way).or_default().push(child(way, &log)?);
        }
    }
    let right = runs["loop"][0].table.clone();
    let same = runs.values().flatten().all(|run| run.table == right);
    ensure!(same && !right.is_empty(), "the ways disagree");
    Ok(runs)
}

fn generate(log: &Path, size: u64) -> Result<()> {
    let mut file = std::io::BufWriter::new(File::create(log)?);
    let (mut written, mut dice) = (0, 1_u64);
    while written < size {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (user, path, millis) = (dice >> 33, dice >> 40, dice >> 50);
        let line = format!(
            "2026-11-29T12:00:{:02}Z {} /items/{} {}\n",
            dice >> 60,
            user % u64::from(USERS),
            path % 500,
            millis % 1_000,
        );
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    Ok(file.flush()?)
}

fn report() -> Result<Report> {
    let runs = runs(ROUNDS)?;
    // A busy moment of the machine makes a round longer, not shorter.
    let fastest = |way: &str| {
        let seconds = runs[way].iter().map(|run| run.seconds);
        seconds.fold(f64::MAX, f64::min)
    };
    let peak = |way: &str| {
        runs[way]
            .iter()
            .map(|run| run.peak)
            .max()
            .unwrap_or_default()
    };
    // In percent, to tens: as much as a busy machine can tell.
    let rate = |way| Value::Integer((fastest("loop") / fastest(way) * 10.0).round() as i64 * 10);
    let megabytes = |way| Value::Integer(peak(way).div_ceil(1_000).cast_signed());
    Ok(Report {
        name: "log-pipeline",
        what: "A log of 100 MB through parse, enrich, aggregate and write, on two cores that do nothing else: the rate in percent of a single-threaded loop, from the fastest of 9 rounds, and the most memory of the process in MB, the largest of 9: by the loop; by tasks and channels with 2 blocks of 256 KB between two stages, and with 1,000; by rayon over blocks from the reader, and over the whole file in memory",
        values: vec![
            ("pipeline_rate", rate("pipeline")),
            ("deep_pipeline_rate", rate("deep_pipeline")),
            ("rayon_blocks_rate", rate("rayon_blocks")),
            ("rayon_whole_rate", rate("rayon_whole")),
            ("loop_peak", megabytes("loop")),
            ("pipeline_peak", megabytes("pipeline")),
            ("deep_pipeline_peak", megabytes("deep_pipeline")),
            ("rayon_blocks_peak", megabytes("rayon_blocks")),
            ("rayon_whole_peak", megabytes("rayon_whole")),
            (
                "deep_per_bounded",
                Value::Integer(at_least(
                    peak("deep_pipeline") as f64 / peak("pipeline") as f64,
                )),
            ),
        ],
    })
}

// --- the plot -------------------------------------------------------------------------------------------------------

/// What each way held in memory as it went, as a drawing for the chapter.
fn plot() -> Result<String> {
    const SHOWN: [(&str, &str); 4] = [
        ("loop", "A loop"),
        ("pipeline", "2 blocks in a channel"),
        ("deep_pipeline", "1,000 blocks in a channel"),
        ("rayon_whole", "rayon, the whole file"),
    ];
    let runs = runs(1)?;
    let most = runs
        .values()
        .flatten()
        .map(|run| run.peak)
        .max()
        .unwrap_or(1);
    let mut rows = String::new();
    let mut said = Vec::new();
    for (row, (way, name)) in (0..).zip(SHOWN) {
        let (run, floor) = (&runs[way][0], 110 + row * 90);
        let peak = run.peak.div_ceil(1_000);
        said.push(format!("{name}: {peak} MB at most"));
        rows += &format!(
            "  <text class=\"d-text d-bold\" x=\"0\" y=\"{}\">{name}</text>\n  <text class=\"d-small\" x=\"0\" y=\"{}\">{peak} MB at most</text>\n  <path d=\"{}\" fill=\"var(--run)\"/><path class=\"d-line\" d=\"M230 {floor}H710\"/>\n",
            floor - 22,
            floor - 4,
            outline(run, most, floor),
        );
    }
    let height = 120 + 90 * (SHOWN.len() - 1);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" role=\"img\" aria-labelledby=\"ch20-memory-title ch20-memory-desc\">\n  <title id=\"ch20-memory-title\">Memory of four ways through a log of 100 MB</title>\n  <desc id=\"ch20-memory-desc\">Four rows; the height is the memory of the process, from its start to its end. {}.</desc>\n{rows}</svg>\n",
        said.join(". "),
    ))
}

/// The samples as bars from left to right, whatever time the way took.
fn outline(run: &Run, most: u64, floor: u64) -> String {
    let bar = 480.0 / BARS as f64;
    let mut path = format!("M230 {floor}");
    for at in 0..BARS {
        let held = run.held[at * run.held.len() / BARS];
        let top = floor - held * 80 / most;
        path += &format!("V{top}h{bar}");
    }
    path + &format!("V{floor}z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parsed_or_passed_over() {
        let lines =
            b"2026-11-29T12:00:00Z 48213 /items/17 142\ntorn\n2026-11-29T12:00:01Z 7 /items/3 9\n";
        let requests = parse(lines);
        let read = requests.iter().map(|one| (one.user, one.path, one.millis));
        assert!(read.eq([(48_213, 17, 142), (7, 3, 9)]));
    }

    #[test]
    fn all_ways_find_the_same_totals() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("small.log");
        generate(&log, 3 << 20).expect("the disk has room");
        let tables = WAYS.map(|way| table(totals(way, &log).expect("the log can be read")));
        assert!(!tables[0].is_empty() && tables.iter().all(|table| *table == tables[0]));
    }

    #[test]
    fn blocks_are_whole_lines_and_the_whole_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("small.log");
        generate(&log, 1 << 20).expect("the disk has room");
        let blocks: Vec<_> = blocks(&log).expect("the log can be read").collect();
        assert!(blocks.len() > 3 && blocks.iter().all(|block| block.ends_with(b"\n")));
        assert_eq!(
            blocks.concat(),
            fs::read(&log).expect("the log can be read")
        );
    }
}
