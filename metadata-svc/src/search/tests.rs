use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Query, lexemes, query::NothingToFind, snippet};

/// Words, each with the lexeme that Postgres 15.18 gave for it: `select lexeme from unnest(to_tsvector('russian', word))`.
const POSTGRES: &str = include_str!("lexemes_of_postgres_15.txt");

/// Queries on texts, each with what `to_tsvector('russian', text) @@ websearch_to_tsquery('russian', query)` is in Postgres
/// 15.18.
const MATCHES: [(&str, &str, bool); 33] = [
    ("насосы", "расход насоса", true),
    ("насос расход", "Расход указан у насоса", true),
    ("насос клапан", "расход насоса", false),
    ("насос or клапан", "клапаны закрыты", true),
    ("насос OR клапан -закрыт", "клапаны закрыты", true),
    ("клапан -закрыты", "клапаны закрыты", false),
    ("клапан -закрыт", "клапаны открыты", true),
    ("\"насосная станция\"", "у насосной станции", true),
    ("\"насосная станция\"", "станция насосная", false),
    ("\"станция города\"", "станция в городе", false),
    ("\"станция в городе\"", "станция на город", true),
    ("\"станция в городе\"", "станция город", false),
    ("-\"насосная станция\" станция", "станция и насосная", true),
    ("-\"насосная станция\" станция", "насосная станция", false),
    ("wi-fi", "about wi-fi here", true),
    ("fi", "about wi-fi here", true),
    ("\"насос", "насосы", true),
    ("насос or", "насос", true),
    ("or насос", "насос", true),
    ("насос ! & | ( ) : *", "насос", true),
    ("--насос", "насос", true),
    ("кот & or пёс", "пёс", true),
    ("кот \"or\" пёс", "пёс и кот", true),
    ("кот or", "пёс", false),
    ("кот orел", "кот", false),
    ("кот\"пёс\"", "кот", false),
    ("кот or пёс рыба", "кот", true),
    ("кот or пёс рыба", "пёс", false),
    ("кот:пёс", "пёс, кот", true),
    ("кот пёс-рыба", "рыба, пёс, кот", false),
    ("3.14", "число 3.14", true),
    ("14", "число 3.14", false),
    ("ежи", "Ёж", true),
];

fn query(typed: &str) -> Query {
    Query::parse(typed).expect("the query has a word to look for")
}

/// The snippet as one string, its matches in brackets.
fn marked(typed: &str, text: &str) -> String {
    let mark = |run: super::snippet::Run<'_>| {
        if run.matched {
            format!("[{}]", run.text)
        } else {
            run.text.to_owned()
        }
    };
    snippet(&query(typed), text).into_iter().map(mark).collect()
}

#[test]
fn a_word_has_the_lexeme_that_postgres_gives_it() {
    for line in POSTGRES.lines() {
        let (word, lexeme) = line
            .split_once(' ')
            .map_or((line, None), |(word, lexeme)| (word, Some(lexeme)));
        let found: Vec<_> = lexemes(word).into_keys().collect();
        assert_eq!(found, Vec::from_iter(lexeme), "{word}");
    }
}

#[test]
fn lexemes_are_counted_over_all_forms_of_a_word() {
    let counts = lexemes(
        "Насос Н-101А: у насоса 2 клапана. The pumps' valves, the pump’s flow_rate, сло\u{ad}во",
    );
    let expected = [
        ("101а", 1),
        ("2", 1),
        ("flow", 1),
        ("pump", 2),
        ("rate", 1),
        ("valv", 1),
        ("клапа", 1),
        ("н", 1),
        ("насос", 2),
        ("слов", 1),
    ];
    assert_eq!(
        counts,
        BTreeMap::from(expected.map(|(lexeme, count)| (lexeme.to_owned(), count)))
    );
}

#[test]
fn a_query_matches_what_postgres_matches() {
    for (typed, text, matches) in MATCHES {
        assert_eq!(
            query(typed).score(text).is_some(),
            matches,
            "{typed} on {text}"
        );
    }
}

#[test]
fn a_query_without_a_word_to_look_for_is_refused() {
    for typed in [
        "",
        " ",
        "и в the",
        "-насос",
        "\"\"",
        "-\"the pump\" and",
        "!&|():*",
        "or",
        "- - -",
        "«»…",
        "-a or -насос",
    ] {
        assert_eq!(Query::parse(typed).err(), Some(NothingToFind), "{typed:?}");
    }
}

