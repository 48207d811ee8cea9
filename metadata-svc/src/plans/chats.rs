//! What is asked of chats.

use contract::{metadata::v1::ChatState, time::Time};
use diesel_async::AsyncConnection as _;

use super::{OFTEN, Plans, chat};
use crate::chat::sql::{delete::delete, list};

pub(super) async fn claim(plans: &mut Plans) {
    for connection in &mut plans.connections().await {
        for state in [ChatState::Active, ChatState::Archived, ChatState::All] {
            for _ in 0..OFTEN {
                let page = list(connection, "user 0", state, None, 20).await;
                let rows = page.expect("it can be listed").rows;
                let rows = rows.iter().map(|chat| (chat.create_time.micros(), chat.id));
                let middle = rows.clone().nth(10).expect("a user has 200 chats");
                let next = list(connection, "user 0", state, Some(middle), 9).await;
                let next = next.expect("it can be listed").rows;
                let next = next.iter().map(|chat| (chat.create_time.micros(), chat.id));
                assert!(next.eq(rows.skip(11)), "{state:?}");
            }
            plans.demand_few_rows(&format!("a list of chats, {state:?}"));
        }
    }
    for (connection, number) in plans.connections().await.iter_mut().zip([1_500, 1_600]) {
        for number in number..number + 7 {
            let deleted = connection.transaction(async |connection| {
                delete(connection, chat(number), "", Time::now()).await
            });
            let deleted = deleted.await.expect("it is there");
            assert_eq!(
                (deleted.messages, deleted.images, deleted.search_results),
                (90, 45, 45)
            );
        }
        plans.demand_few_rows("deletes of chats");
    }
}
