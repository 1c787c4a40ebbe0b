//! What lies between the network and a model: switches, faults, latency, the journal.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::clock::SimClock;
use crate::courier::Courier;
use crate::faults::{Fault, FaultPlan};
use crate::journal::{Entry, Journal, masked, scheme};
use crate::latency::Latency;
use crate::message::{Reply, Request};
use crate::model::{Context, Model};
use crate::switchboard::{self, CONTROLS, Controls};

/// A model with its surroundings, but without a network.
#[derive(Debug)]
pub struct Shell<M> {
    model: Mutex<M>,
    controls: Controls,
    courier: Courier,
    /// Until when, in machine time, the answers on the way occupy what.
    progress: Mutex<Vec<(Instant, BTreeMap<String, u32>)>>,
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer; `None` closes the connection without one.
    pub reply: Option<Reply>,
    /// How long it takes, in machine time.
    pub delay: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl<M: Model> Shell<M> {
    /// Puts a model into a shell.
    pub fn new(model: M, clock: SimClock) -> Self {
        Self {
            model: Mutex::new(model),
            controls: Controls::new(clock),
            courier: Courier::start(),
            progress: Mutex::default(),
        }
    }

    /// Answers one request: works a switch, or asks the model with the faults and the latency that are on
    /// order.
    pub fn answer(&self, mut request: Request) -> Answer {
        let context = self.context();
        if let Some(name) = switchboard::wanted(&request) {
            return Answer { reply: Some(self.switch(&name, &request, &context)), delay: Duration::ZERO };
        }
        let fault = self.controls.faults().strike(&request);
        let mut delay = self.controls.latency().of(&request);
        if let Some(Fault::Timeout(wait) | Fault::Latency(wait)) = &fault {
            delay += *wait;
        }
        let occupied = self.enter(&mut request, delay, &context);
        let mut model = lock(&self.model);
        let reply = match &fault {
            None | Some(Fault::Timeout(_) | Fault::Latency(_)) => Some(model.handle(&request, &context)),
            Some(Fault::FailBefore(status)) => Some(model.failing(*status, &context)),
            Some(Fault::Refuse { status, retry_after }) => {
                Some(model.failing(*status, &context).header("retry-after", &retry_after.to_string()))
            }
            Some(Fault::FailAfter(status)) => {
                model.handle(&request, &context);
                Some(model.failing(*status, &context))
            }
            Some(Fault::Throttle { retry_after }) => Some(model.throttled(*retry_after, &context)),
            Some(Fault::Drop) => None,
            Some(Fault::DropAfter) => {
                model.handle(&request, &context);
                None
            }
        };
        drop(model);
        let status = reply.as_ref().map_or(0, |reply| reply.status.as_u16());
        if status == 429 {
            delay = Duration::ZERO;
        }
        if !delay.is_zero() && !occupied.is_empty() {
            lock(&self.progress).push((Instant::now() + delay, occupied));
        }
        self.controls.journal().record(Entry {
            at: context.now,
            method: request.method.to_string(),
            query: masked(&request.raw_query),
            authorization: scheme(request.header("authorization")),
            path: request.path,
            status,
            faulted: fault.is_some(),
        });
        Answer { reply, delay }
    }

    /// Tells the request what others occupy, and says what it occupies itself.
    fn enter(&self, request: &mut Request, delay: Duration, context: &Context<'_>) -> BTreeMap<String, u32> {
        let mut progress = lock(&self.progress);
        let now = Instant::now();
        progress.retain(|(until, _)| *until > now);
        if progress.is_empty() && delay.is_zero() {
            return BTreeMap::new();
        }
        let occupied = lock(&self.model).occupies(request, context);
        for name in occupied.keys() {
            let others = progress.iter().filter_map(|(_, others)| others.get(name)).sum();
            request.alongside.insert(name.clone(), others);
        }
        occupied
    }

    fn switch(&self, name: &str, request: &Request, context: &Context<'_>) -> Reply {
        let mut controls = self.controls.clone();
        let mut model = lock(&self.model);
        if name.is_empty() {
            return match request.method.as_str() {
                "GET" | "HEAD" => self.page(&model, context),
                other => {
                    let what = format!("this page has no {other}");
                    switchboard::refusal(405, &what, "/_sim", "use GET, or one of the switches below it")
                        .header("allow", "GET")
                }
            };
        }
        let worked = switchboard::work(CONTROLS, name, &mut controls, request, context)
            .or_else(|| switchboard::work(M::switches(), name, &mut *model, request, context));
        let Some(reply) = worked else {
            let own = M::switches().iter().map(|switch| switch.name);
            let known: Vec<&str> = CONTROLS.iter().map(|switch| switch.name).chain(own).collect();
            return switchboard::unknown(name, &known);
        };
        if request.method != http::Method::GET {
            // The clock may have moved.
            model.wake(&self.context());
        }
        reply
    }

    fn page(&self, model: &M, context: &Context<'_>) -> Reply {
        let mut switches = switchboard::page(CONTROLS, &self.controls, context);
        switches.extend(switchboard::page(M::switches(), model, context));
        let about = "The switches of this simulator. Each answers to its calls with JSON, without sign-in; \
                     'value' is how it stands. Bodies are JSON objects, and fields may be left out unless they are needed.";
        switchboard::answer(200, &json!({"about": about, "switches": switches}))
    }

    fn context(&self) -> Context<'_> {
        Context { now: self.controls.clock.now(), courier: &self.courier }
    }

    /// Lets the model do what is due, unless it is in somebody's hands just now.
    pub fn wake(&self) {
        match self.model.try_lock() {
            Ok(mut model) => model.wake(&self.context()),
            Err(TryLockError::Poisoned(model)) => model.into_inner().wake(&self.context()),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// The model, for seeding and for asserting. Requests wait meanwhile.
    pub fn model(&self) -> MutexGuard<'_, M> {
        lock(&self.model)
    }

    /// Changes the model from outside, as a person at the vendor's own client would, with the same
    /// context a request has.
    pub fn with<T>(&self, change: impl FnOnce(&mut M, &Context<'_>) -> T) -> T {
        let context = self.context();
        change(&mut self.model(), &context)
    }

    /// The faults still to come.
    pub fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        self.controls.faults()
    }

    /// How long answers take.
    pub fn latency(&self) -> MutexGuard<'_, Latency> {
        self.controls.latency()
    }

    /// What was asked.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.controls.journal()
    }

    /// This world's clock.
    pub fn clock(&self) -> &SimClock {
        &self.controls.clock
    }
}
