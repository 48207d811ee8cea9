//! Requests that are no messages, or too long: refused on every method of both services with the codes of the table of errors.

use tests::{Pair, rpc, wire};
use tonic::Code;

/// A field that says it is 255 bytes long, and ends there.
const CUT: [u8; 3] = [0x0a, 0xff, 0x01];
/// One more than a message may have.
const TOO_LONG: usize = (4 << 20) + 1;

#[tokio::test]
async fn bytes_that_are_no_message_are_invalid_and_a_message_over_the_limit_is_told_so_on_every_method()
 {
    let pair = Pair::start().await;
    let served = [
        (pair.metadata.channel(), "chatstore.metadata.v1"),
        (pair.blob.channel(), "chatstore.blob.v1"),
    ];
    for (channel, package) in served {
        for rpc in rpc::all_of(package) {
            for (request, code) in [
                (CUT.to_vec(), Code::InvalidArgument),
                (vec![0; TOO_LONG], Code::ResourceExhausted),
            ] {
                let path = rpc.path();
                let answer = wire::call(channel.clone(), &path, vec![request]).await;
                let refused = answer.expect_err("it is no request");
                assert_eq!(refused.code(), code, "{path}: {}", refused.message());
            }
        }
    }
}
