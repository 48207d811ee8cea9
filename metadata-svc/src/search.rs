//! Search: messages found by their words, in Russian and English, as Postgres' `russian` text search configuration
//! and `websearch_to_tsquery` find them. The differences are named in [`word`] and [`query`].
//!
//! A storage keeps the [`lexemes`] of each text with their counts. To answer a [`Query`] it intersects the postings of one of
//! [`Query::lookups`] at a time, keeps what [`Query::score_counts`] lets pass, reads the text only where
//! [`Query::needs_text`], and cuts a [`snippet()`] for what is shown.

pub(crate) mod indexer;
pub(crate) mod kv;
mod operand;
mod query;
pub(crate) mod rpc;
mod snippet;
pub(crate) mod sql;
mod stop;
mod word;

pub(crate) use query::Query;
pub(crate) use snippet::snippet;
pub(crate) use word::lexemes;

#[cfg(test)]
mod tests;
