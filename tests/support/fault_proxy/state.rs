//! What is wrong with a connection now, and how much has passed since it began.

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{io::AsyncWriteExt as _, net::tcp::WriteHalf, time::sleep};

use super::{End, Fault, Place, Shared};

/// Slow connections get their bytes ten times a second.
const TICK: Duration = Duration::from_millis(100);
/// So many bytes above 0x7f in a row are content.
const CONTENT: usize = 128;

/// In which direction something passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the server.
    There,
    /// To the caller.
    Back,
}

/// A connection's fault and counters.
pub(super) struct State<'a> {
    /// The rule's number, and what it does.
    fault: Cell<Option<(usize, Fault)>>,
    sent: Cell<usize>,
    received: Cell<usize>,
    /// How many bits of all connections were turned.
    corruptions: &'a AtomicUsize,
}

impl<'a> State<'a> {
    pub(super) fn new(corruptions: &'a AtomicUsize) -> Self {
        Self {
            fault: Cell::default(),
            sent: Cell::default(),
            received: Cell::default(),
            corruptions,
        }
    }

    /// A request begins, and with it this fault.
    pub(super) fn begin(&self, fault: Option<(usize, Fault)>) {
        self.fault.set(fault);
        self.sent.set(0);
        self.received.set(0);
    }

    /// Looks whether there is a fault for a connection of which no requests are known, or no more.
    pub(super) fn look(&self, shared: &Shared) {
        if self.fault.get().is_some() && shared.has_no_rule() {
            self.begin(None);
        } else if self.fault.get().is_none()
            && let Some(fault) = shared.fault_of(None)
        {
            self.begin(Some(fault));
        }
    }

    /// What is wrong.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault.get().map(|(_, fault)| fault)
    }

    /// The number of the rule behind it.
    pub(super) fn rule(&self) -> Option<usize> {
        self.fault.get().map(|(number, _)| number)
    }

    /// Hands `bytes` on, as far as the fault lets them pass.
    pub(super) async fn pass(
        &self,
        way: Way,
        to: &mut WriteHalf<'_>,
        bytes: &[u8],
    ) -> Result<(), End> {
        let counter = match way {
            Way::There => &self.sent,
            Way::Back => &self.received,
        };
        let before = counter.get();
        counter.set(before + bytes.len());
        match (self.fault(), way) {
            (Some(Fault::Break(end, Place::Request(place))), Way::There)
            | (Some(Fault::Break(end, Place::Answer(place))), Way::Back)
                if before + bytes.len() >= place =>
            {
                write(to, &bytes[..place.saturating_sub(before)]).await?;
                Err(end)
            }
            (Some(Fault::Slow(rate)), _) => {
                for some in bytes.chunks((rate / 10).max(1)) {
                    write(to, some).await?;
                    sleep(TICK).await;
                }
                Ok(())
            }
            (Some(Fault::Hold(time)), Way::There) => {
                sleep(time).await;
                write(to, bytes).await
            }
            (Some(Fault::Corrupt), Way::There) => match corrupted(bytes) {
                Some(corrupted) => {
                    self.fault.set(None);
                    self.corruptions.fetch_add(1, Ordering::SeqCst);
                    write(to, &corrupted).await
                }
                None => write(to, bytes).await,
            },
            _ => write(to, bytes).await,
        }
    }
}

/// The bytes with one bit turned, where enough of them are content.
fn corrupted(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_content = |window: &[u8]| window.iter().all(|byte| *byte > 0x7f);
    let begin = bytes.windows(CONTENT).position(is_content)?;
    let mut corrupted = bytes.to_vec();
    corrupted[begin + CONTENT / 2] ^= 1;
    Some(corrupted)
}

async fn write(to: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<(), End> {
    to.write_all(bytes).await.map_err(|_| End::Close)
}
