//! Every method of the port against every kind of refusal.

use serde_json::{Value, json};
use sim_kit::Reply;
use syncline_core::cursor::Position;
use syncline_core::ids::{RemoteId, SubscriptionId, SyncKey, Version};
use syncline_core::observation::Observation;
use syncline_exchange::Exchange;
use syncline_ports::{ErrorKind, EventWrite, Events, Mailbox, Mails, Outcome, PortError, PushRequest, PushResource};

use crate::bench::at;
use crate::scripted::{batch, single, window, world};

/// The methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Changes,
    Read,
    Series,
    Find,
    Write,
    MailChanges,
    MailRead,
    Subscribe,
    Renew,
    Unsubscribe,
}

/// What a method does, as far as a refusal means different things by it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Read,
    List,
    Write,
}

impl Does {
    /// What a refusal means to it, of what it means to a read, to a delta query, to a write.
    pub(crate) fn of(self, [read, list, write]: [ErrorKind; 3]) -> ErrorKind {
        match self {
            Self::Read => read,
            Self::List => list,
            Self::Write => write,
        }
    }
}

impl Call {
    const ALL: [Self; 10] = [
        Self::Changes,
        Self::Read,
        Self::Series,
        Self::Find,
        Self::Write,
        Self::MailChanges,
        Self::MailRead,
        Self::Subscribe,
        Self::Renew,
        Self::Unsubscribe,
    ];

    fn does(self) -> Does {
        match self {
            Self::Read | Self::Series | Self::Find | Self::MailRead => Does::Read,
            Self::Changes | Self::MailChanges => Does::List,
            Self::Write | Self::Subscribe | Self::Renew | Self::Unsubscribe => Does::Write,
        }
    }

    /// The kind of trouble, or what came of it.
    async fn of(self, mailbox: &Exchange) -> Result<String, ErrorKind> {
        let ids = [RemoteId::new("e1")];
        let subscription = SubscriptionId::new("s1");
        let until = at("2031-03-05T09:00:00Z");
        let push = mailbox.push().unwrap();
        let shown = match self {
            Self::Changes => {
                shown(Events::changes(mailbox, &window(), &Position::Delta("/v1.0/me/x?$deltatoken=1".into())).await)
            }
            Self::Read => shown(Events::read(mailbox, &ids).await),
            Self::Series => shown(mailbox.series(&ids, &window()).await),
            Self::Find => shown(mailbox.find(&[SyncKey::from_text("k")]).await),
            Self::Write => {
                let write = EventWrite::Delete { id: RemoteId::new("e1"), expected: Version::new("1") };
                shown(mailbox.write(&[write]).await)
            }
            Self::MailChanges => shown(Mails::changes(mailbox, "inbox", until, &Position::Start).await),
            Self::MailRead => shown(Mails::read(mailbox, &ids[0]).await),
            Self::Subscribe => {
                let request = PushRequest {
                    resource: PushResource::Events,
                    collection: None,
                    notification_url: "https://hooks.example/graph".into(),
                    lifecycle_url: "https://hooks.example/lifecycle".into(),
                    secret: "s3cret".into(),
                    until,
                };
                shown(push.subscribe(&request).await)
            }
            Self::Renew => shown(push.renew(&subscription, PushResource::Events, until).await),
            Self::Unsubscribe => shown(push.unsubscribe(&subscription).await),
        };
        shown.map_err(|error| error.kind)
    }
}

