//! Lists of unfinished uploads.

use super::*;

fn page(keys: &[&str], next: Option<&str>) -> String {
    let upload = |key: &&str| {
        format!(
            "<Upload><Key>{key}</Key><UploadId>u</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"
        )
    };
    let uploads: String = keys.iter().map(upload).collect();
    let next = next.map_or("<IsTruncated>false</IsTruncated>".to_owned(), |key| {
        format!("<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker>")
    });
    format!(
        "<ListMultipartUploadsResult><Bucket>bucket</Bucket>{next}{uploads}</ListMultipartUploadsResult>"
    )
}

/// Reads two pages at most.
async fn list(pages: &[String]) -> Result<Vec<String>, Error> {
    let answers: Vec<_> = pages.iter().map(|page| ok(page)).collect();
    let answers: Vec<_> = answers.iter().map(String::as_str).collect();
    let liar = Liar::new(&answers).await;
    let first = liar.store.unfinished(None, 1_000).await?;
    let mut uploads = first.uploads;
    if first.next.is_some() {
        let second = liar.store.unfinished(first.next.as_ref(), 1_000).await?;
        uploads.extend(second.uploads);
    }
    Ok(uploads.into_iter().map(|upload| upload.key).collect())
}

#[tokio::test]
async fn uploads_of_all_pages_are_listed() {
    let pages = [page(&["a", "b"], Some("b")), page(&["c"], None)];
    assert_eq!(list(&pages).await.expect("sound answers"), ["a", "b", "c"]);
    assert_eq!(list(&[page(&[], None)]).await, Ok(Vec::new()));
}

#[tokio::test]
async fn uploads_whose_list_is_empty_cut_anothers_or_endless_are_malformed() {
    let whole = page(&["a"], None);
    for pages in [
        vec![String::new()],
        vec!["<ListMultipartUploadsResult/>".to_owned()],
        vec![whole[..whole.len() / 2].to_owned()],
        vec![whole.replace("<Bucket>bucket<", "<Bucket>other<")],
        vec![whole.replace("<UploadId>u</UploadId>", "")],
        vec![whole.replace("2026-01-01T", "yesterday ")],
        vec![page(&["a"], Some("a")).replace("<NextKeyMarker>a</NextKeyMarker>", "")],
        // The same page again and again.
        vec![page(&["a"], Some("a"))],
    ] {
        assert_eq!(list(&pages).await, Err(Error::Malformed), "{pages:?}");
    }
}
