//! Every method of the contract, read from its descriptor set, so that a suite can prove that it left none out.

use contract::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// A method of the contract.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rpc {
    /// The service, with its package: `chatstore.blob.v1.ObjectService`.
    pub service: String,
    /// The method: `PutObject`.
    pub method: String,
    /// Whether the caller sends a stream.
    pub client_streaming: bool,
    /// Whether the service answers a stream.
    pub server_streaming: bool,
}

impl Rpc {
    /// How gRPC names it on the wire: `/chatstore.blob.v1.ObjectService/PutObject`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/{}/{}", self.service, self.method)
    }
}

/// Every method of every service of `package`, for example `chatstore.blob.v1`, sorted.
///
/// # Panics
/// When the descriptor set cannot be read, or has no service in `package`.
#[must_use]
pub fn all_of(package: &str) -> Vec<Rpc> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)
        .expect("the contract's own descriptor set can be read");
    let services = set
        .file
        .into_iter()
        .filter(|file| file.package() == package)
        .flat_map(|file| file.service);
    let mut rpcs: Vec<_> = services
        .flat_map(|service| {
            let name = format!("{package}.{}", service.name());
            service.method.into_iter().map(move |method| Rpc {
                service: name.clone(),
                method: method.name().to_owned(),
                client_streaming: method.client_streaming(),
                server_streaming: method.server_streaming(),
            })
        })
        .collect();
    assert!(!rpcs.is_empty(), "the contract has no service in {package}");
    rpcs.sort();
    rpcs
}
