//! How much is under way at once: with the memory of the buffers, it makes the bound that README states.

use super::buffer::Memory;
use crate::error::Error;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many uploads run at once. Each has, beside its buffers, up to a MiB in the windows of its connection, and the message
/// that is being decoded.
const UPLOADS: usize = 16;
/// How many downloads run at once. Each has up to a MiB on its way from the store and to its caller.
const DOWNLOADS: usize = 32;

/// What all transfers share.
#[derive(Debug)]
pub(crate) struct Limits {
    uploads: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    /// For the buffers of all uploads together.
    pub(super) memory: Arc<Memory>,
}

/// The right to one transfer, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            memory: Arc::default(),
        }
    }
}

impl Limits {
    /// Begins an upload, unless too many are under way.
    pub(crate) fn upload(&self) -> Result<Place, Error> {
        place(&self.uploads, "too many uploads at once")
    }

    /// Begins a download, unless too many are under way.
    pub(super) fn download(&self) -> Result<Place, Error> {
        place(&self.downloads, "too many downloads at once")
    }
}

fn place(places: &Arc<Semaphore>, refusal: &'static str) -> Result<Place, Error> {
    let permit = places.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Error::Overloaded(refusal))?;
    Ok(Place { _permit: permit })
}
