//! Where an export goes: a folder, or one zip archive (Unicode names, and no times, so that the same chat makes the same
//! archive). Both are written with blocking calls, so a thread of their own does it; the export feeds it through a bounded
//! channel.

mod files;

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle};

use files::{Files, is_archive};

use crate::{Error, Result, source::blocking};

/// How many chunks may wait for the disk.
const WAITING: usize = 8;

/// An export's files, being written.
pub(super) struct Target {
    to: PathBuf,
    orders: mpsc::Sender<Order>,
    writer: JoinHandle<io::Result<()>>,
}

enum Order {
    /// Ends the file before, and begins the one of this name; the first is the file of the chat.
    Begin(String),
    Write(Bytes),
    /// Ends the last file, and gives the files their names.
    Finish,
}

impl Target {
    /// Makes the folder, or begins the archive.
    pub(super) async fn open(to: &Path) -> Result<Self> {
        let path = to.to_owned();
        let mut files = blocking(move || Files::open(&path).map_err(Error::file(path))).await?;
        let (orders, mut received) = mpsc::channel(WAITING);
        let writer = tokio::task::spawn_blocking(move || {
            while let Some(order) = received.blocking_recv() {
                match order {
                    Order::Begin(name) => files.begin(&name)?,
                    Order::Write(bytes) => files.write(&bytes)?,
                    Order::Finish => return files.finish(),
                }
            }
            Ok(())
        });
        Ok(Self {
            to: to.to_owned(),
            orders,
            writer,
        })
    }

    /// Where a reader finds the file of the chat.
    pub(super) fn path_of(&self, chat_file: &str) -> PathBuf {
        if is_archive(&self.to) {
            self.to.clone()
        } else {
            self.to.join(chat_file)
        }
    }

    pub(super) async fn begin(&mut self, name: String) -> Result<()> {
        self.order(Order::Begin(name)).await
    }

    pub(super) async fn write(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.order(Order::Write(bytes.into())).await
    }

    pub(super) async fn finish(mut self) -> Result<()> {
        self.order(Order::Finish).await?;
        self.end().await
    }

    async fn order(&mut self, order: Order) -> Result<()> {
        match self.orders.send(order).await {
            Ok(()) => Ok(()),
            Err(_) => self.end().await,
        }
    }

    /// How the writer ended.
    async fn end(&mut self) -> Result<()> {
        match (&mut self.writer).await {
            Ok(written) => written.map_err(Error::file(&self.to)),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        io::Read as _,
    };

    use super::*;

    async fn export(to: &Path) {
        let mut target = Target::open(to).await.expect("the folder can be made");
        for (name, bytes) in [("chat.md", "чат"), ("images/0001_01_план.png", "png")] {
            target.begin(name.into()).await.expect("a file begins");
            target.write(bytes).await.expect("bytes are taken");
        }
        target.finish().await.expect("the export ends");
    }

    #[tokio::test]
    async fn a_folder_holds_the_files_under_their_names_also_after_a_rerun() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let to = folder.path().join("a/b");
        for _ in 0..2 {
            export(&to).await;
            let read = |name: &str| fs::read_to_string(to.join(name)).expect(name);
            assert_eq!(
                (read("chat.md"), read("images/0001_01_план.png")),
                ("чат".into(), "png".into())
            );
            assert_eq!(fs::read_dir(&to).expect("a folder").count(), 2);
        }
    }

    #[tokio::test]
    async fn an_archive_holds_the_same_and_is_the_same_when_it_is_made_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (first, second) = (folder.path().join("1.zip"), folder.path().join("2.ZIP"));
        export(&first).await;
        export(&second).await;
        let bytes = |path| fs::read(path).expect("an archive");
        assert_eq!(bytes(&first), bytes(&second));
        let mut zip = zip::ZipArchive::new(File::open(&first).expect("an archive")).expect("a zip");
        let mut picture = String::new();
        let mut file = zip
            .by_name("images/0001_01_план.png")
            .expect("the name is kept");
        file.read_to_string(&mut picture).expect("readable");
        assert_eq!(picture, "png");
    }

    #[tokio::test]
    async fn an_unfinished_export_leaves_no_file_of_a_chat() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut target = Target::open(folder.path()).await.expect("a folder");
        target.begin("chat.md".into()).await.expect("a file begins");
        drop(target);
        assert!(!folder.path().join("chat.md").exists());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let error = Target::open(&file.path().join("x"))
            .await
            .err()
            .expect("a file is no folder");
        assert!(matches!(error, Error::File { .. }));
    }
}
