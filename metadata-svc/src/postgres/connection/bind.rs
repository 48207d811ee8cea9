//! What diesel builds of a query: its text, and its values in Postgres' binary form.

use diesel::{
    QueryResult,
    pg::{Pg, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata},
    query_builder::{QueryBuilder as _, QueryFragment, bind_collector::RawBytesBindCollector},
    result::Error,
};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, private::BytesMut};

/// A query's text, and its values with their types.
pub(super) struct Bound {
    pub(super) sql: String,
    pub(super) types: Vec<Type>,
    pub(super) binds: Vec<Bind>,
}

impl Bound {
    pub(super) fn of(query: &impl QueryFragment<Pg>) -> QueryResult<Self> {
        let mut text = PgQueryBuilder::default();
        query.to_sql(&mut text, &Pg)?;
        let mut values = RawBytesBindCollector::<Pg>::new();
        query.collect_binds(&mut values, &mut BuiltInTypes, &Pg)?;
        Ok(Self {
            sql: text.finish(),
            types: values
                .metadata
                .iter()
                .map(type_of)
                .collect::<QueryResult<_>>()?,
            binds: values.binds.into_iter().map(Bind).collect(),
        })
    }
}

/// A value as diesel has written it already. Never printed: tokio-postgres logs values at debug level.
pub(super) struct Bind(Option<Vec<u8>>);

impl std::fmt::Debug for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("_")
    }
}

impl ToSql for Bind {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match &self.0 {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

/// Our schema has no types of its own, so that no query ever waits for the look-up of one: they all come out as 0.
struct BuiltInTypes;

impl PgMetadataLookup for BuiltInTypes {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> PgTypeMetadata {
        PgTypeMetadata::new(0, 0)
    }
}

fn type_of(metadata: &PgTypeMetadata) -> QueryResult<Type> {
    match metadata
        .oid()
        .map_err(|error| Error::SerializationError(Box::new(error)))?
    {
        0 => Err(Error::SerializationError(
            "a type that Postgres has not built in".into(),
        )),
        oid => Ok(Type::from_oid(oid).unwrap_or_else(|| {
            Type::new("unnamed".into(), oid, Kind::Simple, "pg_catalog".into())
        })),
    }
}
