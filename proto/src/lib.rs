//! The wire contract of chatstore, and what both services and the caller share around it.
//!
//! The generated types lie in [`blob::v1`] and [`metadata::v1`]; their meaning, units and limits are written in the protos.
//! Beside them: how input is judged ([`violation`]), how errors travel ([`status`]), ids, times and page tokens, one trace
//! over all processes ([`trace`], [`telemetry`]), settings ([`settings`]), receipts ([`receipt`]), and what both services run:
//! the server ([`server`], [`call`]), and the port that tells how they are ([`health`], [`admin`]).

pub mod admin;
pub mod call;
pub mod health;
pub mod id;
pub mod key;
pub mod page;
pub mod protection;
pub mod receipt;
pub mod server;
pub mod settings;
pub mod status;
pub mod telemetry;
pub mod time;
pub mod trace;
pub mod violation;

pub use violation::Violations;

/// The contract of blob-svc.
pub mod blob {
    /// Package `chatstore.blob.v1`.
    #[expect(
        clippy::allow_attributes,
        clippy::doc_markdown,
        reason = "generated; its docs are the protos' comments"
    )]
    pub mod v1 {
        tonic::include_proto!("chatstore.blob.v1");
    }
}

/// The contract of metadata-svc.
pub mod metadata {
    /// Package `chatstore.metadata.v1`.
    #[expect(
        clippy::allow_attributes,
        clippy::doc_markdown,
        reason = "generated; its docs are the protos' comments"
    )]
    pub mod v1 {
        tonic::include_proto!("chatstore.metadata.v1");
    }
}

/// Both packages and what they import, as a serialized `google.protobuf.FileDescriptorSet`, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("chatstore");
