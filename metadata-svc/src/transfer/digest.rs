//! What proves a move: for each table the number of its rows, and a SHA-256 over all of their lines in the order of the file.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::row::Table;

/// Rows while they are counted.
#[derive(Clone, Default)]
pub(super) struct Digest {
    rows: u64,
    hash: Sha256,
}

impl Digest {
    /// Counts a row by its line.
    pub(super) fn add(&mut self, line: &str) {
        self.rows += 1;
        self.hash.update(line);
        self.hash.update(b"\n");
    }

    pub(super) fn sum(&self) -> Sum {
        Sum {
            rows: self.rows,
            sha256: hex::encode(self.hash.clone().finalize()),
        }
    }
}

/// The rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    pub(super) sha256: String,
}

/// All tables while they are counted.
#[derive(Clone, Default)]
pub(super) struct Digests([Digest; Table::ALL.len()]);

impl Digests {
    pub(super) fn of(&mut self, table: Table) -> &mut Digest {
        &mut self.0[table as usize]
    }

    pub(super) fn sums(&self) -> Sums {
        Sums(self.0.each_ref().map(Digest::sum))
    }
}

/// All tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sums(pub(super) [Sum; Table::ALL.len()]);

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<16}{:>10}  sha256", "table", "rows")?;
        for (table, sum) in Table::ALL.iter().zip(&self.0) {
            writeln!(f, "{:<16}{:>10}  {}", table.name(), sum.rows, sum.sha256)?;
        }
        Ok(())
    }
}
