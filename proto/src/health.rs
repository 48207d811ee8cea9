//! Health: what a service needs from elsewhere, and how each of these dependencies is found by the service's own checks.
//!
//! Checks run in the background and leave their last finding here; whoever asks (gRPC health, the admin port) is answered with
//! that at once. A service is ready while every dependency that it has been told of is there, and until it is asked to end.

use std::{borrow::Cow, sync::Arc};

use tokio::sync::watch;

/// The health of a process; clones share it.
#[derive(Clone, Debug)]
pub struct Health(Arc<watch::Sender<Picture>>);

/// All that is known of a process's health at one moment.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    dependencies: Vec<(&'static str, State)>,
    stopping: bool,
}

/// How a dependency was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It serves.
    Ok,
    /// Nobody has looked yet.
    Starting,
    /// It does not serve. The reason is a text of ours: it holds no address, no secret, and nothing that the dependency said.
    Failing(Cow<'static, str>),
    /// No setting names it. That is no failure: the service does without.
    NotConfigured,
}

/// One dependency, for whoever checks it; clones share it.
#[derive(Clone, Debug)]
pub struct Dependency {
    name: &'static str,
    health: Health,
}

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Picture::default())))
    }
}

impl Health {
    /// Adds a dependency that the service cannot do without; it counts as starting until it is found to be there.
    #[must_use]
    pub fn dependency(&self, name: &'static str) -> Dependency {
        self.found(name, State::Starting);
        Dependency {
            name,
            health: self.clone(),
        }
    }

    /// Adds a dependency that no setting names.
    pub fn not_configured(&self, name: &'static str) {
        self.found(name, State::NotConfigured);
    }

    /// The service is asked to end: from now on it is not ready.
    pub fn stop(&self) {
        self.0.send_modify(|picture| picture.stopping = true);
    }

    /// What is known now.
    #[must_use]
    pub fn picture(&self) -> Picture {
        self.0.borrow().clone()
    }

    /// Follows what is known.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Picture> {
        self.0.subscribe()
    }

    /// Keeps a finding; whether it differs from the last one.
    fn found(&self, name: &'static str, state: State) -> bool {
        self.0.send_if_modified(|picture| {
            let known = &mut picture.dependencies;
            match known.iter_mut().find(|(known, _)| *known == name) {
                Some((_, last)) if *last == state => return false,
                Some((_, last)) => *last = state,
                None => known.push((name, state)),
            }
            true
        })
    }
}

impl Picture {
    /// Whether calls may be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let is_there = |(_, state): &(_, State)| matches!(state, State::Ok | State::NotConfigured);
        !self.stopping && self.dependencies.iter().all(is_there)
    }

    /// The whole in one word: `ok`, `starting`, `degraded` or `stopping`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        let is_failing = |(_, state): &(_, State)| matches!(state, State::Failing(_));
        if self.stopping {
            "stopping"
        } else if self.dependencies.iter().any(is_failing) {
            "degraded"
        } else if self.is_ready() {
            "ok"
        } else {
            "starting"
        }
    }

    /// Each dependency by its name, in the order in which they were added.
    pub fn dependencies(&self) -> impl Iterator<Item = (&'static str, &State)> {
        self.dependencies.iter().map(|(name, state)| (*name, state))
    }
}

impl Dependency {
    /// It was found to serve.
    pub fn ok(&self) {
        if self.health.found(self.name, State::Ok) {
            tracing::info!(dependency = self.name, "a dependency serves");
        }
    }

    /// It was found not to serve. `reason` goes to whoever asks; see [`State::Failing`] for what it must not hold.
    pub fn failing(&self, reason: impl Into<Cow<'static, str>>) {
        let reason = reason.into();
        if self.health.found(self.name, State::Failing(reason.clone())) {
            tracing::warn!(
                dependency = self.name,
                %reason,
                "a dependency does not serve"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_ready_once_all_it_needs_is_there_and_never_after_it_is_asked_to_end() {
        let health = Health::default();
        assert_eq!(health.picture().status(), "ok");
        health.not_configured("store");
        let database = health.dependency("database");
        assert_eq!(health.picture().status(), "starting");
        assert!(!health.picture().is_ready());
        database.ok();
        assert_eq!(health.picture().status(), "ok");
        database.failing("it does not answer");
        assert_eq!(health.picture().status(), "degraded");
        assert!(!health.picture().is_ready());
        database.ok();
        assert!(health.picture().is_ready());
        health.stop();
        assert!(!health.picture().is_ready());
        assert_eq!(health.picture().status(), "stopping");
    }

    #[test]
    fn a_finding_that_is_known_already_wakes_nobody() {
        let health = Health::default();
        let database = health.dependency("database");
        database.ok();
        let changes = health.changes();
        database.ok();
        assert!(!changes.has_changed().expect("the health is there"));
        database.failing("it does not answer");
        assert!(changes.has_changed().expect("the health is there"));
    }
}
