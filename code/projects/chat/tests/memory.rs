//! A store in memory, whose weather is drawn with `fastrand`: late answers, in any order, and
//! failures. Nothing in it but tasks, so a paused clock knows when it waits.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chat::name::Name;
use chat::store::{
    Access, Answer, History, Kept, LONGEST_PAGE, NewLine, Page, RoomInfo, RoomKey, StoreError,
};
use chat::wire::Line;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// That of each room.
pub const EPOCH: u64 = 7;
/// So many lines share a transaction.
const BATCH: usize = 16;

/// What is kept, by room: the database that servers share.
pub struct Disk(Vec<Room>);

struct Room {
    name: Name,
    lines: Mutex<Vec<Line>>,
}

impl Disk {
    pub fn with(rooms: &[&str]) -> Arc<Disk> {
        let room = |room: &&str| Room {
            name: Name::try_from(*room).unwrap(),
            lines: Mutex::default(),
        };
        Arc::new(Disk(rooms.iter().map(room).collect()))
    }

    /// What is kept at this moment, of any room.
    pub fn len(&self) -> usize {
        let lines = self.0.iter().map(|room| room.lines.lock().unwrap().len());
        lines.sum()
    }

    /// A line, if it's kept at this moment.
    pub fn line(&self, room: &Name, seq: u64) -> Option<Line> {
        self.lines(room).get(seq as usize - 1).cloned()
    }

    fn lines(&self, name: &Name) -> MutexGuard<'_, Vec<Line>> {
        let room = self.0.iter().find(|room| room.name == *name);
        room.unwrap().lines.lock().unwrap()
    }

    fn append(&self, key: RoomKey, new: NewLine) -> Kept {
        let room = &self.0[key.id as usize];
        let mut lines = room.lines.lock().unwrap();
        let same = |line: &&Line| (&line.from, &line.id) == (&new.from, &new.id);
        if let Some(Line { seq, .. }) = lines.iter().find(same) {
            return Kept {
                seq: *seq,
                new: false,
            };
        }
        let seq = lines.len() as u64 + 1;
        lines.push(new.numbered(room.name.clone(), seq));
        Kept { seq, new: true }
    }

    fn key(&self, name: &Name) -> Option<RoomKey> {
        let id = self.0.iter().position(|room| room.name == *name)?;
        let last = self.lines(name).len() as u64;
        Some(RoomKey {
            id: id as i64,
            epoch: EPOCH,
            last,
        })
    }

    fn page(&self, name: &Name, page: Page, most: usize) -> Vec<Line> {
        let lines = self.lines(name);
        let most = most.min(LONGEST_PAGE);
        let place = |seq: u64| usize::try_from(seq).unwrap_or(usize::MAX).min(lines.len());
        let some = match page {
            Page::After(seq) => &lines[place(seq)..place(seq.saturating_add(most as u64))],
            Page::Before(seq) => {
                let end = place(seq.saturating_sub(1));
                &lines[end.saturating_sub(most)..end]
            }
        };
        some.to_vec()
    }
}

/// One server's way to the disk.
pub struct Memory {
    disk: Arc<Disk>,
    longest_wait: Duration,
    appends: mpsc::UnboundedSender<Append>, // rooms have a bound of their own
}

type Append = (RoomKey, NewLine, oneshot::Sender<Result<Kept, StoreError>>);

impl Memory {
    /// Each step takes up to `longest_wait`; at zero, none waits and none fails.
    pub fn open(disk: &Arc<Disk>, longest_wait: Duration) -> Arc<Memory> {
        let (appends, waiting) = mpsc::unbounded_channel();
        tokio::spawn(append_all(disk.clone(), longest_wait, waiting));
        Arc::new(Memory {
            disk: disk.clone(),
            longest_wait,
            appends,
        })
    }

    /// What stands there at one moment between the question and the answer.
    fn read<T, F>(&self, read: F) -> Answer<T>
    where
        F: FnOnce(&Disk) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (disk, longest) = (self.disk.clone(), self.longest_wait);
        Box::pin(async move {
            weather(longest).await?;
            let found = read(&disk);
            weather(longest).await?;
            Ok(found)
        })
    }
}

async fn append_all(
    disk: Arc<Disk>,
    longest: Duration,
    mut waiting: mpsc::UnboundedReceiver<Append>,
) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let begun = weather(longest).await.map_err(|error| error.to_string());
        let done = batch.drain(..).map(|(room, line, reply)| match &begun {
            Ok(()) => (reply, Ok(disk.append(room, line))),
            Err(error) => (reply, Err(StoreError::Transaction(error.clone()))),
        });
        let mut answers: Vec<_> = done.collect();
        if !longest.is_zero() {
            fastrand::shuffle(&mut answers);
        }
        for (reply, answer) in answers {
            pause(longest / 4).await;
            reply.send(answer).ok();
        }
    }
}

/// Waits, and now and then fails.
async fn weather(longest: Duration) -> Result<(), StoreError> {
    pause(longest).await;
    match !longest.is_zero() && fastrand::u8(..16) == 0 {
        true => Err(StoreError::TooSlow),
        false => Ok(()),
    }
}

async fn pause(longest: Duration) {
    if !longest.is_zero() && fastrand::bool() {
        sleep(longest.mul_f64(fastrand::f64())).await;
    }
}

impl History for Memory {
    fn append(&self, room: RoomKey, line: NewLine) -> Answer<Kept> {
        let (reply, answer) = oneshot::channel();
        self.appends.send((room, line, reply)).ok();
        Box::pin(async move { answer.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn page(&self, _: RoomKey, name: Name, page: Page, most: usize) -> Answer<Vec<Line>> {
        self.read(move |disk| disk.page(&name, page, most))
    }

    fn search(&self, _: RoomKey, name: Name, words: String, most: usize) -> Answer<Vec<Line>> {
        self.read(move |disk| {
            let fits = |line: &&Line| words.split(' ').all(|word| line.text.contains(word));
            let lines = disk.lines(&name);
            let found = lines.iter().rev().filter(fits);
            found.take(most).cloned().collect()
        })
    }

    fn create_room(&self, _: Name, _: Option<Name>, _: bool) -> Answer<bool> {
        self.read(|_| false) // those that were there from the start are all
    }

    fn rooms(&self, _: Name) -> Answer<Vec<RoomInfo>> {
        self.read(|disk| {
            let info = |room: &Room| RoomInfo {
                name: room.name.clone(),
                last: room.lines.lock().unwrap().len() as u64,
                invited_only: false,
                owner: None,
            };
            disk.0.iter().map(info).collect()
        })
    }

    fn access(&self, room: Name, _: Name) -> Answer<Access> {
        self.read(move |disk| disk.key(&room).map_or(Access::None, Access::Member))
    }

    fn room(&self, room: Name) -> Answer<RoomKey> {
        let found = self.read(move |disk| disk.key(&room));
        Box::pin(async move { found.await?.ok_or(StoreError::NoSuchRoom) })
    }

    fn set_standing(&self, _: RoomKey, _: Name, _: Option<bool>) -> Answer<()> {
        self.read(|_| ())
    }

    fn claim_name(&self, _: Name, _: [u8; 32]) -> Answer<bool> {
        self.read(|_| true)
    }

    fn secret(&self) -> Answer<Vec<u8>> {
        self.read(|_| b"secret".to_vec())
    }

    fn check(&self) -> Answer<()> {
        self.read(|_| ())
    }
}
