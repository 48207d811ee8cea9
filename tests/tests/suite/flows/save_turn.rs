//! Saving a turn with its pictures and search results.

use caller::{Picture, Source, contract::id::new_id};
use sha2::{Digest as _, Sha256};
use tests::Pair;
use tonic::Code;

use super::{BLOB, METADATA, a_turn, caller, carried, die_before, messages, objects, saved_chat};

#[tokio::test]
async fn the_rows_of_a_turn_tell_what_its_pictures_are() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let turn = caller(&pair)
        .save_turn(&a_turn(chat_id))
        .await
        .expect("a turn is saved");
    assert_eq!(turn.search_results.len(), 1);
    let names: Vec<_> = turn.images.iter().map(|i| i.image_name.as_str()).collect();
    assert_eq!(names, ["viewport_step_1.png", "zoom_crop_1.png"]);
    for image in turn.images {
        let bytes = std::fs::read(carried(&image.image_name)).expect("a picture of the demo");
        let blob = image.blob.expect("a row names an object");
        assert_eq!(blob.sha256, hex(&Sha256::digest(&bytes)));
        assert_eq!(
            blob.size_bytes,
            i64::try_from(bytes.len()).expect("a small file")
        );
        assert_eq!(blob.content_type, "image/png");
        // PNG (ISO/IEC 15948): width and height stand at 16 and 20, most significant byte first.
        let pixels = |at| i32::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        assert_eq!((image.width, image.height), (pixels(16), pixels(20)));
    }
}

#[tokio::test]
async fn saving_a_turn_again_answers_the_same_and_adds_nothing() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let save = a_turn(chat_id);
    let first = caller(&pair).save_turn(&save).await.expect("a first run");
    let again = caller(&pair).save_turn(&save).await.expect("a rerun");
    assert_eq!(first, again);
    assert_eq!(messages(&pair, chat_id).await.len(), 1);
    assert_eq!(objects(&pair).await.len(), 1 + save.pictures.len());
}

#[tokio::test]
async fn saving_a_turn_is_finished_by_a_rerun_wherever_it_died() {
    for place in [
        (METADATA, "GetChat"),
        (BLOB, "PutObject"),
        (METADATA, "AppendMessages"),
    ] {
        let pair = Pair::start().await;
        let (_, chat_id) = saved_chat(&pair).await;
        let save = a_turn(chat_id);
        let pair = die_before(pair, place, async |caller| caller.save_turn(&save).await).await;
        assert_eq!(messages(&pair, chat_id).await, [], "{}", place.1);

        let turn = caller(&pair).save_turn(&save).await.expect("a rerun");
        assert_eq!(turn.images.len(), save.pictures.len());
        assert_eq!(messages(&pair, chat_id).await.len(), 1, "{}", place.1);
        assert_eq!(
            objects(&pair).await.len(),
            1 + save.pictures.len(),
            "{}",
            place.1
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_named_by_its_place_and_nothing_is_stored() {
    let pair = Pair::start().await;
    let (_, chat_id) = saved_chat(&pair).await;
    let mut save = a_turn(chat_id);
    save.pictures.push(Picture {
        source: Source::File(carried("conversation.json")),
        name: String::new(),
        image_type: String::new(),
        description: String::new(),
    });
    let error = caller(&pair)
        .save_turn(&save)
        .await
        .expect_err("JSON is no picture");
    assert_eq!(error.fields()[0].field, "pictures[2].source");
    assert_eq!(messages(&pair, chat_id).await, []);
    assert_eq!(objects(&pair).await.len(), 1);
}

#[tokio::test]
async fn a_turn_of_a_chat_that_is_not_there_stores_no_picture() {
    let pair = Pair::start().await;
    let error = caller(&pair)
        .save_turn(&a_turn(new_id()))
        .await
        .expect_err("no such chat");
    assert_eq!(error.code(), Some(Code::NotFound), "{error}");
    assert_eq!(objects(&pair).await, []);
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