/// Refusals by status, code and `Retry-After`; what each means to a read, to a delta query, to a write.
pub(crate) fn cases() -> Vec<(u16, &'static str, Option<u32>, [ErrorKind; 3])> {
    use ErrorKind::{Conflict, CursorExpired, Forbidden, Gone, Rejected, Throttled, Transient, Unknown};

    let later = Throttled { after: std::time::Duration::from_secs(30) };
    vec![
        (401, "InvalidAuthenticationToken", None, [Transient, Transient, Transient]),
        (403, "ErrorAccessDenied", None, [Forbidden, Forbidden, Forbidden]),
        (404, "MailboxNotEnabledForRESTAPI", None, [Forbidden, Forbidden, Forbidden]),
        (404, "ErrorInvalidUser", None, [Forbidden, Forbidden, Forbidden]),
        (404, "ErrorItemNotFound", None, [Gone, Gone, Gone]),
        (410, "SyncStateNotFound", None, [Gone, CursorExpired, Gone]),
        (400, "resyncRequired", None, [Rejected, CursorExpired, Rejected]),
        (404, "syncStateNotFound", None, [Gone, CursorExpired, Gone]),
        (412, "ErrorIrresolvableConflict", None, [Conflict, Conflict, Conflict]),
        (409, "ErrorIrresolvableConflict", None, [Conflict, Conflict, Conflict]),
        (400, "ErrorInvalidRequest", None, [Rejected, Rejected, Rejected]),
        (429, "ApplicationThrottled", Some(30), [later, later, later]),
        (503, "serviceNotAvailable", Some(30), [later, later, Unknown]),
        (503, "serviceNotAvailable", None, [Transient, Transient, Unknown]),
        (504, "UnknownError", None, [Transient, Transient, Unknown]),
        (500, "ErrorInternalServerError", None, [Transient, Transient, Unknown]),
    ]
}

pub(crate) fn shown<T: std::fmt::Debug>(answer: Result<T, PortError>) -> Result<String, PortError> {
    if let Err(error) = &answer {
        let text = format!("{error} {:?}", error.source);
        assert!(!text.contains("secret words"), "{text}");
    }
    answer.map(|value| format!("{value:?}"))
}

pub(crate) fn refusal(status: u16, code: &str, retry_after: Option<u32>) -> Reply {
    let body = json!({"error": {"code": code, "message": "secret words of anna"}});
    let reply = Reply::json(status, &body);
    retry_after.map_or(reply.clone(), |seconds| reply.header("retry-after", &seconds.to_string()))
}

#[tokio::test]
async fn each_method_tells_the_kind_of_every_refusal() {
    for (status, code, retry_after, kinds) in cases() {
        let world = world(move |_| refusal(status, code, retry_after)).await;
        for call in Call::ALL {
            let kind = call.does().of(kinds);
            let expected = match (call, kind) {
                // What came of each write is an answer, not an error.
                (Call::Write, ErrorKind::Unknown) => Ok("[Unknown]".to_owned()),
                // And so is that nothing is there, where that was the question.
                (Call::MailRead, ErrorKind::Gone) => Ok("Gone { id: RemoteId(\"e1\") }".to_owned()),
                (Call::Unsubscribe, ErrorKind::Gone) => Ok("()".to_owned()),
                (_, kind) => Err(kind),
            };
            assert_eq!(call.of(&world.mailbox).await, expected, "{call:?} {status} {code}");
        }
    }
}

#[tokio::test]
async fn each_method_tells_a_revoked_sign_in_and_a_service_that_is_not_there() {
    for call in Call::ALL {
        let world = world(|_| Reply::empty(500)).await;
        world.simulator.model().refuses_sign_in = true;
        assert_eq!(call.of(&world.mailbox).await, Err(ErrorKind::AuthRevoked), "{call:?}");
        world.simulator.model().refuses_sign_in = false;
        "signed in again".clone_into(&mut world.vault.grant.lock().unwrap().refresh_token);
        // With a token at hand it is the request itself that gets no answer.
        assert!(call.of(&world.mailbox).await.is_err() || call == Call::Write, "{call:?}");
        drop(world.simulator);
        let expected = match (call, call.does()) {
            (Call::Write, _) => Ok("[Unknown]".to_owned()),
            (_, Does::Write) => Err(ErrorKind::Unknown),
            (_, Does::Read | Does::List) => Err(ErrorKind::Transient),
        };
        assert_eq!(call.of(&world.mailbox).await, expected, "{call:?}");
    }
}

