//! HTML: one page that loads nothing and runs nothing, its pictures inside as `data:` URLs. Text is escaped by maud.

use contract::metadata::v1::{Chat, Image, Message, SearchResult, Turn};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Document, Piece,
    markdown::moment,
    text::{Block, blocks},
};
use crate::json;

/// Ends what [`head`] began.
pub(super) const TAIL: &str = "</main></body></html>\n";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1b1b1b}\
main{max-width:56rem;margin:0 auto;padding:1.5rem}article{background:#fff;border-radius:.5rem;padding:1rem 1.25rem;\
margin:1rem 0;border-left:.3rem solid #bbb}article.user{border-color:#2b6cb0}article.assistant{border-color:#2f855a}\
header,figcaption,.about{color:#666;font-size:.85rem}p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0}\
pre{background:#f4f4f2;padding:.75rem;overflow-x:auto}figure{margin:1rem 0}img{max-width:100%;height:auto}\
li{overflow-wrap:anywhere}";

/// What the page may load: pictures that it carries itself.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The page up to the first turn.
pub(super) fn head(chat: &Chat, document: Option<&Document>) -> String {
    let title = html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            title { (chat.title) }
            style { (PreEscaped(STYLE)) }
        }
    };
    let about = html! {
        h1 { (chat.title) }
        @if !chat.description.is_empty() { p { (chat.description) } }
        p.about {
            "Chat " (chat.id)
            @if let Some(time) = &chat.create_time { ", created " (moment(time)) }
            @if let Some(document) = document { ". Document " (document.name) }
        }
    };
    // maud closes what it opens: what stays open while the turns stream in is written by hand.
    let doctype = DOCTYPE.into_string();
    format!(
        "{doctype}<html>{}<body><main>{}\n",
        title.into_string(),
        about.into_string()
    )
}

/// A turn: text around its pictures.
pub(super) fn turn(turn: &Turn) -> Vec<Piece> {
    let message = turn.message.clone().unwrap_or_default();
    let role = json::role(message.role());
    let mut text = format!(
        "<article class=\"{role}\">{}",
        said(&message, role).into_string()
    );
    let mut pieces = Vec::new();
    for (index, image) in turn.images.iter().enumerate() {
        text.push_str(&figure_begin(image));
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        pieces.push(Piece::Picture(index));
        text.push_str(&figure_end(image));
    }
    text.push_str(&found(&turn.search_results).into_string());
    text.push_str("</article>\n");
    pieces.push(Piece::Text(text));
    pieces
}

fn said(message: &Message, role: &str) -> Markup {
    html! {
        header {
            (message.seq) ". " (role)
            @if let Some(time) = &message.create_time { ", " (moment(time)) }
        }
        @for block in blocks(&message.content, &message.message_type) {
            @match block {
                Block::Plain(text) => p { (text) },
                Block::Code(code) => pre { code { (code) } },
            }
        }
    }
}

/// Up to where the picture's base64 begins.
fn figure_begin(image: &Image) -> String {
    let shows = if image.description.is_empty() {
        &image.image_name
    } else {
        &image.description
    };
    let (alt, kind) = (html! { (shows) }.into_string(), content_type(image));
    let size = match (image.width, image.height) {
        (width @ 1.., height @ 1..) => format!(" width=\"{width}\" height=\"{height}\""),
        _ => String::new(),
    };
    format!("<figure><img{size} alt=\"{alt}\" src=\"data:{kind};base64,")
}

fn figure_end(image: &Image) -> String {
    let caption = html! {
        figcaption {
            @if !image.image_type.is_empty() { (image.image_type) ": " }
            @if image.description.is_empty() { (image.image_name) } @else { (image.description) }
        }
    };
    format!("\">{}</figure>", caption.into_string())
}

/// The picture's type; one that is none of a picture could break the attribute, and would not be shown anyway.
fn content_type(image: &Image) -> &str {
    let kind = image.blob.as_ref().map_or("", |b| &b.content_type);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-');
    match kind.strip_prefix("image/") {
        Some(rest) if !rest.is_empty() && rest.bytes().all(plain) => kind,
        _ => "image/png",
    }
}

fn found(results: &[SearchResult]) -> Markup {
    html! {
        @if !results.is_empty() {
            div.about { "Found in the document:" }
            ul {
                @for result in results {
                    li {
                        @if result.page_number > 0 { "page " (result.page_number) ", " }
                        (result.block_id) ": " (result.block_text)
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{blob::v1::BlobRef, metadata::v1::Role};

    use super::*;

    const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)> ' & Привет";

    fn page(turn_of: &Turn, chat: &Chat) -> String {
        let document = Document {
            name: HOSTILE.into(),
            file: String::new(),
        };
        let mut page = head(chat, Some(&document));
        for piece in turn(turn_of) {
            match piece {
                Piece::Text(text) => page.push_str(&text),
                Piece::Picture(_) => page.push_str("iVBORw0KGgo="),
            }
        }
        page + TAIL
    }

    fn hostile() -> (Turn, Chat) {
        let text = || HOSTILE.to_owned();
        let blob = BlobRef {
            content_type: HOSTILE.into(),
            key: text(),
            ..Default::default()
        };
        let image = Image {
            image_name: text(),
            image_type: text(),
            description: text(),
            blob: Some(blob.clone()),
            ..Default::default()
        };
        let message = Message {
            role: Role::User.into(),
            content: format!("{HOSTILE}\n```\n</code></pre>{HOSTILE}\n```"),
            ..Default::default()
        };
        let result = SearchResult {
            block_id: text(),
            block_text: text(),
            ..Default::default()
        };
        let turn = Turn {
            message: Some(message),
            images: vec![image],
            search_results: vec![result],
        };
        let chat = Chat {
            title: text(),
            description: text(),
            document: Some(blob),
            ..Default::default()
        };
        (turn, chat)
    }

    #[test]
    fn no_text_becomes_markup_anywhere_on_the_page() {
        let (turn, chat) = hostile();
        let page = page(&turn, &chat);
        assert!(
            !page.contains("<script") && !page.contains("<img src=x"),
            "{page}"
        );
        assert!(
            !page.contains("\"><script") && !page.contains("</code></pre>\""),
            "{page}"
        );
        assert!(page.contains("Привет"));
        assert_eq!(page.matches("<img").count(), 1);
        assert!(
            page.contains("src=\"data:image/png;base64,iVBORw0KGgo=\">"),
            "{page}"
        );
    }

    #[test]
    fn what_is_opened_is_closed() {
        let (turn, chat) = hostile();
        let page = page(&turn, &chat);
        for tag in [
            "html",
            "body",
            "main",
            "article",
            "figure",
            "figcaption",
            "pre",
            "code",
            "ul",
            "li",
        ] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(
                opened,
                page.matches(&format!("</{tag}>")).count(),
                "{tag} in {page}"
            );
        }
    }
}
