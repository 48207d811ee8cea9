//! Export: one snapshot of the embedded store, streamed.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use contract::{settings, time::Time};
use redb::ReadTransaction;

use super::{
    bar::Bar,
    digest::{Digests, Sums},
    is_standard, line,
    row::Row,
    told,
};
use crate::{
    attachment::kv::{IMAGES, SEARCH_RESULTS},
    blob_ledger, chat,
    error::Result,
    message, request_id,
    store::kv::Kv,
};

pub(super) async fn run(file: PathBuf) -> anyhow::Result<()> {
    let folder = settings::from_env(|settings| settings.data_dir())?.join("metadata");
    ensure!(
        Kv::is_in(&folder),
        "there is no embedded store in {}: set DATA_DIR to that of the service",
        folder.display()
    );
    let store = Kv::open(&folder)?;
    let exported = store.read(move |txn| Ok(to_file(txn, &file))).await;
    exported.map_err(told)?
}

/// Writes the file, or nothing; tells its counts and hashes.
fn to_file(txn: &ReadTransaction, file: &Path) -> anyhow::Result<()> {
    if is_standard(file) {
        let sums = write(txn, &mut io::stdout().lock()).context("writing standard output")?;
        eprint!("{sums}");
        return Ok(());
    }
    let shown = file.display();
    ensure!(
        !file.try_exists()?,
        "{shown} is there already: name another file"
    );
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let sums = write_beside(txn, file, folder).with_context(|| format!("writing {shown}"))?;
    print!("{sums}");
    Ok(())
}

/// Writes a temporary file, for its owner alone, that gets its name when it is whole and on disk; it goes when this fails.
fn write_beside(txn: &ReadTransaction, file: &Path, folder: &Path) -> anyhow::Result<Sums> {
    let name = file.file_name().context("it must name a file")?;
    let mut temporary = tempfile::Builder::new()
        .prefix(&format!(".{}.", name.display()))
        .suffix(".part")
        .tempfile_in(folder)?;
    let sums = write(txn, temporary.as_file_mut())?;
    temporary.as_file().sync_all()?;
    // Fails where somebody else has taken the name by now.
    temporary.persist_noclobber(file)?;
    File::open(folder)?.sync_all()?;
    Ok(sums)
}

/// Writes all lines.
pub(super) fn write(txn: &ReadTransaction, out: &mut impl Write) -> anyhow::Result<Sums> {
    let mut lines = Lines {
        out: BufWriter::new(out),
        digests: Digests::default(),
        bar: Bar::new(None),
    };
    writeln!(lines.out, "{}", line::begin(Time::now()))?;
    lines.rows(chat::kv::all(txn), Row::Chat)?;
    lines.rows(message::kv::all(txn), Row::Message)?;
    lines.rows(IMAGES.all(txn), Row::Image)?;
    lines.rows(SEARCH_RESULTS.all(txn), Row::SearchResult)?;
    lines.rows(request_id::kv::all(txn), Row::RequestId)?;
    lines.rows(blob_ledger::kv::pending::all(txn), Row::PendingDelete)?;
    lines.rows(chat::kv::deleted(txn), Row::DeletedChat)?;
    let sums = lines.digests.sums();
    writeln!(lines.out, "{}", line::end(&sums))?;
    lines.out.flush()?;
    Ok(sums)
}

/// Lines on their way out.
struct Lines<W: Write> {
    out: BufWriter<W>,
    digests: Digests,
    bar: Bar,
}

impl<W: Write> Lines<W> {
    fn rows<T>(
        &mut self,
        rows: Result<impl Iterator<Item = Result<T>>>,
        row: fn(T) -> Row,
    ) -> anyhow::Result<()> {
        for found in rows.map_err(told)? {
            let row = row(found.map_err(told)?);
            let line = line::write(&row);
            writeln!(self.out, "{line}")?;
            self.digests.of(row.table()).add(&line);
            self.bar.step(row.table().name(), line.len());
        }
        Ok(())
    }
}
