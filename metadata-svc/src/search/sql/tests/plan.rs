//! Claims about how Postgres goes about a search.

use super::*;

/// 200,000 messages of 1,000 users, each with the same word.
const SEED: &str = "
    create function pg_temp.id(kind text, number int) returns uuid language sql immutable as
        'select (kind || lpad(number::text, 31, ''0''))::uuid';
    insert into chats (id, title, user_id) select pg_temp.id('a', i), 't', 'user ' || i from generate_series(0, 999) as i;
    insert into chat_messages (id, chat_id, role, content, seq)
    select pg_temp.id('b', i), pg_temp.id('a', i % 1000), 'user', 'x', i / 1000 + 1 from generate_series(0, 199999) as i;
    insert into message_words (message_id, seq, role, created_at, words)
    select pg_temp.id('b', i), 1, 'user', now(), '''насос'':1'::tsvector || array_to_tsvector(array['user user ' || i % 1000])
    from generate_series(0, 199999) as i;
    analyze";

#[tokio::test]
async fn a_search_reads_the_index_alone_whether_its_plan_knows_what_is_asked_or_not() {
    let server = Postgres::start();
    drop(sql(&server).await);
    server.psql("postgres", SEED);
    for plans in ["force_custom_plan", "force_generic_plan", "auto"] {
        let find = include_str!("../find.sql");
        let asked = "('''user user 7''', '{\"насос\"}', '{\"насос\"}', '{}', '-infinity', 'infinity',
            9223372036854775807, 'infinity', 9223372036854775807, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 51)";
        let run = format!("execute find {asked};").repeat(6);
        let plan = server.ask(
            "postgres",
            &format!(
                "set plan_cache_mode = {plans};
                prepare find (text, text[], text[], text[], timestamptz, timestamptz, bigint, timestamptz, bigint, uuid, bigint)
                as {find};
                {run} explain (analyze, costs off, timing off) execute find {asked}"
            ),
        );
        assert!(
            plan.contains("Bitmap Index Scan on message_words_words_idx (actual rows=200"),
            "{plans}: {plan}"
        );
        assert!(!plan.contains("Seq Scan"), "{plans}: {plan}");
    }
}
