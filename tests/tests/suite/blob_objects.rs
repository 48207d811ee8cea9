//! Objects as callers of `ObjectService` rely on them: whole or not there, read in any part, listed in order, gone when removed.

mod copies;
mod ends;
mod lists;
mod memory;
mod once;
mod reads;
mod removals;
mod retries;
mod stale;
mod uploads;
