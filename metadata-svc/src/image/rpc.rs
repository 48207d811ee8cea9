//! How images are asked for.

use std::{collections::HashSet, mem::take};

use contract::{
    Violations,
    id::Uuid,
    metadata::v1::{
        AddImagesRequest, AddImagesResponse, DeleteImageRequest, DeleteImageResponse,
        GetImageRequest, GetImageResponse, ListImagesRequest, ListImagesResponse,
        image_service_server::ImageService,
    },
    page::PageScope,
    receipt::ReceiptKeys,
};
use futures::FutureExt as _;
use tonic::{Request, Response};
use tracing::{Span, field::display};

use super::{NewImage, kv, sql};
use crate::{
    attachment::{Owner, Parents, chats_said, judge_row, kv::IMAGES, page},
    blob_ledger, blob_ref,
    error::{Answer, Result},
    page::{Paging, read_number_cursor},
    request_id::Call,
    store::Store,
};

/// The rpcs of `ImageService`.
#[derive(Debug)]
pub(crate) struct Images {
    pub(crate) store: Store,
    pub(crate) receipts: ReceiptKeys,
}

#[tonic::async_trait]
impl ImageService for Images {
    async fn add_images(&self, request: Request<AddImagesRequest>) -> Answer<AddImagesResponse> {
        let add = judge_add(&self.receipts, request.into_inner())?;
        let added = self.store.once(
            add.call,
            (add.message_id, add.images, add.chats_said),
            |txn, (message, images, said)| kv::add(txn, message, images, &said),
            |connection, (message, images, said), now| {
                async move { sql::add(connection, message, images, &said, now).await }.boxed()
            },
            |images| AddImagesResponse {
                images: images.into_iter().map(Into::into).collect(),
            },
        );
        Ok(Response::new(added.await?))
    }

    async fn get_image(&self, request: Request<GetImageRequest>) -> Answer<GetImageResponse> {
        let id = judge_id(&request.into_inner().image_id)?;
        let image = self
            .store
            .read(
                id,
                |txn, id| IMAGES.get(txn, id),
                |connection, id| sql::get(connection, id).boxed(),
            )
            .await?;
        Ok(Response::new(GetImageResponse {
            image: Some(image.into()),
        }))
    }

    async fn list_images(&self, request: Request<ListImagesRequest>) -> Answer<ListImagesResponse> {
        let (owner, paging) = judge_list(request.into_inner())?;
        let (rows, next_page_token) = page(
            &self.store,
            IMAGES,
            |connection, owner, after, size| sql::list(connection, owner, after, size).boxed(),
            owner,
            paging,
        )
        .await?;
        Ok(Response::new(ListImagesResponse {
            images: rows.into_iter().map(Into::into).collect(),
            next_page_token,
        }))
    }

    async fn delete_image(
        &self,
        request: Request<DeleteImageRequest>,
    ) -> Answer<DeleteImageResponse> {
        let (call, id) = judge_delete(request.into_inner())?;
        let deleted = self.store.once(
            call,
            id,
            kv::delete,
            |connection, id, now| sql::delete(connection, id, now).boxed(),
            |pending| DeleteImageResponse {
                pending_deletes: blob_ledger::answered(pending),
            },
        );
        Ok(Response::new(deleted.await?))
    }
}

struct Add {
    call: Call,
    message_id: Uuid,
    images: Vec<NewImage>,
    chats_said: Vec<Option<Uuid>>,
}

fn judge_add(receipts: &ReceiptKeys, mut request: AddImagesRequest) -> Result<Add> {
    let mut v = Violations::default();
    let id = request.request_id.clone();
    let call = blob_ref::judge_call(
        &mut v,
        receipts,
        "AddImages",
        &id,
        &mut request,
        |request| blob_ref::of_images("images".into(), &mut request.images).collect(),
    );
    let message_id = v.id("message_id", &request.message_id);
    Span::current().record("message_id", display(message_id));
    let parents = Parents {
        chat: None,
        message: Some(message_id),
    };
    let chats_said = chats_said(&request.images);
    let mut seen = HashSet::new();
    let images = v.batch("images", request.images, |v, image| {
        judge_row(v, image, parents, &mut seen, NewImage::judge)
    });
    let add = Add {
        call,
        message_id,
        images,
        chats_said,
    };
    Ok(v.accept(Some(add))?)
}

fn judge_id(image_id: &str) -> Result<Uuid> {
    let mut v = Violations::default();
    let id = v.id("image_id", image_id);
    Span::current().record("image_id", display(id));
    Ok(v.accept(Some(id))?)
}

fn judge_list(mut request: ListImagesRequest) -> Result<(Owner, Paging<i64>)> {
    let mut v = Violations::default();
    let (size, token) = (take(&mut request.page_size), take(&mut request.page_token));
    let scope = PageScope::new("ListImages", &request);
    let paging = Paging::judge(&mut v, scope, size, &token, read_number_cursor);
    let owner = Owner::judge(&mut v, &request.chat_id, &request.message_id);
    Ok(v.accept(owner.map(|owner| (owner, paging)))?)
}

fn judge_delete(request: DeleteImageRequest) -> Result<(Call, Uuid)> {
    let mut v = Violations::default();
    let call = Call::of(&mut v, "DeleteImage", &request.request_id, &request);
    let id = v.id("image_id", &request.image_id);
    Span::current().record("image_id", display(id));
    Ok(v.accept(Some((call, id)))?)
}
