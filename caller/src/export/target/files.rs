//! The files of an export on the disk, written with blocking calls.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Files being written.
pub(super) enum Files {
    Folder {
        folder: PathBuf,
        /// What was written, in order, under names that are not yet its own.
        written: Vec<PathBuf>,
        open: Option<BufWriter<File>>,
    },
    Archive {
        to: PathBuf,
        zip: Box<ZipWriter<BufWriter<File>>>,
    },
}

impl Files {
    pub(super) fn open(to: &Path) -> io::Result<Self> {
        if is_archive(to) {
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            let zip = ZipWriter::new(BufWriter::new(File::create(partial(to))?));
            let zip = Box::new(zip.set_auto_large_file());
            return Ok(Self::Archive {
                to: to.to_owned(),
                zip,
            });
        }
        fs::create_dir_all(to)?;
        Ok(Self::Folder {
            folder: to.to_owned(),
            written: Vec::new(),
            open: None,
        })
    }

    pub(super) fn begin(&mut self, name: &str) -> io::Result<()> {
        match self {
            Self::Folder {
                folder,
                written,
                open,
            } => {
                close(open.take())?;
                let path = folder.join(name);
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                *open = Some(BufWriter::new(File::create(partial(&path))?));
                written.push(path);
                Ok(())
            }
            Self::Archive { zip, .. } => Ok(zip.start_file(name, options(name))?),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Folder { open, .. } => open.as_mut().map_or(Ok(()), |file| file.write_all(bytes)),
            Self::Archive { zip, .. } => zip.write_all(bytes),
        }
    }

    /// Names everything; in a folder the file of the chat comes last, so that where it is, the rest is too.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Folder { written, open, .. } => {
                close(open)?;
                written
                    .iter()
                    .rev()
                    .try_for_each(|path| fs::rename(partial(path), path))
            }
            Self::Archive { to, zip } => {
                close(Some(zip.finish()?))?;
                fs::rename(partial(&to), &to)
            }
        }
    }
}

/// Pictures and documents are compressed already.
fn options(name: &str) -> SimpleFileOptions {
    let text = name.starts_with("chat.");
    SimpleFileOptions::default().compression_method(if text {
        CompressionMethod::Deflated
    } else {
        CompressionMethod::Stored
    })
}

fn close(file: Option<BufWriter<File>>) -> io::Result<()> {
    match file {
        Some(file) => file.into_inner()?.sync_all(),
        None => Ok(()),
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Whether `to` names one archive, not a folder.
pub(super) fn is_archive(to: &Path) -> bool {
    to.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("zip"))
}
