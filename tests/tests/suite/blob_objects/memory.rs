//! The memory of blob-svc stays under the bound that README states, however much goes through it.
//!
//! `BLOB_MEMORY_MIB=1024` makes every object as large as that; the run takes disk for 17 of them.

use std::{env, fs};

use bytes::Bytes;
use contract::blob::v1::{
    GetObjectRequest, PutObjectCommit, PutObjectHeader, PutObjectRequest, get_object_response,
    put_object_request::Frame,
};
use futures::{StreamExt as _, future, stream};
use sha2::{Digest as _, Sha256};
use tests::{ObjectStore, Service};
use tonic::{Code, Status, Streaming};

use crate::{
    blob::{BlobSvc, Objects, header, start_with},
    storage::on_each_object_store,
};

on_each_object_store![
    eight_uploads_and_eight_downloads_at_once_stay_under_the_bound,
    as_many_transfers_as_are_served_at_once_stay_under_the_bound
];

/// What README states.
const BOUND_MIB: u64 = 128;
/// And with the store in the same process, when as much is under way as there may be: its own connections take memory, too.
const EMBEDDED_BOUND_MIB: u64 = 160;
/// What an object has, unless the environment says otherwise.
const MIB: usize = 32;
const CHUNK: usize = 256 << 10;

/// An object of many equal chunks: it takes no memory here.
struct Content {
    chunk: Bytes,
    count: usize,
    sha256: String,
}

impl Content {
    fn new(mib: usize) -> Self {
        let chunk = Bytes::from_iter((0..CHUNK).map(|at| (at ^ (at >> 8)) as u8));
        let count = (mib << 20) / CHUNK;
        let mut hasher = Sha256::new();
        (0..count).for_each(|_| hasher.update(&chunk));
        let digest = hasher.finalize();
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}"));
        Self {
            chunk,
            count,
            sha256: sha256.collect(),
        }
    }

    fn length(&self) -> usize {
        self.count * CHUNK
    }

    /// Uploads it, told of its length and digest beforehand or only at the end, on a connection of its own.
    async fn put(&self, service: &Service, key: String, declared: bool) -> Result<(), Status> {
        let size_bytes = self.length() as i64;
        let header = PutObjectHeader {
            size_bytes: declared.then_some(size_bytes),
            sha256: self.sha256.clone().repeat(usize::from(declared)),
            ..header(&key)
        };
        let commit = PutObjectCommit {
            size_bytes,
            sha256: self.sha256.clone(),
        };
        let chunks = vec![self.chunk.clone(); self.count];
        let frames = [Frame::Header(header)]
            .into_iter()
            .chain(chunks.into_iter().map(Frame::Chunk))
            .chain([Frame::Commit(commit)])
            .map(|frame| PutObjectRequest { frame: Some(frame) });
        let mut objects = Objects::new(service.channel());
        objects.put_object(stream::iter(frames)).await.map(drop)
    }

    /// Reads it, on a connection of its own, and knows it again.
    async fn read(&self, service: &Service, key: &str) -> Result<(), Status> {
        let mut answer = open(service, key).await?;
        let mut length = 0;
        while let Some(message) = answer.message().await? {
            if let Some(get_object_response::Frame::Chunk(chunk)) = message.frame {
                assert_eq!(chunk[0], self.chunk[length % CHUNK]);
                length += chunk.len();
            }
        }
        assert_eq!(length, self.length());
        Ok(())
    }
}

async fn open(
    service: &Service,
    key: &str,
) -> Result<Streaming<contract::blob::v1::GetObjectResponse>, Status> {
    let request = GetObjectRequest {
        key: key.to_owned(),
        ..GetObjectRequest::default()
    };
    let mut objects = Objects::new(service.channel());
    Ok(objects.get_object(request).await?.into_inner())
}

/// The most memory that a process held at any time, in MiB.
fn peak(service: &BlobSvc) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.pid()));
    let status = status.expect("/proc tells of an own child");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.expect("/proc tells the most memory") >> 10
}

fn judge(service: &BlobSvc, bound: u64, what: &str) {
    let peak = peak(service);
    println!("{what}: {peak} MiB resident at most");
    assert!(peak <= bound, "{what}: {peak} MiB");
}

async fn serve(store: ObjectStore) -> BlobSvc {
    let settings = [
        ("MAX_FILE_SIZE_MB", "5120".to_owned()),
        ("LOG_LEVEL", "info".to_owned()),
    ];
    start_with(store, &settings).await.0
}

async fn eight_uploads_and_eight_downloads_at_once_stay_under_the_bound(store: ObjectStore) {
    let mib = env::var("BLOB_MEMORY_MIB").ok();
    let content = Content::new(mib.map_or(MIB, |mib| mib.parse().expect("a number of MiB")));
    let service = serve(store).await;
    let first = content.put(&service, "first".to_owned(), true).await;
    first.expect("it is stored");
    let uploads = (0..8).map(|n| content.put(&service, format!("a/{n}"), n < 6));
    let downloads = (0..8).map(|_| content.read(&service, "first"));
    let (stored, read) = future::join(future::join_all(uploads), future::join_all(downloads)).await;
    for end in stored.into_iter().chain(read) {
        end.expect("all of them succeed");
    }
    judge(&service, BOUND_MIB, "8 uploads and 8 downloads");
}

/// Who takes nothing, or sends nothing more, costs most for its time: what was read for it waits.
async fn as_many_transfers_as_are_served_at_once_stay_under_the_bound(store: ObjectStore) {
    let content = Content::new(12);
    let bound = match store {
        ObjectStore::Embedded => EMBEDDED_BOUND_MIB,
        ObjectStore::Seaweed => BOUND_MIB,
    };
    let service = serve(store).await;
    let first = content.put(&service, "first".to_owned(), true).await;
    first.expect("it is stored");
    let mut held = Vec::new();
    let refused = loop {
        match open(&service, "first").await {
            Ok(mut answer) => {
                // Its beginning shows that it is under way.
                answer.message().await.expect("a frame");
                held.push(answer);
            }
            Err(status) => break status,
        }
    };
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(held.len() >= 8, "{} downloads at once", held.len());
    let uploads = (0..24).map(|n| content.put(&service, format!("a/{n}"), n % 4 > 0));
    let ends = future::join_all(uploads).await;
    let stored = ends.iter().filter(|end| end.is_ok()).count();
    assert!(stored >= 8, "{stored} uploads at once: {ends:?}");
    for end in ends {
        let code = end.map_or_else(|status| status.code(), |()| Code::Ok);
        assert!(matches!(code, Code::Ok | Code::ResourceExhausted), "{code}");
    }
    judge(
        &service,
        bound,
        &format!("{stored} uploads and {} readers that pause", held.len()),
    );
    let rest = held.into_iter().map(|answer| {
        let lengths = answer.map(|message| {
            message.map_or(0, |message| match message.frame {
                Some(get_object_response::Frame::Chunk(chunk)) => chunk.len(),
                Some(get_object_response::Frame::Object(_)) | None => 0,
            })
        });
        lengths.fold(0, |sum, length| future::ready(sum + length))
    });
    for length in future::join_all(rest).await {
        assert_eq!(length, content.length(), "who paused reads on");
    }
    judge(&service, bound, "and to their end");
}
