//! The list of methods that other suites measure themselves by.

use tests::rpc;

#[test]
fn the_contract_lists_every_method_of_both_packages() {
    let metadata = rpc::all_of("chatstore.metadata.v1");
    let blob = rpc::all_of("chatstore.blob.v1");
    assert!(
        metadata
            .iter()
            .any(|rpc| rpc.path() == "/chatstore.metadata.v1.ChatService/GetChatHistory")
    );
    assert!(
        blob.iter()
            .any(|rpc| rpc.method == "PutObject" && rpc.client_streaming && !rpc.server_streaming)
    );
    assert!(
        blob.iter()
            .any(|rpc| rpc.method == "GetObject" && rpc.server_streaming && !rpc.client_streaming)
    );
}