#[tokio::test]
async fn each_part_of_a_batch_is_refused_by_itself() {
    // What a part says; what a read of its item shows; what the write of its item comes to.
    let unreadable = |text: &str| format!("Graph does not show it: {text}");
    for (status, code, read, written) in [
        (404, "ErrorItemNotFound", None, "Gone".to_owned()),
        (403, "ErrorAccessDenied", Some(unreadable("403 ErrorAccessDenied")), rejected("ErrorAccessDenied")),
        (
            400,
            "ErrorInvalidIdMalformed",
            Some(unreadable("400 ErrorInvalidIdMalformed")),
            rejected("ErrorInvalidIdMalformed"),
        ),
        (412, "ErrorIrresolvableConflict", Some(unreadable("412 ErrorIrresolvableConflict")), "Stale".to_owned()),
        (409, "ErrorIrresolvableConflict", Some(unreadable("409 ErrorIrresolvableConflict")), "Stale".to_owned()),
        (500, "ErrorInternalServerError", Some(unreadable("500 ErrorInternalServerError")), "Unknown".to_owned()),
        (401, "", Some(unreadable("401 ")), "Later { after: None, code: \"401\" }".to_owned()),
    ] {
        let body = json!({"error": {"code": code, "message": "secret words of anna"}});
        let world = world(move |request| {
            batch(request, |url| if url.contains("/good") { (200, single("good")) } else { (status, body.clone()) })
        })
        .await;
        let ids = [RemoteId::new("good"), RemoteId::new("bad")];
        let seen = Events::read(&world.mailbox, &ids).await.unwrap();
        assert!(matches!(seen[0], Observation::Present(_)), "{status}");
        let id = ids[1].clone();
        let expected = match read {
            None => Observation::Gone { id },
            Some(problem) => Observation::Unreadable { id, problem },
        };
        assert_eq!(seen[1], expected, "{status}");

        let delete = |id: &RemoteId| EventWrite::Delete { id: id.clone(), expected: Version::new("1") };
        let outcomes = world.mailbox.write(&[delete(&ids[0]), delete(&ids[1])]).await.unwrap();
        assert!(matches!(outcomes[0], Outcome::Done(_)), "{status}");
        assert_eq!(format!("{:?}", outcomes[1]), written, "{status}");
    }
}

fn rejected(code: &str) -> String {
    format!("Rejected {{ code: {code:?} }}")
}

#[tokio::test]
async fn one_series_that_cannot_be_read_stops_no_other() {
    let master = |id: &str| {
        let mut master = single(id);
        master["type"] = json!("seriesMaster");
        master
    };
    let world = world(move |request| {
        batch(request, |url| match url.trim_start_matches("/me/events/").split(['?', '/']).next().unwrap() {
            "good" | "bad" if url.contains("/instances?") => (200, json!({"value": []})),
            "half" if url.contains("/instances?") => (500, Value::Null),
            "left" if url.contains("/instances?") => (404, Value::Null),
            "endless" if url.contains("/instances?") => {
                (200, json!({"value": [], "@odata.nextLink": "http://elsewhere.example/v1.0/x"}))
            }
            "gone" => (404, Value::Null),
            "bad" => (200, json!({"id": "bad", "type": "seriesMaster"})),
            "hidden" => (403, Value::Null),
            id => (200, master(id)),
        })
    })
    .await;
    let ids = ["good", "half", "left", "endless", "gone", "bad", "hidden"].map(RemoteId::new);
    let shown: Vec<String> = world
        .mailbox
        .series(&ids, &window())
        .await
        .unwrap()
        .iter()
        .map(|series| match series {
            Observation::Present(series) => format!("{} dates", series.dates.len()),
            Observation::Gone { .. } => "gone".to_owned(),
            Observation::Unreadable { problem, .. } => problem.clone(),
        })
        .collect();
    let expected = [
        "0 dates",
        "Graph does not show it: 500 ",
        "gone",
        "the link to its next dates leads elsewhere",
        "gone",
        "@odata.etag is missing",
        "Graph does not show it: 403 ",
    ];
    assert_eq!(shown, expected);
}
