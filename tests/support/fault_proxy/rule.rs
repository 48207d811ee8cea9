//! What is to go wrong, and which requests it is to hit.

use std::time::Duration;

use super::request::Head;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends, in this way and there.
    Break(End, Place),
    /// At most so many bytes a second pass, in each direction.
    Slow(usize),
    /// Whatever goes to the server is held back so long before it passes.
    Hold(Duration),
    /// One bit of what goes to the server is another: the first among bytes that are all above 0x7f, which heads and frames are
    /// not and the contents of a test can be. Then all passes.
    Corrupt,
    /// The proxy answers in the server's place, with this status and this XML; the server never hears of the request.
    Answer(u16, &'static str),
    /// The server does what was asked, and its answer is lost for this one.
    Replace(u16, &'static str),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By RST to both sides.
    Reset,
    /// By FIN to both sides, as if that were all.
    Close,
    /// Not: nothing is given until the caller gives up, and nothing taken as long as the rule holds.
    Hang,
    /// To the server by FIN; the caller learns nothing of it, and whatever it sends is swallowed.
    HalfOpen,
}

/// Where a connection ends: counted from the beginning of the request that is hit, or of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// When so many bytes went to the server.
    Request(usize),
    /// When so many bytes came back.
    Answer(usize),
}

/// What is to happen to which requests.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    method: Option<&'static str>,
    part: String,
    left: usize,
    /// How often it hit.
    pub(super) hits: usize,
    one_in: usize,
    seen: usize,
}

impl Rule {
    /// All requests.
    #[must_use]
    pub fn all(fault: Fault) -> Self {
        Self {
            fault,
            method: None,
            part: String::new(),
            left: usize::MAX,
            hits: 0,
            one_in: 1,
            seen: 0,
        }
    }

    /// Requests with this method, and with `part` in their path or query.
    #[must_use]
    pub fn on(method: &'static str, part: &str, fault: Fault) -> Self {
        Self {
            method: Some(method),
            ..Self::about(part, fault)
        }
    }

    /// Requests with `part` in their path or query.
    #[must_use]
    pub fn about(part: &str, fault: Fault) -> Self {
        Self {
            part: part.to_owned(),
            ..Self::all(fault)
        }
    }

    /// The first `times` of them alone.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self {
            left: times,
            ..self
        }
    }

    /// Every `n`th of them alone.
    #[must_use]
    pub fn one_in(self, n: usize) -> Self {
        Self { one_in: n, ..self }
    }

    /// What goes wrong.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The fault, when this request is one that it hits.
    pub(super) fn hit(&mut self, head: Option<&Head>) -> Option<Fault> {
        let method = head.map(|head| head.method.as_str());
        let target = head.map_or("", |head| head.target.as_str());
        let is_meant =
            (self.method.is_none() || self.method == method) && target.contains(&self.part);
        if !is_meant || self.left == 0 {
            return None;
        }
        self.seen += 1;
        if !self.seen.is_multiple_of(self.one_in) {
            return None;
        }
        self.left -= 1;
        self.hits += 1;
        Some(self.fault)
    }
}
