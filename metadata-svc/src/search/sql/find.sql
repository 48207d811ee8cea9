-- $1 what the words of each message of the user or the chat hold; $2 the alternatives of the query as they were typed, $3 of
-- each only what is looked for; $4 to $6 roles and times; $7 to $10 the place behind which to begin; $11 how many.
with alternative as (
    select websearch_to_tsquery('russian', typed) as query, tsvector_to_array(to_tsvector('russian', wanted)) as wanted
    from unnest($2, $3) as given (typed, wanted)
    -- One that only excludes finds nothing.
    where to_tsvector('russian', wanted) <> ''
),
asked as materialized (
    select string_agg(query::text, ' | ')::tsquery as query, array(select unnest(wanted) from alternative) as wanted
    from alternative
),
found as (
    select message_id, seq, created_at,
        -- Counts the places of those lexemes alone that are looked for: to unnest them all takes four times as long.
        (select sum(cardinality(positions)) from unnest(ts_filter(setweight(words, 'A', asked.wanted), '{a}'))) as score
    from message_words, asked
    -- Two conditions, and not one of both: the index is then read as far as the shorter list of the two goes, and the planner,
    -- which cannot know either, expects few rows and never scans the table.
    where words @@ $1::tsquery and words @@ (select query from asked)
        and (cardinality($4) = 0 or role = any ($4)) and created_at >= $5 and created_at < $6
),
page as (
    select message_id, seq, created_at, score
    from found
    where (score, created_at, seq, message_id) < ($7, $8, $9, $10)
    order by score desc, created_at desc, seq desc, message_id desc
    limit $11
)
select page.message_id as id, message.chat_id, page.seq, message.role, message.content, message.message_type,
    page.created_at, page.score::bigint as score
from page join chat_messages as message on message.id = page.message_id
order by page.score desc, page.created_at desc, page.seq desc, page.message_id desc
