//! The file, read: line by line, judged, in batches of one table, and in the end held against its own last line.

use std::io::{BufRead, Read as _};

use anyhow::{Context as _, bail, ensure};

use super::{
    digest::{Digests, Sums},
    line::{self, Line},
    row::{Row, Table},
};

/// What a batch holds at most: rows, and bytes of their lines; one row is taken whatever its length.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 1 << 20;
/// The longest line that is read: above what the longest answer that is kept takes.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// Rows of one table, in the order of the file.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) table: Table,
    pub(super) rows: Vec<Given>,
    /// How long their lines are.
    pub(super) bytes: usize,
}

/// A row as the file has it.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) row: Row,
    /// As this version writes it.
    pub(super) line: String,
}

/// What reads batches.
pub(super) struct Batches<R> {
    input: R,
    /// The number of the line that was read last.
    number: u64,
    /// The row that did not fit into the batch before.
    next: Option<Given>,
    digests: Digests,
    table: Table,
    /// What the last line said, once it is read.
    end: Option<Sums>,
}

impl<R: BufRead> Batches<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When this is no export, or one that this version does not read.
    pub(super) fn open(input: R) -> anyhow::Result<Self> {
        let mut batches = Self {
            input,
            number: 0,
            next: None,
            digests: Digests::default(),
            table: Table::Chats,
            end: None,
        };
        match batches.line() {
            Ok(Some(Line::Begin)) => Ok(batches),
            Ok(Some(Line::Row(_) | Line::End(_)) | None) => {
                bail!("this is no export of `metadata-svc kv export`: its first line must say so")
            }
            Err(error) => Err(error.context("this cannot be imported")),
        }
    }

    /// Reads the next batch; `None` when the last line was read and all rows were as it says.
    ///
    /// # Errors
    /// What is wrong with which line. Batches before it are whole.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Batch>> {
        let Some(first) = self.row()? else {
            return Ok(None);
        };
        let mut batch = Batch {
            table: first.row.table(),
            bytes: first.line.len(),
            rows: vec![first],
        };
        while batch.rows.len() < BATCH_ROWS
            && let Some(given) = self.row()?
        {
            let bytes = batch.bytes + given.line.len();
            if given.row.table() != batch.table || bytes > BATCH_BYTES {
                self.next = Some(given);
                break;
            }
            batch.bytes = bytes;
            batch.rows.push(given);
        }
        Ok(Some(batch))
    }

    /// What the rows came to.
    pub(super) fn sums(&self) -> Sums {
        self.digests.sums()
    }

    fn row(&mut self) -> anyhow::Result<Option<Given>> {
        if let Some(given) = self.next.take() {
            return Ok(Some(given));
        }
        if self.end.is_some() {
            return Ok(None);
        }
        let row = match self.line()? {
            Some(Line::Row(row)) => row,
            Some(Line::Begin) => bail!("line {}: another export begins here", self.number),
            Some(Line::End(sums)) => return self.close(sums).map(|()| None),
            None => bail!(
                "the file ends with line {}, without the line that ends an export: it was cut",
                self.number
            ),
        };
        let table = row.table();
        ensure!(
            table >= self.table,
            "line {}: {} must not come behind {}",
            self.number,
            table.name(),
            self.table.name()
        );
        self.table = table;
        let line = line::write(&row);
        self.digests.of(table).add(&line);
        Ok(Some(Given { row, line }))
    }

    fn line(&mut self) -> anyhow::Result<Option<Line>> {
        let mut text = Vec::new();
        let limited = &mut (&mut self.input).take(MAX_LINE_BYTES);
        let length = limited
            .read_until(b'\n', &mut text)
            .context("reading the file")?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        ensure!(
            u64::try_from(length).is_ok_and(|length| length < MAX_LINE_BYTES),
            "line {number} must be at most {} MiB long",
            MAX_LINE_BYTES >> 20
        );
        match line::read(&text) {
            Ok(line) => Ok(Some(line)),
            Err(problem) => bail!("line {number}: {problem}"),
        }
    }

    /// Holds what was read against what the last line says.
    fn close(&mut self, said: Sums) -> anyhow::Result<()> {
        let found = self.sums();
        for (table, (said, found)) in Table::ALL.iter().zip(said.0.iter().zip(&found.0)) {
            ensure!(
                said == found,
                "line {}: it says that there are {} {} with the hash {}, and there are {} with the hash {}: \
                 the file was changed after it was written",
                self.number,
                said.rows,
                table.name(),
                said.sha256,
                found.rows,
                found.sha256
            );
        }
        self.end = Some(said);
        let behind = self.line()?.is_none();
        ensure!(
            behind,
            "line {}: nothing may come behind the line that ends an export",
            self.number
        );
        Ok(())
    }
}
