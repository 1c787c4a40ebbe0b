//! Whatever is written, in whatever order, however late it becomes visible: who follows sees each record at
//! least once as it ended, and then nothing more.
//!
//! A few dozen cases by default, always the same; `PROPTEST_CASES` asks for more.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use reqwest::Method;
use serde_json::{Value, json};
use syncline_core::cursor::{Next, Position};

use super::*;

/// Cases unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 16;
/// Pages of a round, of which the longest here has some thirty.
const PAGES: usize = 200;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody makes, changes or removes an event, in a transaction that lasts so many seconds.
    Make(u16),
    Change(u8, u16),
    Remove(u8, u16),
    /// Somebody is invited, or answers.
    Invite(u8),
    /// Time passes, often less than a second's worth of stamps.
    Wait(u16),
    /// Who follows reads so many pages, of so many records each.
    Look {
        pages: u8,
        rows: u8,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    // A transaction ends within the overlap.
    let lasts = || prop_oneof![3 => Just(0_u16), 2 => 0..540_u16];
    prop_oneof![
        4 => lasts().prop_map(Step::Make),
        3 => (any::<u8>(), lasts()).prop_map(|(which, lasts)| Step::Change(which, lasts)),
        1 => (any::<u8>(), lasts()).prop_map(|(which, lasts)| Step::Remove(which, lasts)),
        1 => any::<u8>().prop_map(Step::Invite),
        3 => prop_oneof![Just(0_u16), Just(1), 2..900_u16].prop_map(Step::Wait),
        4 => (1_u8..4, 1_u8..4).prop_map(|(pages, rows)| Step::Look { pages, rows }),
    ]
}

/// Who follows: what they believe there is, and how far they are.
struct Follower {
    picture: BTreeMap<String, String>,
    position: Position,
}

impl Follower {
    /// Reads one page; whether the round is over, and how much it showed.
    async fn page(&mut self, world: &World) -> (bool, usize) {
        let page = world.events().changes(&window(), &self.position).await.unwrap();
        let shown = page.items.len();
        for item in page.items {
            match item {
                Observation::Present(seen) => {
                    self.picture.insert(seen.id.to_string(), seen.event.subject);
                }
                Observation::Gone { id } => {
                    self.picture.remove(id.as_str());
                }
                Observation::Unreadable { id, problem } => panic!("{id}: {problem}"),
            }
        }
        let over = matches!(page.next, Next::Done(_));
        self.position = match page.next {
            Next::Page(token) => Position::Page(token),
            Next::Done(token) => Position::Delta(token),
        };
        (over, shown)
    }

    async fn round(&mut self, world: &World) -> usize {
        let mut shown = 0;
        for _ in 0..PAGES {
            let (over, more) = self.page(world).await;
            shown += more;
            if over {
                return shown;
            }
        }
        panic!("a round without end");
    }
}

/// Does what may fail, for one transaction may be in another's way.
fn tried(world: &World, method: Method, rest: &str, body: &Value) -> Option<String> {
    let target = format!("/services/data/v59.0/{rest}");
    let reply = world.org.with(|org, context| org.by_hand(ANNA, method, &target, body, context.now));
    reply.body_json()["id"].as_str().map(str::to_owned)
}

async fn settles(steps: Vec<Step>) {
    let world = world().await;
    let contact = world.org.model().rows("Contact").next().unwrap().id().to_owned();
    let mut follower = Follower { picture: BTreeMap::new(), position: Position::Start };
    let mut made: Vec<String> = Vec::new();
    let one = |made: &[String], which: u8| made.get(usize::from(which) % made.len().max(1)).cloned();
    for (n, step) in steps.into_iter().enumerate() {
        let lasting = |seconds: u16| world.org.model().knobs.commit_delay = Duration::from_secs(seconds.into());
        match step {
            Step::Make(lasts) => {
                lasting(lasts);
                let (start, end) = ("2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
                let body = json!({"Subject": format!("made {n}"), "StartDateTime": start, "EndDateTime": end});
                made.extend(tried(&world, Method::POST, "sobjects/Event", &body));
            }
            Step::Change(which, lasts) => {
                lasting(lasts);
                if let Some(id) = one(&made, which) {
                    tried(&world, Method::PATCH, &format!("sobjects/Event/{id}"), &json!({"Subject": format!("{n}")}));
                }
            }
            Step::Remove(which, lasts) => {
                lasting(lasts);
                if let Some(id) = one(&made, which) {
                    tried(&world, Method::DELETE, &format!("sobjects/Event/{id}"), &Value::Null);
                }
            }
            Step::Invite(which) => {
                if let Some(id) = one(&made, which) {
                    let body = json!({"EventId": id, "RelationId": contact});
                    tried(&world, Method::POST, "sobjects/EventRelation", &body);
                }
            }
            Step::Wait(seconds) => world.later(seconds.into()),
            Step::Look { pages, rows } => {
                world.org.model().knobs.batch_size = Some(rows.into());
                for _ in 0..pages {
                    follower.page(&world).await;
                }
            }
        }
        lasting(0);
    }
    // Every transaction ends, and a round that was under way is read to its end.
    world.later(600);
    follower.round(&world).await;
    follower.round(&world).await;
    let truth: BTreeMap<String, String> = {
        let model = world.org.model();
        model.rows("Event").map(|row| (row.id().to_owned(), row.text("Subject").to_owned())).collect()
    };
    assert_eq!(follower.picture, truth);
    world.later(1800);
    follower.round(&world).await;
    let settled = follower.position.clone();
    assert_eq!(follower.round(&world).await, 0, "an idle poll shows nothing");
    assert_eq!(follower.position, settled, "and the mark stands");
}

#[test]
fn who_follows_sees_each_record_as_it_ended_and_then_nothing() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_310_303),
        ..ProptestConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    proptest!(config, |(steps in proptest::collection::vec(any_step(), 1..40))| {
        runtime.block_on(settles(steps));
    });
}
