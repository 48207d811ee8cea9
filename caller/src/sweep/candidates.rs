//! Candidates: keys that wait for their second look, in a temporary file without a name, so that any number of them takes no
//! memory, and a sweep that dies leaves nothing behind.

use std::io::SeekFrom;

use futures::{Stream, stream};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufReader, BufWriter},
};

use crate::{Error, Result, drain::BATCH, source::blocking};

const BUFFER_BYTES: usize = 64 << 10;

/// Keys, in the order in which they came. Each stands behind its length in two bytes.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// Made for the first key.
    file: Option<BufWriter<File>>,
    count: u64,
}

impl Candidates {
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) async fn add(&mut self, key: &str) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let made = blocking(|| tempfile::tempfile().map_err(unkept)).await?;
                let buffered = BufWriter::with_capacity(BUFFER_BYTES, File::from_std(made));
                self.file.insert(buffered)
            }
        };
        // Longer than any store's; it cannot be looked up.
        let Ok(length) = u16::try_from(key.len()) else {
            return Ok(());
        };
        self.count += 1;
        file.write_u16(length).await.map_err(unkept)?;
        file.write_all(key.as_bytes()).await.map_err(unkept)
    }

    /// Streams the keys, as many at a time as a call takes.
    pub(super) async fn batches(self) -> Result<impl Stream<Item = Result<Vec<String>>> + use<>> {
        let file = match self.file {
            Some(mut file) => {
                file.flush().await.map_err(unkept)?;
                let mut file = file.into_inner();
                file.seek(SeekFrom::Start(0)).await.map_err(unkept)?;
                Some(BufReader::with_capacity(BUFFER_BYTES, file))
            }
            None => None,
        };
        Ok(stream::try_unfold(
            (file, self.count),
            |(mut file, left)| async move {
                let batch = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
                let Some(file_left) = file.as_mut().filter(|_| batch > 0) else {
                    return Ok(None);
                };
                let mut keys = Vec::with_capacity(batch);
                for _ in 0..batch {
                    keys.push(read(file_left).await.map_err(unkept)?);
                }
                Ok(Some((keys, (file, left - batch as u64))))
            },
        ))
    }
}

async fn read(file: &mut BufReader<File>) -> std::io::Result<String> {
    let length = file.read_u16().await?;
    let mut key = vec![0; usize::from(length)];
    file.read_exact(&mut key).await?;
    String::from_utf8(key).map_err(std::io::Error::other)
}

fn unkept(error: std::io::Error) -> Error {
    Error::file(std::env::temp_dir())(error)
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn candidates_come_back_as_they_went_a_call_at_a_time() {
        for count in [0, 1, 999, 1_000, 1_001, 2_500] {
            let keys: Vec<_> = (0..count).map(|n| format!("ключ\n{n}")).collect();
            let mut candidates = Candidates::default();
            for key in &keys {
                candidates.add(key).await.expect("there is room");
            }
            assert_eq!(candidates.count(), count);
            let batches = candidates.batches().await.expect("they can be read");
            let batches: Vec<_> = batches.try_collect().await.expect("they can be read");
            assert!(batches.iter().all(|b| (1..=1_000).contains(&b.len())));
            assert_eq!(batches.concat(), keys);
        }
    }
}
