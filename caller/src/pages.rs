//! Lists that are answered in pages, walked to their end, which they must have.

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use crate::{Error, Result};

/// Streams the items of a list that is answered in pages; `page` takes a page token and gives items and the next token.
pub(crate) fn items<T, Fut>(
    step: &'static str,
    page: impl FnMut(String) -> Fut,
) -> impl Stream<Item = Result<T>>
where
    Fut: Future<Output = Result<(Vec<T>, String)>>,
{
    pages(step, page)
        .map_ok(|page| stream::iter(page).map(Ok))
        .try_flatten()
}

/// The same, page by page. A list whose tokens come round again has no end, and is an error.
pub(crate) fn pages<T, Fut>(
    step: &'static str,
    page: impl FnMut(String) -> Fut,
) -> impl Stream<Item = Result<Vec<T>>>
where
    Fut: Future<Output = Result<(Vec<T>, String)>>,
{
    let first = Some((String::new(), page, Round::default()));
    stream::try_unfold(first, move |state| async move {
        let Some((token, mut page, mut round)) = state else {
            return Ok(None);
        };
        let (items, next) = page(token).await?;
        if round.closes(&next) {
            return Err(Error::Broken {
                step,
                problem: "the list goes round: a page token came again".into(),
            });
        }
        let state = (!next.is_empty()).then_some((next, page, round));
        Ok(Some((items, state)))
    })
}

/// Notices within three rounds that page tokens come round, and remembers one of them ("An improved Monte Carlo factorization
/// algorithm", R. P. Brent, 1980).
#[derive(Debug, Default)]
struct Round {
    remembered: String,
    since: u64,
    until: u64,
}

impl Round {
    fn closes(&mut self, token: &str) -> bool {
        if token.is_empty() {
            return false;
        }
        if token == self.remembered {
            return true;
        }
        if self.since == self.until {
            token.clone_into(&mut self.remembered);
            (self.since, self.until) = (0, (self.until * 2).max(1));
        }
        self.since += 1;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_whose_tokens_come_round_is_an_error_wherever_the_round_begins() {
        for (before, round) in [(0, 1), (3, 1), (0, 2), (5, 7), (100, 33)] {
            let mut asked = 0;
            let walk = pages("ListObjects", |_| {
                asked += 1;
                let token = if asked <= before {
                    asked
                } else {
                    before + (asked - before) % round
                };
                async move { Ok((vec![()], format!("token {token}"))) }
            });
            let ended: Result<Vec<_>> = walk.try_collect().await;
            assert!(matches!(ended, Err(Error::Broken { .. })), "{ended:?}");
            assert!(asked <= 3 * (before + round) + 3, "{asked} pages");
        }
    }

    #[tokio::test]
    async fn pages_are_walked_to_the_last() {
        let walked: Vec<_> = items("ListChats", |token| async move {
            Ok(match token.as_str() {
                "" => (vec![1, 2], "b".to_owned()),
                "b" => (Vec::new(), "c".to_owned()),
                _ => (vec![3], String::new()),
            })
        })
        .try_collect()
        .await
        .expect("no page fails");
        assert_eq!(walked, [1, 2, 3]);
    }
}
