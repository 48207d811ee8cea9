//! What is wrong with a connection now, and how much has passed since it began.

use std::{cell::Cell, time::Duration};

use tokio::{io::AsyncWriteExt as _, net::tcp::WriteHalf, time::sleep};

use super::{End, Fault, Place, Shared};

/// Slow connections get their bytes ten times a second.
const TICK: Duration = Duration::from_millis(100);

/// In which direction something passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the server.
    There,
    /// To the caller.
    Back,
}

/// A connection's fault and counters.
#[derive(Default)]
pub(super) struct State {
    /// The rule's number, and what it does.
    fault: Cell<Option<(usize, Fault)>>,
    sent: Cell<usize>,
    received: Cell<usize>,
}

impl State {
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
            _ => write(to, bytes).await,
        }
    }
}

async fn write(to: &mut WriteHalf<'_>, bytes: &[u8]) -> Result<(), End> {
    to.write_all(bytes).await.map_err(|_| End::Close)
}
