//! What is asked of messages, images and search results.

use contract::{
    Violations,
    blob::v1::BlobRef,
    id::new_id,
    metadata::v1::{self, MessageOrder},
    time::Time,
};
use diesel_async::AsyncConnection as _;

use super::{LONG, OFTEN, Plans, chat, message};
use crate::{
    attachment::Owner,
    image::{self, NewImage},
    message::sql::{delete::delete, get, list, turns::turns},
    postgres::Connection,
    search_result::{self, NewSearchResult},
};

pub(super) async fn claim(plans: &mut Plans) {
    for (connection, first) in plans.connections().await.iter_mut().zip([21_000, 31_000]) {
        lists(plans, connection).await;
        attachments(plans, connection).await;
        history(plans, connection).await;
        changes(plans, connection, first).await;
    }
}

async fn lists(plans: &mut Plans, connection: &mut Connection) {
    for order in [MessageOrder::OldestFirst, MessageOrder::NewestFirst] {
        for number in [LONG, 7].repeat(OFTEN) {
            for (after, size) in [(None, 50), (Some(40), 30), (Some(10_000), 1_000)] {
                let page = list(connection, chat(number), order, after, size).await;
                page.expect("it can be listed");
            }
            let found = get(connection, message(number)).await;
            found.expect("it is there");
        }
        plans.demand_few_rows(&format!("lists of messages, {order:?}"));
    }
}

async fn attachments(plans: &mut Plans, connection: &mut Connection) {
    for owner in [
        Owner::Chat(chat(LONG)),
        Owner::Chat(chat(7)),
        Owner::Message(message(20_000)),
    ] {
        for after in [0, 50, 5_000].repeat(OFTEN) {
            let images = image::sql::list(connection, owner, after, 1_000).await;
            images.expect("it can be listed");
            let results = search_result::sql::list(connection, owner, after, 50).await;
            results.expect("it can be listed");
        }
        plans.demand_few_rows(&format!("lists of attachments, {owner:?}"));
    }
}

async fn history(plans: &mut Plans, connection: &mut Connection) {
    for _ in 0..OFTEN {
        for (number, after) in [(LONG, 0), (LONG, 10_000), (7, 0), (7, 80)] {
            let page = turns(connection, chat(number), after).await;
            let page = page.expect("it is there");
            assert_eq!(
                page.len(),
                if number == LONG {
                    1_000
                } else {
                    90 - usize::try_from(after).expect("it is small")
                }
            );
        }
    }
    plans.demand_few_rows("history");
}

async fn changes(plans: &mut Plans, connection: &mut Connection, first: u128) {
    for number in (first..).take(OFTEN) {
        let changed = connection.transaction(async |connection| {
            let id = message(number);
            let images = image::sql::add(connection, id, vec![new_image(number)], &[], Time::now());
            let images = images.await?;
            let results = vec![new_result()];
            search_result::sql::add(connection, id, results, &[], Time::now()).await?;
            image::sql::delete(connection, images[0].given.id, Time::now()).await?;
            delete(connection, id, Time::now()).await
        });
        let deleted = changed.await.expect("it is there");
        assert_eq!(
            deleted.images + deleted.search_results,
            2,
            "its own, and the one added"
        );
    }
    plans.demand_few_rows("changes of messages");
}

fn new_image(number: u128) -> NewImage {
    let mut v = Violations::default();
    let image = v1::Image {
        image_name: "x".into(),
        blob: Some(BlobRef {
            key: format!("chats/x/images/new {number}"),
            ..BlobRef::default()
        }),
        ..v1::Image::default()
    };
    let mut image = NewImage::judge(&mut v, image).expect("it is whole");
    image.blob.sha256 = "0f".repeat(32);
    image
}

fn new_result() -> NewSearchResult {
    NewSearchResult {
        id: new_id(),
        block_id: String::new(),
        page_number: 1,
        block_text: "Насос".into(),
        coords_norm: None,
        coords_px: None,
    }
}
