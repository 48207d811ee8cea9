//! Searching: a word or two, over a user's chats or in one chat, among all messages.

use std::rc::Rc;

use anyhow::ensure;
use contract::metadata::v1::{SearchMessagesRequest, chat_service_client::ChatServiceClient};

use super::{
    comparison::{Comparison, Goal, Side},
    seed::{ARCHIVE_USER, LONG_USER},
    stage::{DATABASE, Served, Stage},
};
use crate::grpc::frame;

const PATH: &str = "/chatstore.metadata.v1.ChatService/SearchMessages";
/// How many searches there are; callers go round them.
const SEARCHES: usize = 1_000;
/// Places of the words that are looked for: below them are those that search passes over.
const PLACES: std::ops::Range<usize> = 11..1_011;

pub(crate) async fn comparisons<'s>(
    stage: &'s Stage,
    served: &Served,
) -> anyhow::Result<Vec<Comparison<'s>>> {
    let words = words(stage);
    let mut comparisons = Vec::new();
    for (name, user) in [
        ("each of 1,000 users' 900 messages", None),
        ("one user's 10,000", Some(LONG_USER)),
        ("one user's 100,000", Some(ARCHIVE_USER)),
    ] {
        let user = |search: usize| user.map_or(format!("user {search}"), str::to_owned);
        let searches = (0..SEARCHES).map(|search| SearchMessagesRequest {
            user_id: user(search),
            query: query(&words, search),
            ..SearchMessagesRequest::default()
        });
        let searches: Vec<_> = searches.collect();
        demand_hits(served, &searches).await?;
        let requests: Rc<[_]> = searches.iter().map(frame).collect();
        for callers in [1, 16] {
            comparisons.push(Comparison {
                name: format!("{name}, {callers} at once"),
                sides: vec![Side::calls(
                    "SearchMessages",
                    served.calls(PATH, &requests, callers),
                )],
                goal: Some(Goal::Within(50.0)),
            });
        }
    }
    Ok(comparisons)
}

/// One word, or for every other search two.
fn query(words: &[String], search: usize) -> String {
    let word = |place: usize| words[place % words.len()].as_str();
    match search % 2 {
        0 => word(search).to_owned(),
        _ => format!("{} {}", word(search), word(search / 8)),
    }
}

/// The words, the commonest first.
fn words(stage: &Stage) -> Vec<String> {
    let (first, end) = (PLACES.start, PLACES.end);
    let sql = format!(
        "select stem || 'ами' from bench.words where place >= {first} and place < {end} order by place"
    );
    let words = stage.server.ask(DATABASE, &sql);
    words.lines().map(str::to_owned).collect()
}

/// Searches that find nothing would be quick.
async fn demand_hits(served: &Served, searches: &[SearchMessagesRequest]) -> anyhow::Result<()> {
    let mut client = ChatServiceClient::new(served.service.channel());
    let mut hits = 0;
    for search in searches.iter().take(50) {
        let page = client.search_messages(search.clone()).await?.into_inner();
        hits += page.hits.len();
    }
    ensure!(hits > 50, "50 searches find {hits} messages");
    Ok(())
}
