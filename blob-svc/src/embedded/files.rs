//! Data files: written once, named by us, never changed. A reader that has one open goes on reading it when it is removed.

use super::{Error, blocking};
use bytes::Bytes;
use futures::Stream;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// How much is read from or written to a file at a time.
pub(super) const CHUNK: usize = 256 << 10;

pub(super) struct Files {
    incoming: PathBuf,
    objects: PathBuf,
}

/// A file that is being written. Dropped before [`Files::keep`], it is removed.
pub(super) struct Incoming {
    path: PathBuf,
    file: File,
    pub(super) name: Uuid,
}

impl Files {
    /// Makes the folders where they are missing.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let files = Self {
            incoming: folder.join("incoming"),
            objects: folder.join("objects"),
        };
        fs::create_dir_all(&files.incoming)?;
        for shard in 0..=u8::MAX {
            fs::create_dir_all(files.objects.join(format!("{shard:02x}")))?;
        }
        sync(&files.objects)?;
        sync(folder)?;
        Ok(files)
    }

    /// Removes what a crash left: everything incoming, and the objects that `named` does not hold.
    pub(super) fn sweep(&self, named: &HashSet<Uuid>) -> io::Result<()> {
        for leftover in fs::read_dir(&self.incoming)? {
            fs::remove_file(leftover?.path())?;
        }
        for shard in fs::read_dir(&self.objects)? {
            for file in fs::read_dir(shard?.path())? {
                let file = file?;
                let name = file
                    .file_name()
                    .to_str()
                    .and_then(|name| Uuid::parse_str(name).ok());
                if name.is_some_and(|name| !named.contains(&name)) {
                    fs::remove_file(file.path())?;
                }
            }
        }
        Ok(())
    }

    /// Begins a file.
    pub(super) fn create(&self) -> io::Result<Incoming> {
        let name = Uuid::now_v7();
        let path = self.incoming.join(name.to_string());
        Ok(Incoming {
            file: File::create_new(&path)?,
            path,
            name,
        })
    }

    /// Brings a file to the disk, under its own name: it outlives a crash from here on, once an entry names it.
    pub(super) fn keep(&self, incoming: Incoming) -> io::Result<()> {
        incoming.file.sync_all()?;
        let path = self.path(incoming.name);
        fs::rename(&incoming.path, &path)?;
        sync_parent(&path)
    }

    /// Gives the bytes of a file a second name: by a link, or by a copy where the file system has no more links.
    pub(super) fn duplicate(&self, file: Uuid) -> io::Result<Uuid> {
        let name = Uuid::now_v7();
        let path = self.path(name);
        if fs::hard_link(self.path(file), &path).is_err() {
            fs::copy(self.path(file), &path)?;
            File::open(&path)?.sync_all()?;
        }
        sync_parent(&path)?;
        Ok(name)
    }

    /// Removes files that no entry names any more. What cannot be removed now goes at the next start.
    pub(super) fn remove(&self, files: impl IntoIterator<Item = Uuid>) {
        for file in files {
            if let Err(error) = fs::remove_file(self.path(file)) {
                tracing::warn!(%file, %error, "a data file cannot be removed");
            }
        }
    }

    pub(super) fn read(&self, file: Uuid) -> io::Result<File> {
        File::open(self.path(file))
    }

    /// Version 7 ids begin with the time: their last byte spreads better.
    fn path(&self, file: Uuid) -> PathBuf {
        let shard = file.as_bytes()[15];
        self.objects
            .join(format!("{shard:02x}"))
            .join(file.to_string())
    }
}

impl Incoming {
    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Adds all bytes of a file; on Linux they need not pass through this process.
    pub(super) fn append(&mut self, mut file: File) -> io::Result<u64> {
        io::copy(&mut file, &mut self.file)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // After `keep` the name is gone; otherwise what stays goes at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// The bytes of a file in `range`, in chunks.
pub(super) fn stream(
    file: File,
    range: Range<u64>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + Sync {
    futures::stream::try_unfold((file, range), |(file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let step = blocking(move || {
            let end = range.end.min(range.start + CHUNK as u64);
            let (file, bytes) = read_at(file, range.start, end - range.start)?;
            Ok((bytes, (file, end..range.end)))
        });
        step.await.map(Some)
    })
}

fn read_at(mut file: File, offset: u64, length: u64) -> io::Result<(File, Bytes)> {
    let mut bytes = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(offset))?;
    let read = Read::by_ref(&mut file)
        .take(length)
        .read_to_end(&mut bytes)?;
    if read as u64 == length {
        Ok((file, bytes.into()))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync)
}

/// A folder's entries are on disk only after the folder itself is.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
