//! A stranger: a service of another team, which calls both services by itself. It reserves nothing, declares neither length nor
//! digest, sends slowly, and sleeps between an upload and its row. When it is told that a key is used up, it takes the next.

use bytes::Bytes;
use contract::{
    blob::v1::{
        BlobRef, CreateMultipartUploadRequest, PutObjectCommit, PutObjectHeader, PutObjectRequest,
        put_object_request::Frame,
    },
    id::derived_id,
    metadata::v1::{
        AddImagesRequest, AppendMessagesRequest, Chat, DeleteChatRequest, DeleteImageRequest,
        DeleteMessageRequest, Image, Message, Role, Turn,
    },
};
use futures::{StreamExt as _, stream};
use prost::Message as _;
use tokio::time::sleep;
use tonic::{Code, Status};

use crate::{
    ack_list::Answer,
    clients::Clients,
    content::{PIXELS, sha256},
    plan::{Plan, Step, Upload},
    rows::kept,
};

/// How many keys a stranger tries before it gives up: more than there are sweeps in a round.
const ATTEMPTS: u32 = 200;

/// One who works on a step.
pub(crate) struct Stranger<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) plan: &'a Plan,
    pub(crate) step: &'a Step,
    /// Nobody is to be met any more: it neither sleeps nor drips.
    pub(crate) is_late: bool,
}

