//! What is asked: a request of any method of metadata-svc, and what its answers look like where no two stores can differ.

use std::fmt::Debug;

use contract::metadata::v1::*;
use prost::Message;

use super::level::Level;

/// Makes the list of all methods: each a variant that holds its request, with its path and the type of its answers.
macro_rules! asks {
    ($($service:ident: $($method:ident($request:ty) -> $answer:ty),*;)*) => {
        /// A request of any method.
        #[derive(Clone, Debug, PartialEq)]
        pub(super) enum Ask {
            $($($method($request),)*)*
        }

        impl Ask {
            /// `/package.Service/Method`.
            pub(super) fn path(&self) -> &'static str {
                match self {
                    $($(Self::$method(_) => concat!(
                        "/chatstore.metadata.v1.", stringify!($service), "/", stringify!($method)
                    ),)*)*
                }
            }

            /// The request on the wire.
            pub(super) fn encoded(&self) -> Vec<u8> {
                match self {
                    $($(Self::$method(request) => request.encode_to_vec(),)*)*
                }
            }

            /// What is to be compared of the answers, and the token of the next page.
            pub(super) fn levelled(&self, answers: &[Vec<u8>]) -> (String, String) {
                match self {
                    $($(Self::$method(_) => levelled::<$answer>(answers),)*)*
                }
            }
        }
    };
}

asks! {
    ChatService:
        CreateChat(CreateChatRequest) -> CreateChatResponse,
        GetChat(GetChatRequest) -> GetChatResponse,
        ListChats(ListChatsRequest) -> ListChatsResponse,
        UpdateChat(UpdateChatRequest) -> UpdateChatResponse,
        ArchiveChat(ArchiveChatRequest) -> ArchiveChatResponse,
        UnarchiveChat(UnarchiveChatRequest) -> UnarchiveChatResponse,
        DeleteChat(DeleteChatRequest) -> DeleteChatResponse,
        GetChatHistory(GetChatHistoryRequest) -> GetChatHistoryResponse,
        WatchChat(WatchChatRequest) -> WatchChatResponse,
        SearchMessages(SearchMessagesRequest) -> SearchMessagesResponse,
        GetUsage(GetUsageRequest) -> GetUsageResponse,
        GrantBlobAccess(GrantBlobAccessRequest) -> GrantBlobAccessResponse;
    MessageService:
        AppendMessages(AppendMessagesRequest) -> AppendMessagesResponse,
        GetMessage(GetMessageRequest) -> GetMessageResponse,
        ListMessages(ListMessagesRequest) -> ListMessagesResponse,
        DeleteMessage(DeleteMessageRequest) -> DeleteMessageResponse;
    ImageService:
        AddImages(AddImagesRequest) -> AddImagesResponse,
        GetImage(GetImageRequest) -> GetImageResponse,
        ListImages(ListImagesRequest) -> ListImagesResponse,
        DeleteImage(DeleteImageRequest) -> DeleteImageResponse;
    SearchResultService:
        AddSearchResults(AddSearchResultsRequest) -> AddSearchResultsResponse,
        ListSearchResults(ListSearchResultsRequest) -> ListSearchResultsResponse;
    BlobLedgerService:
        ReserveKeys(ReserveKeysRequest) -> ReserveKeysResponse,
        PendDeletes(PendDeletesRequest) -> PendDeletesResponse,
        ListPendingDeletes(ListPendingDeletesRequest) -> ListPendingDeletesResponse,
        AckDeletes(AckDeletesRequest) -> AckDeletesResponse,
        FilterUnreferencedKeys(FilterUnreferencedKeysRequest) -> FilterUnreferencedKeysResponse,
        ListReferencedKeys(ListReferencedKeysRequest) -> ListReferencedKeysResponse;
    InstanceService:
        CreateInstance(CreateInstanceRequest) -> CreateInstanceResponse,
        GetInstance(GetInstanceRequest) -> GetInstanceResponse,
        ListInstances(ListInstancesRequest) -> ListInstancesResponse,
        UpdateInstance(UpdateInstanceRequest) -> UpdateInstanceResponse,
        DeleteInstance(DeleteInstanceRequest) -> DeleteInstanceResponse;
    MessengerService:
        IngestMessages(IngestMessagesRequest) -> IngestMessagesResponse,
        ListMessengerMessages(ListMessengerMessagesRequest) -> ListMessengerMessagesResponse,
        ListMessengerChats(ListMessengerChatsRequest) -> ListMessengerChatsResponse;
}

impl Ask {
    /// Where a list is told which page is wanted.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have none")]
    pub(super) fn page_token(&mut self) -> Option<&mut String> {
        match self {
            Self::ListChats(list) => Some(&mut list.page_token),
            Self::SearchMessages(list) => Some(&mut list.page_token),
            Self::ListMessages(list) => Some(&mut list.page_token),
            Self::ListImages(list) => Some(&mut list.page_token),
            Self::ListSearchResults(list) => Some(&mut list.page_token),
            Self::ListPendingDeletes(list) => Some(&mut list.page_token),
            _ => None,
        }
    }

    /// Where a change is told what makes it safe to repeat.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others have none")]
    pub(super) fn request_id(&mut self) -> Option<&mut String> {
        match self {
            Self::CreateChat(change) => Some(&mut change.request_id),
            Self::UpdateChat(change) => Some(&mut change.request_id),
            Self::ArchiveChat(change) => Some(&mut change.request_id),
            Self::UnarchiveChat(change) => Some(&mut change.request_id),
            Self::DeleteChat(change) => Some(&mut change.request_id),
            Self::AppendMessages(change) => Some(&mut change.request_id),
            Self::DeleteMessage(change) => Some(&mut change.request_id),
            Self::AddImages(change) => Some(&mut change.request_id),
            Self::DeleteImage(change) => Some(&mut change.request_id),
            Self::AddSearchResults(change) => Some(&mut change.request_id),
            Self::ReserveKeys(change) => Some(&mut change.request_id),
            _ => None,
        }
    }
}

fn levelled<A: Message + Default + Debug + Level>(answers: &[Vec<u8>]) -> (String, String) {
    let mut next = String::new();
    let texts = answers.iter().map(|answer| {
        let mut answer = A::decode(answer.as_slice()).expect("an answer of the contract");
        next = answer.level();
        format!("{answer:#?}")
    });
    let texts: Vec<_> = texts.collect();
    (texts.join("\n"), next)
}
