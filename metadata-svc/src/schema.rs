//! The schema that the migrations make, as diesel reads it. Made from a database by `tests/schema.rs`.

diesel::table! {
    /// Rows of an existing deployment that could not be taken over as they were; each as it was before.
    adopted_rows (table_name, row_id) {
        /// The table it stood in.
        table_name -> Text,
        /// Its id there.
        row_id -> Uuid,
        /// `no_chat`: it belongs to no chat and was set aside. changed: it stays, with what it lacked filled in.
        reason -> Text,
        /// The whole row as it was.
        before -> Jsonb,
    }
}

diesel::table! {
    /// Pictures that messages refer to: rows here, bytes in the store.
    chat_images (id) {
        /// Made by the service (UUIDv7) unless the caller sent one.
        id -> Uuid,
        /// The chat it belongs to: that of its message.
        chat_id -> Uuid,
        /// The message it belongs to. NULL in adopted rows alone.
        message_id -> Nullable<Uuid>,
        /// Its name. NULL in adopted rows alone.
        image_name -> Nullable<Varchar>,
        /// The key of its object. NULL in adopted rows alone.
        s3_path -> Nullable<Varchar>,
        /// What kind of picture it is, for example viewport or `zoom_crop`. NULL means none.
        image_type -> Nullable<Varchar>,
        /// What it shows. NULL means nothing.
        description -> Nullable<Text>,
        /// Its width in pixels. NULL means unknown.
        width -> Nullable<Int4>,
        /// Its height in pixels. NULL means unknown.
        height -> Nullable<Int4>,
        /// The length of its object in bytes. NULL means unknown.
        file_size -> Nullable<Int8>,
        /// When the row was added.
        uploaded_at -> Timestamptz,
        /// Rises in the order in which images were added; lists page by it.
        number -> Int8,
        /// The seq of its message. NULL where there is no message.
        message_seq -> Nullable<Int8>,
        /// The SHA-256 of the object's bytes. NULL means unknown.
        sha256 -> Nullable<Bytea>,
        /// The media type that the object is stored under. NULL means unknown.
        content_type -> Nullable<Varchar>,
        /// The MAC of blob-svc over key, size, SHA-256 and type. NULL means none.
        receipt -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// Messages of chats: appended, numbered, never rewritten.
    chat_messages (id) {
        /// Made by the service (UUIDv7) unless the caller sent one.
        id -> Uuid,
        /// The chat it belongs to.
        chat_id -> Uuid,
        /// Who speaks: user, assistant, system or tool.
        role -> Varchar,
        /// What is said.
        content -> Text,
        /// What kind of content it is, for example text or code.
        message_type -> Varchar,
        /// When it was appended.
        created_at -> Timestamptz,
        /// Its place in the chat, from 1, rising, never given twice.
        seq -> Int8,
    }
}

diesel::table! {
    /// Conversations, each of one user, often about a document.
    chats (id) {
        /// Made by the service (UUIDv7) unless the caller sent one.
        id -> Uuid,
        /// Its title.
        title -> Varchar,
        /// What it is about. NULL means nothing.
        description -> Nullable<Text>,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed, or a message last appended.
        updated_at -> Timestamptz,
        /// The user it belongs to; empty in adopted rows that had none.
        user_id -> Varchar,
        /// Whether it is hidden from the list of active chats.
        is_archived -> Bool,
        /// The key of the documents object. NULL means no document.
        document_path -> Nullable<Varchar>,
        /// Free JSON of the application: an object. NULL means none.
        metadata -> Nullable<Jsonb>,
        /// The seq given last in this chat; stays when that message is deleted. Writers lock this row to number their messages.
        last_seq -> Int8,
        /// Counts the changes of title, description, document, metadata and `is_archived`; the etag is made of it.
        revision -> Int8,
        /// The length of the document's object in bytes. NULL means unknown.
        document_size_bytes -> Nullable<Int8>,
        /// The SHA-256 of the document's bytes. NULL means unknown.
        document_sha256 -> Nullable<Bytea>,
        /// The media type that the document is stored under. NULL means unknown.
        document_content_type -> Nullable<Varchar>,
        /// The MAC of blob-svc over the document's key, size, SHA-256 and type. NULL means none.
        document_receipt -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// The ids of deleted chats. They stay taken, because the keys under their prefixes do: what removes those objects may run late, and run again.
    deleted_chats (id) {
        /// The id that the chat had.
        id -> Uuid,
        /// When it was deleted.
        deleted_at -> Timestamptz,
    }
}

diesel::table! {
    /// The words of each message that is indexed, apart from it, so that appending never rewrites an index of words.
    message_words (message_id) {
        /// The message.
        message_id -> Uuid,
        /// The message's own, as are role and `created_at`: a search filters and orders by them and reads no message that it does not show.
        seq -> Int8,
        /// The message's own.
        role -> Varchar,
        /// The message's own.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// What is to be removed from the store, and what was: no row may name such a key ever again.
    pending_deletes (id) {
        /// A UUIDv7 of the service's; a target that is recorded again gets another.
        id -> Uuid,
        /// The key of one object, or a prefix that ends in a slash.
        target -> Varchar,
        /// Whether everything under target is meant.
        is_prefix -> Bool,
        /// When it was recorded; lists page by it.
        created_at -> Timestamptz,
        /// When its removal was acknowledged. NULL means that it is to be removed.
        removed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// The answer to each request id, written in the transaction that has the effect: both are there, or neither. Kept for 7 days.
    request_ids (request_id) {
        /// The caller's id of the request.
        request_id -> Uuid,
        /// The SHA-256 of method and content; the same id with another digest is refused.
        digest -> Bytea,
        /// The answer, as the method's protobuf message.
        answer -> Bytea,
        /// When it was answered.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Keys whose objects are about to be uploaded; a sweep leaves them alone until they expire.
    reserved_keys (key) {
        /// The key.
        key -> Varchar,
        /// When the reservation ends.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// Text blocks of a document that messages refer to, with their places on the page.
    search_results (id) {
        /// Made by the service (UUIDv7) unless the caller sent one.
        id -> Uuid,
        /// The chat it belongs to: that of its message.
        chat_id -> Uuid,
        /// The message it belongs to. NULL in adopted rows alone.
        message_id -> Nullable<Uuid>,
        /// The documents own name for the block. NULL means none.
        block_id -> Nullable<Varchar>,
        /// The page, counted from 1. NULL means unknown.
        page_number -> Nullable<Int4>,
        /// The blocks text. NULL means none.
        block_text -> Nullable<Text>,
        /// The blocks place as fractions of the page, in the applications own form. NULL means unknown.
        coords_norm -> Nullable<Jsonb>,
        /// The blocks place in pixels, in the applications own form. NULL means unknown.
        coords_px -> Nullable<Jsonb>,
        /// When it was added.
        created_at -> Timestamptz,
        /// Rises in the order in which search results were added; lists page by it.
        number -> Int8,
        /// The seq of its message. NULL where there is no message.
        message_seq -> Nullable<Int8>,
    }
}

diesel::table! {
    /// Notes of messages whose words are not indexed yet. No key and no foreign key, so that a note costs a writer next to nothing; indexers take notes by ctid, for update skip locked.
    unindexed_messages (message_id) {
        /// The message; it may have been deleted since.
        message_id -> Uuid,
        /// When the note was made: how long the oldest waits is the lag of search.
        noted_at -> Timestamptz,
    }
}

diesel::table! {
    /// What each user keeps, by the UTC day it was created on; counted in the transactions that create and delete. A day of which nothing is left has no row.
    usage_days (user_id, day) {
        /// The user.
        user_id -> Varchar,
        /// The day, UTC.
        day -> Date,
        /// Chats, archived ones included.
        chats -> Int8,
        /// Messages.
        messages -> Int8,
        /// Images.
        images -> Int8,
        /// Bytes of images and documents, as their rows say; wider than 64 bits, so that sums of what callers claim never overflow.
        blob_bytes -> Numeric,
    }
}