impl Stranger<'_> {
    /// Appends a turn. `goes_on` is told of each attempt whose keys were used up, and says whether there is another.
    pub(crate) async fn append(
        &self,
        upload: &Upload,
        is_first: bool,
        goes_on: impl Fn(u32) -> bool,
    ) -> Result<Answer, Status> {
        let attempt = async |attempt| {
            let images = self.stored(upload, attempt).await?;
            let request = self.appending(images, is_first, attempt);
            let request = self.clients.request(request);
            let answer = self.clients.messages().append_messages(request).await?;
            let answer = answer.into_inner();
            let digest = sha256(&answer.encode_to_vec());
            let turn = answer.turns.into_iter().next().unwrap_or_default();
            Ok(turn_answer(turn, digest))
        };
        tried(attempt, goes_on).await
    }

    fn appending(&self, images: Vec<Image>, is_first: bool, attempt: u32) -> AppendMessagesRequest {
        let chat = self.plan.chat_of(self.step);
        let create_chat = is_first.then(|| Chat {
            user_id: chat.user_id.clone(),
            title: "A stranger's".to_owned(),
            ..Chat::default()
        });
        let message = Message {
            role: Role::User.into(),
            content: self.step.text(),
            ..Message::default()
        };
        AppendMessagesRequest {
            chat_id: chat.id.to_string(),
            create_chat,
            turns: vec![Turn {
                message: Some(message),
                images,
                search_results: Vec::new(),
            }],
            request_id: self.id(&format!("AppendMessages {attempt}")),
        }
    }

    /// Adds images to a message, as [`Stranger::append`].
    pub(crate) async fn add_images(
        &self,
        upload: &Upload,
        message_id: &str,
        goes_on: impl Fn(u32) -> bool,
    ) -> Result<Answer, Status> {
        let attempt = async |attempt| {
            let request = AddImagesRequest {
                message_id: message_id.to_owned(),
                images: self.stored(upload, attempt).await?,
                request_id: self.id(&format!("AddImages {attempt}")),
            };
            let request = self.clients.request(request);
            let answer = self
                .clients
                .images()
                .add_images(request)
                .await?
                .into_inner();
            Ok(Answer {
                message: message_id.to_owned(),
                digest: sha256(&answer.encode_to_vec()),
                objects: answer.images.into_iter().map(kept).collect(),
                seq: 0,
            })
        };
        tried(attempt, goes_on).await
    }

    /// Stores the objects of an attempt, and sleeps; what the row says of them.
    async fn stored(&self, upload: &Upload, attempt: u32) -> Result<Vec<Image>, Status> {
        let mut images = Vec::new();
        for index in 0..upload.contents.len() {
            images.push(Image {
                image_name: format!("{index}.png"),
                blob: Some(self.put(upload, index, attempt).await?),
                width: PIXELS,
                height: PIXELS,
                ..Image::default()
            });
        }
        if !self.is_late {
            sleep(upload.sleep).await;
        }
        Ok(images)
    }

    /// Stores one object.
    pub(crate) async fn put(
        &self,
        upload: &Upload,
        index: usize,
        attempt: u32,
    ) -> Result<BlobRef, Status> {
        let bytes = upload.contents[index].bytes();
        let commit = Frame::Commit(PutObjectCommit {
            size_bytes: bytes.len() as i64,
            sha256: sha256(&bytes),
        });
        let request_id = self.id(&format!("PutObject {index} {attempt}"));
        self.send(
            upload,
            self.header(index, attempt, request_id),
            bytes,
            Some(commit),
        )
        .await
    }

    /// Sends the first half of an object, and ends without a commit, as one does who dies in an orderly way.
    pub(crate) async fn put_half(&self, upload: &Upload) -> Result<BlobRef, Status> {
        let bytes = upload.contents[0].bytes();
        let half = bytes.slice(..bytes.len() / 2);
        let request_id = self.id("PutObject half");
        self.send(upload, self.header(0, 0, request_id), half, None)
            .await
    }

    async fn send(
        &self,
        upload: &Upload,
        header: PutObjectHeader,
        bytes: Bytes,
        commit: Option<Frame>,
    ) -> Result<BlobRef, Status> {
        let (chunk, drip) = (upload.chunk, upload.drip);
        let drips = !self.is_late && !drip.is_zero();
        let starts = (0..bytes.len()).step_by(chunk);
        let chunks = starts.map(move |start| bytes.slice(start..bytes.len().min(start + chunk)));
        let chunks = stream::iter(chunks).then(move |chunk| async move {
            if drips {
                sleep(drip).await;
            }
            Frame::Chunk(chunk)
        });
        let frames = stream::iter([Frame::Header(header)]).chain(chunks);
        let frames = frames.chain(stream::iter(commit));
        let frames = frames.map(|frame| PutObjectRequest { frame: Some(frame) });
        let answer = self
            .clients
            .objects()
            .put_object(self.clients.request(frames))
            .await?;
        answer
            .into_inner()
            .blob
            .ok_or_else(|| Status::internal("an answer without its blob"))
    }

    fn header(&self, index: usize, attempt: u32, request_id: String) -> PutObjectHeader {
        PutObjectHeader {
            key: self.key(&format!("{index}_{attempt}.png")),
            original_name: "picture.png".to_owned(),
            request_id,
            ..PutObjectHeader::default()
        }
    }

    /// Begins an upload in parts.
    pub(crate) async fn begin(&self) -> Result<Answer, Status> {
        let request = CreateMultipartUploadRequest {
            key: self.key("unfinished.png"),
            size_bytes: 10 << 20,
            request_id: self.id("CreateMultipartUpload"),
            ..CreateMultipartUploadRequest::default()
        };
        let mut presign = self.clients.presign();
        presign
            .create_multipart_upload(self.clients.request(request))
            .await?;
        Ok(Answer::default())
    }

    pub(crate) async fn delete_message(&self, message_id: &str) -> Result<Answer, Status> {
        let request = DeleteMessageRequest {
            message_id: message_id.to_owned(),
            request_id: self.id("DeleteMessage"),
        };
        let answer = self
            .clients
            .messages()
            .delete_message(self.clients.request(request))
            .await?;
        Ok(answer_of(&answer.into_inner().encode_to_vec()))
    }

    pub(crate) async fn delete_image(&self, image_id: &str) -> Result<Answer, Status> {
        let request = DeleteImageRequest {
            image_id: image_id.to_owned(),
            request_id: self.id("DeleteImage"),
        };
        let answer = self
            .clients
            .images()
            .delete_image(self.clients.request(request))
            .await?;
        Ok(answer_of(&answer.into_inner().encode_to_vec()))
    }

    /// Deletes the chat's rows, and leaves its objects to the sweep.
    pub(crate) async fn drop_chat(&self) -> Result<Answer, Status> {
        let request = DeleteChatRequest {
            chat_id: self.plan.chat_of(self.step).id.to_string(),
            request_id: self.id("DeleteChat"),
            ..DeleteChatRequest::default()
        };
        let answer = self
            .clients
            .chats()
            .delete_chat(self.clients.request(request))
            .await?;
        Ok(answer_of(&answer.into_inner().encode_to_vec()))
    }

    fn key(&self, name: &str) -> String {
        let (chat, step) = (self.plan.chat_of(self.step).id, self.step.number);
        format!("chats/{chat}/images/stranger_{step}_{name}")
    }

    fn id(&self, call: &str) -> String {
        derived_id(self.step.request_id, call).to_string()
    }
}

/// Makes attempt after attempt, until one ends in another way than that its keys were used up.
async fn tried(
    attempt: impl AsyncFn(u32) -> Result<Answer, Status>,
    goes_on: impl Fn(u32) -> bool,
) -> Result<Answer, Status> {
    let mut number = 0;
    loop {
        match attempt(number).await {
            Err(status) if status.code() == Code::FailedPrecondition => {
                if !goes_on(number) || number == ATTEMPTS {
                    return Err(status);
                }
                number += 1;
            }
            ended => return ended,
        }
    }
}

/// What a turn's answer says.
pub(crate) fn turn_answer(turn: Turn, digest: String) -> Answer {
    let message = turn.message.unwrap_or_default();
    Answer {
        message: message.id,
        seq: message.seq,
        objects: turn.images.into_iter().map(kept).collect(),
        digest,
    }
}

fn answer_of(encoded: &[u8]) -> Answer {
    Answer {
        digest: sha256(encoded),
        ..Answer::default()
    }
}