#[test]
fn an_alternative_that_only_excludes_finds_nothing() {
    let query = query("кот or -пёс");
    assert_eq!(query.score("рыба"), None);
    assert_eq!(query.score("пёс и кот"), Some(1));
}

#[test]
fn the_score_counts_every_word_that_is_looked_for() {
    let query = query("насос or \"насосная станция\" -клапан");
    assert_eq!(query.score("Насос, насосы, станция"), Some(3));
    assert_eq!(query.score("станция"), None);
}

#[test]
fn a_long_word_is_no_lexeme() {
    assert!(lexemes(&"a".repeat(2_047)).is_empty());
    assert_eq!(lexemes(&"x".repeat(2_046)).len(), 1);
}

#[test]
fn a_short_text_is_its_own_snippet() {
    assert_eq!(
        marked(
            "насос \"расхода станции\" or расход",
            " «Расход» насосов: 12. "
        ),
        " «[Расход]» [насосов]: 12. "
    );
}

#[test]
fn a_snippet_begins_near_the_place_where_most_words_stand_together() {
    let filler = "тихо ".repeat(50);
    let text =
        format!("насос {filler}один два три четыре пять шесть клапан у насоса {filler}насос");
    let expected = format!(
        "три четыре пять шесть [клапан] у [насоса] {}",
        "тихо ".repeat(22)
    );
    assert_eq!(
        marked("насос клапан", &text).trim_start_matches("два "),
        expected.trim_end()
    );
}

#[test]
fn a_snippet_of_a_text_without_spaces_is_short() {
    let text = format!("{}насос{}", "=".repeat(10_000), "—".repeat(10_000));
    let runs = snippet(&query("насос"), &text);
    assert_eq!(
        runs.first().map(|run| (run.text, run.matched)),
        Some(("насос", true))
    );
    assert!(runs.iter().map(|run| run.text.len()).sum::<usize>() <= 512);
    let word = "я".repeat(1_023);
    let runs = snippet(&query(&word), &word);
    assert_eq!(
        runs.iter()
            .map(|run| (run.text.len(), run.matched))
            .collect::<Vec<_>>(),
        [(512, true)]
    );
}

/// What queries and texts are often made of, so that they meet.
fn typed() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "насос",
        "Насоса",
        "клапан",
        "pump",
        "pumps",
        "и",
        "the",
        "or",
        "ёж",
        "ежи",
        "3.14",
        "wi-fi",
        "я\u{301}",
    ]);
    let space = prop::sample::select(vec![
        " ", " ", " ", " -", " or ", "\"", " \"", ",", "_", ":", "|", "\u{ad}", "\n", " '",
    ]);
    let known = prop::collection::vec((word, space), 1..12).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(word, space)| [word, space])
            .collect()
    });
    prop_oneof![3 => known, 1 => any::<String>()]
}

proptest! {
    #[test]
    fn a_text_that_matches_is_found_by_the_index(typed in typed(), text in typed()) {
        let Ok(query) = Query::parse(&typed) else { return Ok(()) };
        let counts = lexemes(&text);
        let count = |lexeme: &str| counts.get(lexeme).copied().unwrap_or(0);
        prop_assert!(query.lookups().all(|set| !set.is_empty()));
        if let Some(score) = query.score(&text) {
            prop_assert!(query.lookups().any(|set| set.iter().all(|lexeme| count(lexeme) > 0)));
            prop_assert_eq!(query.score_counts(count), Some(score));
            prop_assert!(score > 0);
        }
        if !query.needs_text() {
            prop_assert_eq!(query.score_counts(count), query.score(&text));
        }
    }

    #[test]
    fn the_runs_of_a_snippet_are_a_piece_of_the_text(typed in typed(), text in prop::collection::vec(typed(), 0..20)) {
        let Ok(query) = Query::parse(&typed) else { return Ok(()) };
        let text = text.concat();
        let runs = snippet(&query, &text);
        let joined: String = runs.iter().map(|run| run.text).collect();
        prop_assert!(text.contains(&joined) && joined.len() <= 512);
        prop_assert!(runs.iter().all(|run| !run.text.is_empty()));
        if query.score(&text).is_some() {
            prop_assert!(runs.iter().any(|run| run.matched));
        }
    }
}
