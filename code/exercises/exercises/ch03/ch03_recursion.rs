//! `total_size` walks a tree of folders and waits for each of them.
//! An `async fn` that awaits itself would be a state machine that contains itself,
//! and rustc refuses to lay that out.
//!
//! Make it compile without changing what it returns.

use tokio::task::yield_now;

pub struct Folder {
    pub bytes: u64,
    pub children: Vec<Folder>,
}

pub async fn total_size(folder: &Folder) -> u64 {
    yield_now().await;
    let mut total = folder.bytes;
    // TODO: put a pointer between the future and the future that it contains.
    for child in &folder.children {
        total += total_size(child).await;
    }
    total
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(bytes: u64, children: Vec<Folder>) -> Folder {
        Folder { bytes, children }
    }

    // `tokio::test` runs an async function as a #[test]
    #[tokio::test]
    async fn a_tree_of_folders_is_summed() {
        let leaf = || folder(1, Vec::new());
        let root = folder(100, vec![leaf(), folder(10, vec![leaf(), leaf()])]);
        assert_eq!(total_size(&root).await, 113);
    }

    #[tokio::test]
    async fn a_thousand_levels_are_summed() {
        let mut deep = folder(1, Vec::new());
        for _ in 1..1_000 {
            deep = folder(1, vec![deep]);
        }
        assert_eq!(total_size(&deep).await, 1_000);
    }
}
