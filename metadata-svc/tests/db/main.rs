//! `metadata-svc db` on real servers: the schema it makes, the way back, and the databases that it takes over.

mod adoption;

use std::process::{Command, Output};

use tests::{PgBouncer, Postgres};

/// `metadata-svc db` with `arguments` on the database of `url`.
fn command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metadata-svc"));
    command
        .env_clear()
        .env("DATABASE_URL", url)
        .arg("db")
        .args(arguments);
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the binary can be run")
}

/// What a command that must succeed says.
fn db(url: &str, arguments: &[&str]) -> String {
    said(&run(&mut command(url, arguments)), arguments)
}

fn said(output: &Output, arguments: &[&str]) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "db {arguments:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command that must fail complains about.
fn complaint(url: &str, arguments: &[&str]) -> String {
    let output = run(&mut command(url, arguments));
    assert!(!output.status.success(), "db {arguments:?} succeeded");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The versions that a build has, the oldest first.
fn versions(url: &str) -> Vec<String> {
    let history = db(url, &["history"]);
    history
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_migration_goes_up_down_and_up_again_to_the_same_schema() {
    let server = Postgres::start();
    let url = server.database("steps");
    let versions = versions(&url);
    let mut schemas = Vec::new();
    for version in &versions {
        db(&url, &["upgrade", version]);
        schemas.push(server.schema("steps"));
    }
    for (at, version) in versions.iter().enumerate().rev().skip(1) {
        db(&url, &["downgrade", version]);
        assert_eq!(server.schema("steps"), schemas[at], "back at {version}");
    }
    db(&url, &["downgrade", "base"]);
    let tables = "select count(*) from pg_tables where schemaname = 'public' and tablename not like '\\_\\_%'";
    assert_eq!(server.ask("steps", tables), "0");
    for (version, schema) in versions.iter().zip(&schemas) {
        db(&url, &["upgrade", version]);
        assert_eq!(&server.schema("steps"), schema, "again at {version}");
    }
}

#[test]
fn two_at_once_take_turns_and_neither_fails_whatever_the_default_isolation_is() {
    let server = Postgres::start();
    for (name, isolation) in [("raced", "read committed"), ("strict", "repeatable read")] {
        let url = server.database(name);
        let default =
            format!("alter database {name} set default_transaction_isolation = '{isolation}'");
        server.psql(name, &default);
        take_turns(&url);
    }
}

fn take_turns(url: &str) {
    let racers: Vec<_> = (0..2)
        .map(|_| {
            command(url, &["init"])
                .stdout(std::process::Stdio::piped())
                .spawn()
                .expect("the binary can be run")
        })
        .collect();
    let mut applied = Vec::new();
    for racer in racers {
        let said = said(
            &racer
                .wait_with_output()
                .expect("an own child can be waited for"),
            &["init"],
        );
        applied.extend(
            said.lines()
                .filter_map(|line| line.strip_prefix("applied "))
                .map(|line| line[..14].to_owned()),
        );
    }
    applied.sort();
    assert_eq!(
        applied,
        versions(url),
        "each migration was applied by one of them"
    );
}

#[test]
fn a_dry_run_prints_what_would_make_the_same_schema_and_changes_nothing() {
    let server = Postgres::start();
    let (dry, wet) = (server.database("dry"), server.database("wet"));
    let empty = server.schema("dry");
    let script = db(&dry, &["init", "--dry-run"]);
    assert_eq!(server.schema("dry"), empty);
    server.psql("dry", &script);
    db(&wet, &["init"]);
    assert_eq!(server.schema("dry"), server.schema("wet"));
    assert!(db(&dry, &["current"]).contains("the newest"));

    let script = db(&wet, &["downgrade", "base", "--dry-run"]);
    assert_eq!(server.schema("dry"), server.schema("wet"));
    server.psql("wet", &script);
    let all = format!("base, {} behind", versions(&wet).len());
    assert!(db(&wet, &["current"]).starts_with(&all));
}

#[test]
fn history_and_current_tell_where_the_database_is() {
    let server = Postgres::start();
    let url = server.database("told");
    assert!(db(&url, &["current"]).starts_with("base, "));
    db(&url, &["upgrade", "wide_types"]);
    let behind = format!("wide_types, {} behind", versions(&url).len() - 2);
    let history = db(&url, &["history"]);
    assert_eq!(history.matches("  applied 2").count(), 2, "{history}");
    assert!(
        history.contains("existing_chat_tables  applied ") && history.contains("comments  pending"),
        "{history}"
    );
    assert!(db(&url, &["current"]).contains(&behind), "{history}");

    server.psql(
        "told",
        "insert into __diesel_schema_migrations (version) values ('29990101000000')",
    );
    for arguments in [&["upgrade"][..], &["init"], &["downgrade", "base"]] {
        assert!(
            complaint(&url, arguments).contains("29990101000000"),
            "{arguments:?}"
        );
    }
    assert!(db(&url, &["current"]).contains("1 ahead"));
    assert!(complaint(&url, &["upgrade", "no_such_thing"]).contains("history"));
}

#[test]
fn a_migration_that_fails_leaves_those_before_it_and_nothing_of_itself() {
    let server = Postgres::start();
    let url = server.database("broken");
    server.psql("broken", "create table usage_days (in_the_way int)");
    let complaint = complaint(&url, &["init"]);
    assert!(
        complaint.contains("usage fails, and is not applied") && complaint.contains("42P07"),
        "{complaint}"
    );
    assert!(db(&url, &["current"]).contains("deleted_chats, 4 behind"));
    server.psql("broken", "drop table usage_days");
    assert!(db(&url, &["upgrade"]).contains("the newest"));
}

#[test]
fn another_schema_and_a_transaction_pooler_are_fine() {
    let server = Postgres::start();
    let _ = server.database("pooled");
    let pooler = PgBouncer::start(&server, 2);
    let run = |arguments: &[&str]| {
        run(command(&pooler.url("pooled"), arguments).env("DATABASE_SCHEMA", "ai"))
    };
    let missing = run(&["upgrade"]);
    assert!(
        String::from_utf8_lossy(&missing.stderr).contains("db init"),
        "{missing:?}"
    );
    assert!(said(&run(&["init"]), &["init"]).contains("the newest"));
    let places = "select string_agg(distinct schemaname, ',') from pg_tables where schemaname not in ('pg_catalog', 'information_schema')";
    assert_eq!(server.ask("pooled", places), "ai");
}

#[test]
fn rows_that_contradict_each_other_are_refused_by_the_schema_itself() {
    let server = Postgres::start();
    let url = server.database("checked");
    db(&url, &["init"]);
    let id = |n: u8| format!("00000000-0000-0000-0000-00000000000{n}");
    let seed = format!(
        "insert into chats (id, title, user_id) values ('{0}', 'a', 'u'), ('{1}', 'b', 'u');
         insert into chat_messages (id, chat_id, role, content, seq) values ('{2}', '{0}', 'tool', 'x', 1)",
        id(1), id(2), id(3)
    );
    server.psql("checked", &seed);
    let image = |chat: u8, seq: &str, more: &str| {
        format!(
            "insert into chat_images (chat_id, message_id, message_seq{}) values ('{}', '{}', {seq}{})",
            more.split('=').next().unwrap_or_default(),
            id(chat),
            id(3),
            more.split('=').nth(1).unwrap_or_default()
        )
    };
    server.psql("checked", &image(1, "1", ""));
    for (sql, state) in [
        (image(2, "1", ""), "23503"),
        (image(1, "2", ""), "23503"),
        (image(1, "null", ""), "23514"),
        (image(1, "1", ", file_size=, -1"), "23514"),
        (image(1, "1", ", sha256=, 'short'"), "23514"),
        (format!("insert into chat_messages (chat_id, role, content, seq) values ('{}', 'robot', 'x', 2)", id(1)), "23514"),
        (format!("insert into chat_messages (chat_id, role, content, seq) values ('{}', 'user', 'x', 1)", id(1)), "23505"),
        (format!("insert into chat_messages (chat_id, role, content, seq) values ('{}', 'user', 'x', 1)", id(9)), "23503"),
        ("insert into pending_deletes (id, target, is_prefix) values (gen_random_uuid(), 'chats/x', true)".into(), "23514"),
    ] {
        let caught = format!("do $do$ begin {sql}; raise exception 'accepted'; exception when sqlstate '{state}' then null; end $do$");
        server.psql("checked", &caught);
    }
    server.psql(
        "checked",
        &format!("delete from chats where id = '{}'", id(1)),
    );
    assert_eq!(
        server.ask(
            "checked",
            "select (select count(*) from chat_messages), (select count(*) from chat_images)"
        ),
        "0|0"
    );
}

#[test]
fn every_table_and_column_says_what_it_means() {
    let server = Postgres::start();
    let url = server.database("described");
    db(&url, &["init"]);
    let silent = "select c.relname || coalesce('.' || a.attname, '') from pg_class c
        left join lateral (
            select attname, attnum from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
            union all select null, 0
        ) a on true
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and col_description(c.oid, a.attnum) is null
            and (a.attnum > 0 or obj_description(c.oid) is null)";
    assert_eq!(server.ask("described", silent), "");
}

#[test]
fn what_waits_to_be_indexed_is_indexed_by_hand_and_all_of_it_anew_where_that_is_asked_for() {
    let server = Postgres::start();
    let url = server.database("waiting");
    let early = complaint(&url, &["index"]);
    assert!(early.contains("behind this build"), "{early}");
    db(&url, &["init"]);
    server.psql(
        "waiting",
        "insert into chats (id, title, user_id) values ('00000000-0000-0000-0000-000000000001', 't', 'anna');
        insert into chat_messages (chat_id, role, content, seq)
        select '00000000-0000-0000-0000-000000000001', 'user', 'Насосы', i from generate_series(1, 700) as i;
        insert into unindexed_messages (message_id) select id from chat_messages",
    );
    assert_eq!(db(&url, &["index"]), "indexed 700 messages, none waits\n");
    assert_eq!(db(&url, &["index"]), "indexed 0 messages, none waits\n");
    let found = || {
        server.ask(
            "waiting",
            "select count(*) from message_words where words @@ 'насос'",
        )
    };
    assert_eq!(found(), "700");
    server.psql("waiting", "update message_words set words = ''");
    assert_eq!(
        db(&url, &["index", "--all"]),
        "noted 700 messages to be indexed anew\nindexed 700 messages, none waits\n"
    );
    assert_eq!(found(), "700");
}
