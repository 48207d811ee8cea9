//! What became of the rows of the file.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use anyhow::bail;
use uuid::Uuid;

use crate::transfer::{
    digest::{Digests, Sums},
    file::Batch,
    row::Table,
};

/// Counts of what became of each table's rows, and their hashes on both sides.
#[derive(Default)]
pub(in crate::transfer) struct Report {
    tables: [Counts; Table::ALL.len()],
    digests: Digests,
    /// The file's own counts and hashes, once all of it was read.
    file: Option<Sums>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    inserted: u64,
    /// Were there, and are the same.
    same: u64,
    /// Are there, with other values.
    differing: u64,
    /// Are not there: something that is there already stands in their way.
    skipped: u64,
    /// The first row that differs or was skipped.
    first: Option<Uuid>,
}

impl Report {
    /// Counts a batch: which rows were `inserted`, and what the database has of all of them.
    pub(super) fn add(
        &mut self,
        batch: &Batch,
        inserted: &HashSet<Uuid>,
        kept: &HashMap<Uuid, String>,
    ) {
        let counts = &mut self.tables[batch.table as usize];
        for given in &batch.rows {
            let id = given.row.id();
            let line = kept.get(&id);
            if let Some(line) = line {
                self.digests.of(batch.table).add(line);
            }
            let count = match line {
                None => &mut counts.skipped,
                Some(line) if *line != given.line => &mut counts.differing,
                Some(_) if inserted.contains(&id) => &mut counts.inserted,
                Some(_) => &mut counts.same,
            };
            *count += 1;
            if line != Some(&given.line) {
                counts.first.get_or_insert(id);
            }
        }
    }

    /// Notes what the file had in all.
    pub(super) fn close(mut self, file: Sums) -> Self {
        self.file = Some(file);
        self
    }

    /// Demands that the database has what the file has.
    ///
    /// # Errors
    /// Which tables differ, and by how many rows.
    pub(in crate::transfer) fn demand_equal(&self) -> anyhow::Result<()> {
        if self.file.as_ref() == Some(&self.digests.sums()) {
            return Ok(());
        }
        let differing = Table::ALL
            .iter()
            .zip(&self.tables)
            .filter_map(|(table, counts)| {
                let first = counts.first?;
                let Counts {
                    differing, skipped, ..
                } = counts;
                Some(format!(
                    "\n  {}: {differing} differing, {skipped} skipped ({}); the first is {first}",
                    table.name(),
                    in_the_way(*table)
                ))
            });
        bail!(
            "the database has other rows than the file; what was there already was left as it is{}",
            differing.collect::<String>()
        )
    }
}

/// What can be there already and keep a row from being inserted.
fn in_the_way(table: Table) -> &'static str {
    match table {
        Table::Chats => "deleted there, or the key of the document is used up there",
        Table::Messages => "no such chat there, or its seq is another message's",
        Table::Images => "no such message there, or the key is used up there",
        Table::SearchResults => "no such message there",
        Table::RequestIds => "forgotten there",
        Table::PendingDeletes => "recorded there already, or named by a row there",
        Table::DeletedChats => "a chat there",
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.digests.sums();
        let file = self.file.as_ref().unwrap_or(&found);
        writeln!(
            f,
            "{:<16}{:>10}{:>10}{:>15}{:>11}{:>9}  {:<64}  sha256 in the database",
            "table",
            "rows",
            "inserted",
            "already there",
            "differing",
            "skipped",
            "sha256 in the file"
        )?;
        for (at, table) in Table::ALL.iter().enumerate() {
            let counts = self.tables[at];
            writeln!(
                f,
                "{:<16}{:>10}{:>10}{:>15}{:>11}{:>9}  {:<64}  {}",
                table.name(),
                file.0[at].rows,
                counts.inserted,
                counts.same,
                counts.differing,
                counts.skipped,
                file.0[at].sha256,
                found.0[at].sha256
            )?;
        }
        Ok(())
    }
}
