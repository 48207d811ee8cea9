//! `src/schema.rs` is what a migrated database says of itself, comments included. To make it anew after a migration:
//! `WRITE_SCHEMA=1 cargo test -p metadata-svc --test schema`.

use std::{env, fmt::Write as _, fs, process::Command};

use tests::Postgres;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema.rs");

/// Per column: table, its comment, its primary key; column, its type, whether it may be null, its comment.
const COLUMNS: &str = "
    select c.relname, obj_description(c.oid),
        (select string_agg(k.attname, ', ' order by array_position(i.indkey::int2[], k.attnum))
            from pg_index i join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
            where i.indrelid = c.oid and i.indisprimary),
        a.attname, format_type(a.atttypid, null), not a.attnotnull, col_description(c.oid, a.attnum)
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like '\\_\\_%'
        -- What diesel has no type for; only SQL of ours names it.
        and a.atttypid <> 'tsvector'::regtype
        -- What nothing may read or write.
        and a.attname <> 's3_url'
    order by c.relname, a.attnum";

#[test]
fn the_schema_in_the_source_is_that_of_the_migrations() {
    let server = Postgres::start();
    let url = server.database("schema");
    let init = Command::new(env!("CARGO_BIN_EXE_metadata-svc"))
        .env_clear()
        .env("DATABASE_URL", &url)
        .args(["db", "init"])
        .output();
    assert!(init.expect("the binary can be run").status.success());
    let made = source(&server.ask("schema", COLUMNS));
    if env::var_os("WRITE_SCHEMA").is_some() {
        fs::write(FILE, &made).expect("the source can be written");
    }
    let written = fs::read_to_string(FILE).unwrap_or_default();
    assert_eq!(
        written, made,
        "WRITE_SCHEMA=1 cargo test -p metadata-svc --test schema"
    );
}

/// The tables as diesel wants them.
fn source(columns: &str) -> String {
    let mut source = String::from(
        "//! The schema that the migrations make, as diesel reads it. Made from a database by `tests/schema.rs`.\n",
    );
    let mut open = None;
    for line in columns.lines() {
        let fields: Vec<_> = line.split('|').collect();
        let [table, about, key, column, ty, nullable, comment] = fields[..] else {
            panic!("a comment holds a bar: {line}");
        };
        if open != Some(table) {
            if open.is_some() {
                source.push_str("    }\n}\n");
            }
            // diesel demands a key; a table without one is never asked by it.
            let key = if key.is_empty() { column } else { key };
            write!(
                source,
                "\ndiesel::table! {{\n    /// {}\n    {table} ({key}) {{\n",
                markdown(about)
            )
            .expect("a string can be written to");
            open = Some(table);
        }
        let ty = if nullable == "t" {
            format!("Nullable<{}>", diesel_type(ty))
        } else {
            diesel_type(ty).to_owned()
        };
        write!(
            source,
            "        /// {}\n        {column} -> {ty},\n",
            markdown(comment)
        )
        .expect("a string can be written to");
    }
    source.push_str("    }\n}\n");
    source
}

fn diesel_type(ty: &str) -> &str {
    match ty {
        "uuid" => "Uuid",
        "text" => "Text",
        "character varying" => "Varchar",
        "bigint" => "Int8",
        "integer" => "Int4",
        "numeric" => "Numeric",
        "boolean" => "Bool",
        "bytea" => "Bytea",
        "jsonb" => "Jsonb",
        "date" => "Date",
        "timestamp with time zone" => "Timestamptz",
        other => panic!("{other} has no place here yet"),
    }
}

/// Words of code in backticks, as the lints want them.
fn markdown(comment: &str) -> String {
    let is_code = |word: &str| word.contains('_') || word.contains("::") || word.contains("()");
    let words = comment.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        if is_code(bare) {
            word.replacen(bare, &format!("`{bare}`"), 1)
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
