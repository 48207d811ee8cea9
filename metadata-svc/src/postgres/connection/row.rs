//! A row of an answer, for diesel to read.

use std::{num::NonZeroU32, ops::Range, sync::Arc};

use diesel::{
    pg::{Pg, PgValue, TypeOidLookup},
    row::{Field, PartialRow, Row, RowIndex, RowSealed},
};
use tokio_postgres::types::{FromSql, Type};

/// A row. The types of its columns are shared with the other rows of the answer.
pub(crate) struct PgRow {
    row: tokio_postgres::Row,
    types: Arc<[ColumnType]>,
}

impl PgRow {
    /// What makes rows out of those of one answer.
    pub(super) fn maker() -> impl FnMut(tokio_postgres::Row) -> Self {
        let mut types = None;
        move |row| {
            let types = types.get_or_insert_with(|| {
                row.columns()
                    .iter()
                    .map(|column| ColumnType::of(column.type_()))
                    .collect()
            });
            Self {
                types: Arc::clone(types),
                row,
            }
        }
    }
}

struct ColumnType(NonZeroU32);

impl ColumnType {
    fn of(ty: &Type) -> Self {
        // No type has OID 0.
        Self(NonZeroU32::new(ty.oid()).unwrap_or(NonZeroU32::MIN))
    }
}

impl TypeOidLookup for ColumnType {
    fn lookup(&self) -> NonZeroU32 {
        self.0
    }
}

impl RowSealed for PgRow {}

impl<'a> Row<'a, Pg> for PgRow {
    type InnerPartialRow = Self;
    type Field<'f>
        = PgField<'f>
    where
        Self: 'f,
        'a: 'f;

    fn field_count(&self) -> usize {
        self.row.len()
    }

    fn get<'f, I>(&'f self, index: I) -> Option<PgField<'f>>
    where
        'a: 'f,
        Self: RowIndex<I>,
    {
        Some(PgField {
            index: self.idx(index)?,
            row: self,
        })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

impl RowIndex<usize> for PgRow {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.row.len()).then_some(index)
    }
}

impl<'a> RowIndex<&'a str> for PgRow {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.row
            .columns()
            .iter()
            .position(|column| column.name() == name)
    }
}

/// A column of a row.
pub(crate) struct PgField<'a> {
    row: &'a PgRow,
    index: usize,
}

impl Field<'_, Pg> for PgField<'_> {
    fn field_name(&self) -> Option<&str> {
        Some(self.row.row.columns()[self.index].name())
    }

    fn value(&self) -> Option<PgValue<'_>> {
        let Bytes(bytes) = self.row.row.get(self.index);
        bytes.map(|bytes| PgValue::new(bytes, &self.row.types[self.index]))
    }
}

/// A value as Postgres sent it.
struct Bytes<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(
        _: &Type,
        bytes: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(bytes)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
