//! Uploads in parts: begun and ended over gRPC, sent by curl.

mod ends;
mod faults;
mod repeats;
mod sends;

use contract::blob::v1::{
    BlobRef, CompleteMultipartUploadRequest, CreateMultipartUploadRequest,
    CreateMultipartUploadResponse, PresignPartItem, PresignPartsRequest, PresignedUrl,
    UploadedPart,
};
use prost_types::Duration as WireDuration;
use tests::curl::Answer;
use tonic::Status;

use super::{KEY, curl_put};
use crate::blob::{self, BlobSvc, sha256};

const MIB: usize = 1 << 20;
/// Three parts of the planned length, the last one shorter.
const LENGTH: usize = 17 * MIB + 7;

/// What is begun in these claims.
fn creation(content: &[u8]) -> CreateMultipartUploadRequest {
    CreateMultipartUploadRequest {
        key: KEY.to_owned(),
        content_type: "application/pdf".to_owned(),
        original_name: "План участка.pdf".to_owned(),
        size_bytes: content.len() as i64,
        ..Default::default()
    }
}

async fn create(
    service: &BlobSvc,
    request: CreateMultipartUploadRequest,
) -> Result<CreateMultipartUploadResponse, Status> {
    let answer = blob::presign(service)
        .create_multipart_upload(request)
        .await?;
    Ok(answer.into_inner())
}

/// Signs parts of these numbers and lengths.
async fn sign_parts(
    service: &BlobSvc,
    upload_id: &str,
    parts: &[(i32, usize)],
    seconds: i64,
) -> Vec<PresignedUrl> {
    let item = |&(part_number, length): &(i32, usize)| PresignPartItem {
        part_number,
        size_bytes: length as i64,
    };
    let request = PresignPartsRequest {
        key: KEY.to_owned(),
        upload_id: upload_id.to_owned(),
        parts: parts.iter().map(item).collect(),
        expires_in: Some(WireDuration { seconds, nanos: 0 }),
        ..Default::default()
    };
    let answer = blob::presign(service).presign_parts(request).await;
    answer.expect("they are signed").into_inner().urls
}

/// The tag that the store answered for a part.
fn etag(answer: &Answer) -> String {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let mut etags = lines.filter(|(name, _)| name.eq_ignore_ascii_case("etag"));
    let (_, etag) = etags.next().expect("the store answers a tag");
    etag.trim().to_owned()
}

/// Sends `content` in parts as they were planned, and gives what the end wants of them.
async fn send(
    service: &BlobSvc,
    begun: &CreateMultipartUploadResponse,
    content: &[u8],
) -> Vec<UploadedPart> {
    let chunks: Vec<_> = content.chunks(begun.part_size_bytes as usize).collect();
    assert_eq!(chunks.len(), begun.part_count as usize);
    let sizes: Vec<_> = (1..).zip(chunks.iter().map(|chunk| chunk.len())).collect();
    let urls = sign_parts(service, &begun.upload_id, &sizes, 60).await;
    let sent = (1..)
        .zip(urls.iter().zip(&chunks))
        .map(|(part_number, (signed, chunk))| {
            assert_eq!(signed.key, KEY);
            let answer = curl_put(signed, chunk, &[]);
            assert_eq!(answer.status, 200, "{answer:?}");
            UploadedPart {
                part_number,
                etag: etag(&answer),
            }
        });
    sent.collect()
}

/// What ends an upload of `content`.
fn completion(
    begun: &CreateMultipartUploadResponse,
    parts: &[UploadedPart],
    content: &[u8],
) -> CompleteMultipartUploadRequest {
    CompleteMultipartUploadRequest {
        key: KEY.to_owned(),
        upload_id: begun.upload_id.clone(),
        parts: parts.to_vec(),
        size_bytes: content.len() as i64,
        sha256: sha256(content),
        ..Default::default()
    }
}

async fn complete(
    service: &BlobSvc,
    request: CompleteMultipartUploadRequest,
) -> Result<BlobRef, Status> {
    let answer = blob::presign(service)
        .complete_multipart_upload(request)
        .await?;
    Ok(answer.into_inner().blob.expect("it answers a blob"))
}
