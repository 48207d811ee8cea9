//! The plan of a round: who does what in which chat, down to every byte and request id, all decided by the seed.

use std::time::Duration;

use contract::id::{Uuid, derived_id};
use fastrand::Rng;

use crate::content::Content;

/// Keeps the ids of the harness apart from those of others that count seeds.
const SPACE: u64 = 0xc4a0_5000_0000_0000;
const CHATS: usize = 3;
/// How many steps follow each other in each line of work on a chat.
const STEPS: usize = 4;
const KIB: usize = 1 << 10;
/// More than blob-svc sends as one part.
const IN_PARTS: usize = 6 << 20;

/// All that is done in a round.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) chats: Vec<PlannedChat>,
    /// What goes on at once; the steps of each follow each other.
    pub(crate) tasks: Vec<Vec<usize>>,
    pub(crate) steps: Vec<Step>,
}

/// A chat.
#[derive(Clone, Debug)]
pub(crate) struct PlannedChat {
    pub(crate) id: Uuid,
    pub(crate) user_id: String,
    /// The step that creates it.
    pub(crate) creation: usize,
    /// Whether it is deleted while others write to it, who may be refused for that.
    pub(crate) is_doomed: bool,
}

/// One step: a flow, or what a caller without our library does.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) number: usize,
    pub(crate) request_id: Uuid,
    pub(crate) chat: usize,
    /// How long it lets the others go ahead.
    pub(crate) pause: Duration,
    pub(crate) deed: Deed,
}

/// What is done.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// By the library: a document is stored and its chat created.
    SaveDocument(Content),
    /// By the library.
    SaveTurn {
        pictures: Vec<Content>,
        search_results: usize,
    },
    /// By a stranger; `is_first` creates the chat in the same call.
    StrangersTurn { is_first: bool, upload: Upload },
    /// By a stranger, to the message of an earlier step.
    AddImages { to: usize, upload: Upload },
    /// The message of an earlier step goes.
    DeleteMessage { of: usize },
    /// The first image of an earlier step goes.
    DeleteImage { of: usize },
    /// By the library, to the end.
    DeleteChat,
    /// By a stranger, who leaves the objects to the sweep.
    DropChat,
    /// The whole chat is read as a stream.
    History,
    /// The whole chat is read in small pages.
    Pages,
    /// By a stranger, who names the object nowhere.
    Orphan(Upload),
    /// An upload in parts is begun, and nothing more.
    Unfinished,
    /// The first half of an upload is sent, and no commit; then all of it.
    HalfUpload(Upload),
}

