//! Pages: a list is read row by row until the page is full, by count or by weight, and the next begins behind its last row.

use std::pin::pin;

use contract::{Violations, page::PageScope};
use futures::{Stream, StreamExt as _};
use uuid::Uuid;

use crate::error::Result;

/// What the rows of a page may weigh together: half of what a gRPC client takes by default, as one row may add 1 MiB.
pub(crate) const MAX_BYTES: usize = 2 << 20;

/// Which page of a list is asked for.
pub(crate) struct Paging<C> {
    /// What the tokens are bound to.
    pub(crate) scope: PageScope,
    /// At most this many rows.
    pub(crate) size: usize,
    /// Only rows behind this place.
    pub(crate) after: Option<C>,
}

impl<C> Paging<C> {
    /// Judges `page_size` and `page_token`; `read` reads a token's cursor.
    pub(crate) fn judge(
        v: &mut Violations,
        scope: PageScope,
        size: i32,
        token: &str,
        read: impl FnOnce(&[u8]) -> Option<C>,
    ) -> Self {
        Self {
            size: v.page_size(size),
            after: v.page_token(token, &scope, read),
            scope,
        }
    }
}

/// Rows of a list, in its order.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// The rows.
    pub(crate) rows: Vec<T>,
    /// Whether a row was met that the page had no room for.
    pub(crate) has_more: bool,
    size: usize,
    bytes: usize,
}

impl<T> Page<T> {
    /// A page with room for `size` rows whose weights, in bytes, come to 2 MiB at most, and for one row whatever it weighs.
    pub(crate) fn new(size: usize) -> Self {
        Self {
            rows: Vec::new(),
            has_more: false,
            size,
            bytes: 0,
        }
    }

    /// Fills a new page.
    pub(crate) fn fill(
        rows: impl IntoIterator<Item = Result<T>>,
        size: usize,
        weigh: impl Fn(&T) -> usize,
    ) -> Result<Self> {
        let mut page = Self::new(size);
        for row in rows {
            page.take(row?, &weigh);
            if page.has_more {
                break;
            }
        }
        Ok(page)
    }

    /// Takes rows as they arrive, and lets go those that there is no room for before they are held; tells how many it met.
    pub(crate) async fn take_from(
        &mut self,
        rows: impl Stream<Item = Result<T>>,
        weigh: impl Fn(&T) -> usize,
    ) -> Result<usize> {
        let mut rows = pin!(rows);
        let mut count = 0;
        while !self.has_more
            && let Some(row) = rows.next().await
        {
            self.take(row?, &weigh);
            count += 1;
        }
        Ok(count)
    }

    fn take(&mut self, row: T, weigh: impl Fn(&T) -> usize) {
        self.bytes += weigh(&row);
        if self.rows.len() == self.size || (self.bytes > MAX_BYTES && !self.rows.is_empty()) {
            self.has_more = true;
        } else {
            self.rows.push(row);
        }
    }

    /// The token of the next page, which begins behind this one's last row; empty on the last page.
    pub(crate) fn next_token<C: AsRef<[u8]>>(
        &self,
        scope: &PageScope,
        cursor: impl FnOnce(&T) -> C,
    ) -> String {
        match self.rows.last() {
            Some(last) if self.has_more => scope.token(cursor(last).as_ref()),
            _ => String::new(),
        }
    }
}

/// The cursor of lists in order of a number.
pub(crate) fn number_cursor(number: i64) -> [u8; 8] {
    number.to_be_bytes()
}

/// Reads a [`number_cursor`].
pub(crate) fn read_number_cursor(cursor: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(cursor.try_into().ok()?))
}

/// The cursor of lists in order of a number and, where it is the same, an id.
pub(crate) fn cursor(number: i64, id: Uuid) -> Vec<u8> {
    [&number.to_be_bytes()[..], id.as_bytes()].concat()
}

/// Reads a [`cursor`].
pub(crate) fn read_cursor(cursor: &[u8]) -> Option<(i64, Uuid)> {
    let (number, id) = cursor.split_at_checked(8)?;
    Some((read_number_cursor(number)?, Uuid::from_slice(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(weights: &[usize], size: usize) -> Page<usize> {
        Page::fill(weights.iter().copied().map(Ok), size, |w| *w).expect("no row fails")
    }

    #[test]
    fn a_page_ends_by_count_or_by_weight_and_has_one_row_in_any_case() {
        for (weights, size, rows, has_more) in [
            (&[1, 1][..], 2, 2, false),
            (&[1, 1, 1], 2, 2, true),
            (&[MAX_BYTES, 1], 9, 1, true),
            (&[MAX_BYTES - 1, 1], 9, 2, false),
            (&[MAX_BYTES + 1, 1], 9, 1, true),
            (&[], 9, 0, false),
        ] {
            let page = page(weights, size);
            assert_eq!((page.rows.len(), page.has_more), (rows, has_more));
        }
    }

    #[test]
    fn a_cursor_of_another_length_is_none() {
        let id = Uuid::from_u128(7);
        assert_eq!(read_cursor(&cursor(-1, id)), Some((-1, id)));
        assert_eq!(read_cursor(&number_cursor(1)), None);
        assert_eq!(read_number_cursor(&cursor(1, id)), None);
    }
}
