//! Request ids: the same id and the same content give the same answer and have one effect.
//!
//! The answer is kept in the transaction that has the effect, so both are there or neither is, also after a crash; and of two
//! calls that arrive at once the second waits, and finds what the first left.

pub(crate) mod kv;
pub(crate) mod sql;

use contract::{Violations, protection::Protection, time::Time};
use prost::Message;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How long an answer is kept: 7 days, as the contract says.
const KEPT_MICROS: i64 = 7 * 86_400 * 1_000_000;

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The request id.
    pub(crate) id: Uuid,
    /// Of method and content: SHA-256.
    pub(crate) digest: Vec<u8>,
    /// The answer, as the method's protobuf message.
    pub(crate) answer: Vec<u8>,
    pub(crate) create_time: Time,
}

/// A call that changes something, as far as its repetition is concerned.
#[derive(Debug)]
pub(crate) struct Call {
    /// The request id and the digest of method and content; `None` where the caller gave no id.
    id: Option<(Uuid, Vec<u8>)>,
}

impl Call {
    /// Judges `request_id`, and takes the digest of the whole `request`, as it came.
    pub(crate) fn of(
        v: &mut Violations,
        method: &str,
        request_id: &str,
        request: &impl Message,
    ) -> Self {
        let id = v.optional_id("request_id", request_id);
        let id = id.filter(|_| Protection::RequestId.is_on()).map(|id| {
            tracing::Span::current().record("request_id", tracing::field::display(id));
            let digest = Sha256::new()
                .chain_update(method)
                .chain_update([0])
                .chain_update(request.encode_to_vec());
            (id, digest.finalize().to_vec())
        });
        Self { id }
    }

    /// The request id, where the caller gave one.
    pub(crate) fn request_id(&self) -> Option<Uuid> {
        self.id.as_ref().map(|(id, _)| *id)
    }
}
