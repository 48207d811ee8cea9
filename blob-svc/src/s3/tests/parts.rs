//! Lists of an upload's parts.

use super::*;

fn page(parts: &[(u32, u32)], truncated: bool) -> String {
    let part = |(number, size)| {
        format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>\"e\"</ETag><Size>{size}</Size></Part>"
        )
    };
    let parts: String = parts.iter().copied().map(part).collect();
    format!(
        "<ListPartsResult><UploadId>u</UploadId><IsTruncated>{truncated}</IsTruncated>{parts}</ListPartsResult>"
    )
}

async fn list(pages: &[String]) -> Result<Vec<Part>, Error> {
    let answers: Vec<_> = pages.iter().map(|page| ok(page)).collect();
    let answers: Vec<_> = answers.iter().map(String::as_str).collect();
    let liar = Liar::new(&answers).await;
    liar.store.resume("k", "u", &[]).list().await
}

#[tokio::test]
async fn parts_of_all_pages_are_listed() {
    let pages = [page(&[(1, 5), (2, 6)], true), page(&[(10_000, 7)], false)];
    let parts = list(&pages).await.expect("sound answers");
    let told: Vec<_> = parts
        .iter()
        .map(|part| (part.number, part.size_bytes))
        .collect();
    assert_eq!(told, [(1, 5), (2, 6), (10_000, 7)]);
    assert_eq!(list(&[page(&[], false)]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn list_that_is_empty_anothers_endless_or_out_of_order_is_malformed() {
    let whole = page(&[(1, 5), (2, 6)], false);
    for pages in [
        vec![String::new()],
        vec!["<ListPartsResult/>".to_owned()],
        vec![whole[..whole.len() / 2].to_owned()],
        vec![whole.replace("<UploadId>u<", "<UploadId>other<")],
        vec![whole.replace("<Size>5<", "<Size>-5<")],
        vec![whole.replace("<Size>5</Size>", "")],
        vec![page(&[(2, 5), (1, 5)], false)],
        vec![page(&[(70_000, 5)], false)],
        vec![page(&[], true)],
        // The same page again and again.
        vec![page(&[(1, 5)], true)],
    ] {
        assert_eq!(list(&pages).await, Err(Error::Malformed), "{pages:?}");
    }
}
