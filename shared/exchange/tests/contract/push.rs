//! Subscriptions.

use std::time::Duration;

use sim_kit::{Context, Model, Reply, Request, Simulator};
use syncline_core::ids::{RemoteId, SubscriptionId};
use syncline_ports::{ErrorKind, Folder, Folders, Holds, Mailbox, PushRequest, PushResource};

use crate::bench::at;
use crate::{NOW, world};

/// Answers the validation handshake.
struct Endpoint;

impl Model for Endpoint {
    fn handle(&mut self, request: &Request, _: &Context<'_>) -> Reply {
        match request.param("validationToken") {
            Some(token) if request.path != "/deaf" => Reply::text(200, "text/plain", token),
            _ => Reply::empty(400),
        }
    }

    fn throttled(&self, _: u32, _: &Context<'_>) -> Reply {
        Reply::empty(429)
    }

    fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
        Reply::empty(status)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_subscription_is_made_renewed_and_ended() {
    let world = world().await;
    let endpoint = Simulator::start_anywhere(Endpoint, world.tenant.clock().clone()).await;
    let request = |resource, path: &str, until: &str| PushRequest {
        resource,
        collection: None,
        notification_url: format!("{}{path}", endpoint.url()),
        lifecycle_url: format!("{}/lifecycle", endpoint.url()),
        secret: "s3cret".into(),
        until: at(until),
    };
    let push = world.mailbox.push().unwrap();
    for resource in [PushResource::Events, PushResource::Mail] {
        let made = push.subscribe(&request(resource, "/graph", "2031-03-05T09:00:00Z")).await.unwrap();
        assert_eq!(made.until, at("2031-03-05T09:00:00Z"));
        let renewed = push.renew(&made.id, resource, at("2031-03-06T09:00:00Z")).await.unwrap();
        assert_eq!((&renewed.id, renewed.until), (&made.id, at("2031-03-06T09:00:00Z")));
        push.unsubscribe(&made.id).await.unwrap();
        push.unsubscribe(&made.id).await.unwrap();
        assert_eq!(push.renew(&made.id, resource, at("2031-03-06T09:00:00Z")).await.unwrap_err().kind, ErrorKind::Gone);
    }
    let deaf = push.subscribe(&request(PushResource::Events, "/deaf", "2031-03-05T09:00:00Z")).await;
    assert_eq!(deaf.unwrap_err().kind, ErrorKind::Rejected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_longest_subscription_is_taken_and_a_lapsed_one_is_gone() {
    let world = world().await;
    let endpoint = Simulator::start_anywhere(Endpoint, world.tenant.clock().clone()).await;
    let push = world.mailbox.push().unwrap();
    let longest = at(NOW) + push.longest(PushResource::Events);
    let made = push
        .subscribe(&PushRequest {
            resource: PushResource::Events,
            collection: None,
            notification_url: format!("{}/graph", endpoint.url()),
            lifecycle_url: format!("{}/lifecycle", endpoint.url()),
            secret: "s3cret".into(),
            until: longest,
        })
        .await
        .unwrap();
    assert!(longest.duration_since(made.until).as_mins() <= 2, "{}", made.until);
    world.tenant.clock().advance(Duration::from_hours(24 * 8));
    let lapsed = push.renew(&made.id, PushResource::Events, longest).await;
    assert_eq!(lapsed.unwrap_err().kind, ErrorKind::Gone);
    assert_eq!(
        push.renew(&SubscriptionId::new("nobody's"), PushResource::Events, longest).await.unwrap_err().kind,
        ErrorKind::Gone
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_resource_is_told_of_as_a_whole_or_by_collection_for_as_long_as_it_may_be() {
    let world = world().await;
    let endpoint = Simulator::start_anywhere(Endpoint, world.tenant.clock().clone()).await;
    let push = world.mailbox.push().unwrap();
    let default = |folders: Vec<Folder>| folders.into_iter().find(|folder| folder.is_default).unwrap().id;
    let list = default(Folders::list(&world.mailbox, Holds::Tasks).await.unwrap());
    let calendar = default(Folders::list(&world.mailbox, Holds::Events).await.unwrap());
    let book = default(Folders::list(&world.mailbox, Holds::Contacts).await.unwrap());
    for (resource, collection, minutes) in [
        (PushResource::Events, None, 10_070),
        (PushResource::Events, Some(calendar), 10_070),
        (PushResource::Mail, None, 10_070),
        (PushResource::Mail, Some(RemoteId::new("inbox")), 10_070),
        (PushResource::Contacts, None, 10_070),
        (PushResource::Contacts, Some(book), 10_070),
        (PushResource::Tasks, None, 4_230),
        (PushResource::Tasks, Some(list), 4_230),
    ] {
        assert_eq!(push.longest(resource).as_mins(), minutes, "{resource:?}");
        let until = at(NOW) + push.longest(PushResource::Events);
        let request = PushRequest {
            resource,
            collection: collection.clone(),
            notification_url: format!("{}/graph", endpoint.url()),
            lifecycle_url: format!("{}/lifecycle", endpoint.url()),
            secret: "s3cret".into(),
            until,
        };
        let made = push.subscribe(&request).await.unwrap();
        let longest = at(NOW) + push.longest(resource);
        assert!(longest.duration_since(made.until).as_mins() <= 2, "{resource:?} {collection:?} {}", made.until);
        let renewed = push.renew(&made.id, resource, until).await.unwrap();
        assert_eq!(renewed.until, made.until, "{resource:?} {collection:?}");
    }
}