/// How a stranger stores objects before he names them.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) contents: Vec<Content>,
    /// The length of his chunks, and the pause behind each.
    pub(crate) chunk: usize,
    pub(crate) drip: Duration,
    /// How long he sleeps before he writes the row.
    pub(crate) sleep: Duration,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut plan = Self {
            seed,
            chats: Vec::new(),
            tasks: Vec::new(),
            steps: Vec::new(),
        };
        let mut rng = Rng::with_seed(seed);
        let doomed = rng.usize(..CHATS * 2);
        for chat in 0..CHATS {
            plan.add_chat(&mut rng, chat == doomed);
        }
        plan
    }

    fn add_chat(&mut self, rng: &mut Rng, is_doomed: bool) {
        let chat = self.chats.len();
        let creation = self.steps.len();
        let request_id = self.request_id(creation);
        // As the library derives it from the request id.
        let id = derived_id(request_id, "chat");
        self.chats.push(PlannedChat {
            id,
            user_id: format!("chaos-{}-{chat}", self.seed),
            creation,
            is_doomed,
        });
        let deed = if rng.u8(..3) > 0 {
            Deed::SaveDocument(content(rng))
        } else {
            Deed::StrangersTurn {
                is_first: true,
                upload: upload(rng, 1),
            }
        };
        let mut first = vec![self.add(rng, chat, deed)];
        first.extend(self.work(rng, chat));
        let second = self.work(rng, chat);
        self.tasks.extend([first, second]);
        if is_doomed {
            let deed = if rng.bool() {
                Deed::DeleteChat
            } else {
                Deed::DropChat
            };
            let last = self.add(rng, chat, deed);
            self.steps[last].pause = Duration::from_millis(rng.u64(100..900));
            self.tasks.push(vec![last]);
        }
    }

    /// A line of work on a chat.
    fn work(&mut self, rng: &mut Rng, chat: usize) -> Vec<usize> {
        let mut line: Vec<usize> = Vec::new();
        for n in 0..STEPS {
            // Their messages, and those of them that have images.
            let turns: Vec<_> = line
                .iter()
                .copied()
                .filter(|s| self.is_whole(*s, &line))
                .collect();
            let deed = match rng.u8(..100) {
                0..55 if n == 0 => strangers_turn(rng),
                0..25 => Deed::SaveTurn {
                    pictures: (0..rng.usize(..=3)).map(|_| content(rng)).collect(),
                    search_results: rng.usize(..3),
                },
                25..50 => strangers_turn(rng),
                50..72 => self.change(rng, &turns),
                72..80 => Deed::History,
                80..88 => Deed::Pages,
                88..92 => Deed::Orphan(upload(rng, 1)),
                92..95 => Deed::Unfinished,
                _ => Deed::HalfUpload(upload(rng, 1)),
            };
            line.push(self.add(rng, chat, deed));
        }
        line
    }

    /// Changes a turn of the same line, where there is one.
    fn change(&self, rng: &mut Rng, turns: &[usize]) -> Deed {
        let Some(turn) = rng.choice(turns.iter().copied()) else {
            return strangers_turn(rng);
        };
        match rng.u8(..3) {
            0 => Deed::DeleteMessage { of: turn },
            1 if self.image_count(turn) > 0 => Deed::DeleteImage { of: turn },
            _ => Deed::AddImages {
                to: turn,
                upload: upload(rng, 1),
            },
        }
    }

    /// Whether the step is a turn that none of these steps changes.
    fn is_whole(&self, step: usize, line: &[usize]) -> bool {
        let is_turn = matches!(
            self.steps[step].deed,
            Deed::SaveTurn { .. } | Deed::StrangersTurn { .. }
        );
        let changes = |other: &usize| {
            matches!(
                &self.steps[*other].deed,
                Deed::DeleteMessage { of: changed }
                    | Deed::DeleteImage { of: changed }
                    | Deed::AddImages { to: changed, .. } if *changed == step
            )
        };
        is_turn && !line.iter().any(changes)
    }

    fn image_count(&self, step: usize) -> usize {
        self.steps[step].contents().len()
    }

    fn add(&mut self, rng: &mut Rng, chat: usize, deed: Deed) -> usize {
        let number = self.steps.len();
        self.steps.push(Step {
            number,
            request_id: self.request_id(number),
            chat,
            pause: Duration::from_millis(rng.u64(..60)),
            deed,
        });
        number
    }

    fn request_id(&self, step: usize) -> Uuid {
        let round = Uuid::from_u64_pair(SPACE, self.seed);
        derived_id(round, &format!("step {step}"))
    }

    pub(crate) fn chat_of(&self, step: &Step) -> &PlannedChat {
        &self.chats[step.chat]
    }
}

impl Step {
    /// What it stores for its row, in order.
    pub(crate) fn contents(&self) -> &[Content] {
        match &self.deed {
            Deed::SaveDocument(content) => std::slice::from_ref(content),
            Deed::SaveTurn { pictures, .. } => pictures,
            Deed::StrangersTurn { upload, .. } | Deed::AddImages { upload, .. } => &upload.contents,
            Deed::DeleteMessage { .. }
            | Deed::DeleteImage { .. }
            | Deed::DeleteChat
            | Deed::DropChat
            | Deed::History
            | Deed::Pages
            | Deed::Orphan(_)
            | Deed::Unfinished
            | Deed::HalfUpload(_) => &[],
        }
    }

    /// How many search results its message has.
    pub(crate) fn search_results(&self) -> usize {
        if let Deed::SaveTurn { search_results, .. } = self.deed {
            return search_results;
        }
        0
    }

    /// What its message says.
    pub(crate) fn text(&self) -> String {
        format!("Step {} of {}", self.number, self.request_id)
    }

    /// Whether it makes a message.
    pub(crate) fn is_turn(&self) -> bool {
        matches!(
            self.deed,
            Deed::SaveTurn { .. } | Deed::StrangersTurn { .. }
        )
    }
}

fn strangers_turn(rng: &mut Rng) -> Deed {
    let count = rng.usize(1..=2);
    Deed::StrangersTurn {
        is_first: false,
        upload: upload(rng, count),
    }
}

fn upload(rng: &mut Rng, count: usize) -> Upload {
    let is_slow = rng.u8(..4) == 0;
    Upload {
        contents: (0..count).map(|_| content(rng)).collect(),
        chunk: rng.usize(16 * KIB..=128 * KIB),
        drip: Duration::from_millis(if is_slow { rng.u64(1..10) } else { 0 }),
        sleep: Duration::from_millis(if rng.u8(..4) > 0 { rng.u64(50..600) } else { 0 }),
    }
}

fn content(rng: &mut Rng) -> Content {
    let size = match rng.u8(..60) {
        0 => IN_PARTS + rng.usize(..KIB),
        1..=30 => rng.usize(KIB..20 * KIB),
        _ => rng.usize(20 * KIB..200 * KIB),
    };
    Content {
        seed: rng.u64(..),
        size,
    }
}
