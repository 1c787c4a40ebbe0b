//! Who one is: userinfo, and the address that tokens name.

use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use crate::model::{Row, Salesforce, id, stamp};

use super::super::{ok, token};
use super::Form;

/// Where the APIs are, with the placeholder that the vendor leaves in.
fn urls(origin: &str, org_id: &str, user: &str) -> Value {
    let rest = format!("{origin}/services/data/v{{version}}/");
    let org = org_id.get(..15).unwrap_or(org_id);
    json!({
        "enterprise": format!("{origin}/services/Soap/c/{{version}}/{org}"),
        "metadata": format!("{origin}/services/Soap/m/{{version}}/{org}"),
        "partner": format!("{origin}/services/Soap/u/{{version}}/{org}"),
        "rest": rest,
        "sobjects": format!("{rest}sobjects/"),
        "search": format!("{rest}search/"),
        "query": format!("{rest}query/"),
        "recent": format!("{rest}recent/"),
        "tooling_rest": format!("{rest}tooling/"),
        "tooling_soap": format!("{origin}/services/Soap/T/{{version}}/{org}"),
        "feeds": format!("{rest}chatter/feeds"),
        "feed_elements": format!("{rest}chatter/feed-elements"),
        "feed_items": format!("{rest}chatter/feed-items"),
        "groups": format!("{rest}chatter/groups"),
        "users": format!("{rest}chatter/users"),
        "profile": format!("{origin}/{user}"),
        "custom_domain": origin,
    })
}

/// Seconds east of UTC are not counted with daylight saving here, as in the vendor's answer.
fn about(org: &Salesforce, user: &Row, origin: &str) -> Value {
    json!({
        "photos": { "picture": picture(origin, "F"), "thumbnail": picture(origin, "T") },
        "user_id": user.id(), "organization_id": org.org_id(), "nickname": user.get("Alias"),
        "email": user.get("Email"), "email_verified": true, "active": user.get("IsActive"),
        "user_type": "STANDARD", "language": user.get("LanguageLocaleKey"), "locale": user.get("LocaleSidKey"),
        "urls": urls(origin, org.org_id(), user.id()), "is_app_installed": true,
    })
}

/// The picture of who has none.
fn picture(origin: &str, size: &str) -> String {
    format!("{origin}/profilephoto/005/{size}")
}

fn forbidden(why: &str) -> Reply {
    Reply::text(403, "text/html;charset=UTF-8", why)
}

/// The token, in the header or a parameter.
fn given(request: &Request) -> Option<String> {
    let form = Form::of(request);
    let named = form.value("oauth_token").or_else(|| form.value("access_token"));
    token(request).or(named).map(str::to_owned)
}

pub(super) fn userinfo(org: &mut Salesforce, request: &Request, now: Timestamp) -> Reply {
    let Some(given) = given(request) else {
        return forbidden("Missing_OAuth_Token");
    };
    let caller = org.admit(&given, now);
    let Some(user) = caller.and_then(|caller| org.user(&caller.user)) else {
        return forbidden("Bad_OAuth_Token");
    };
    let mut body = about(org, user, &request.origin);
    if let Some(body) = body.as_object_mut() {
        let more = json!({
            "sub": format!("{}/id/{}/{}", request.origin, org.org_id(), user.id()),
            "preferred_username": user.get("Username"), "profile": format!("{}/{}", request.origin, user.id()),
            "picture": picture(&request.origin, "F"), "address": {}, "name": user.get("Name"),
            "given_name": user.get("FirstName"), "family_name": user.get("LastName"),
            "zoneinfo": user.get("TimeZoneSidKey"), "utcOffset": offset(user, now),
            "updated_at": iso(user.text("LastModifiedDate")),
        });
        body.extend(more.as_object().cloned().unwrap_or_default());
    }
    ok(&body)
}

/// `2031-05-06T09:00:00Z`
fn iso(stamped: &str) -> Value {
    stamp::read(stamped).map(|at| json!(at.to_string())).unwrap_or_default()
}

/// Milliseconds east of UTC.
fn offset(user: &Row, now: Timestamp) -> i32 {
    let zone = jiff::tz::TimeZone::get(user.text("TimeZoneSidKey")).unwrap_or(jiff::tz::TimeZone::UTC);
    zone.to_offset(now).seconds() * 1000
}

/// The identity service, at the address that tokens name.
pub(in super::super) fn identity(
    org: &mut Salesforce,
    request: &Request,
    org_id: &str,
    user: &str,
    now: Timestamp,
) -> Reply {
    let Some(given) = given(request) else {
        return forbidden("Missing_OAuth_Token");
    };
    if org.admit(&given, now).is_none() {
        return forbidden("Bad_OAuth_Token");
    }
    if id::canonical(org_id).as_deref() != Some(org.org_id()) {
        return forbidden("Wrong_Org");
    }
    let Some(user) = id::canonical(user).and_then(|id| org.user(&id)).filter(|row| row.object() == "User") else {
        return forbidden("Bad_Id");
    };
    let mut body = about(org, user, &request.origin);
    if let Some(body) = body.as_object_mut() {
        let more = json!({
            "id": format!("{}/id/{}/{}", request.origin, org.org_id(), user.id()), "asserted_user": true,
            "username": user.get("Username"), "nick_name": user.get("Alias"), "display_name": user.get("Name"),
            "first_name": user.get("FirstName"), "last_name": user.get("LastName"),
            "timezone": user.get("TimeZoneSidKey"), "utcOffset": offset(user, now),
            "last_modified_date": iso(user.text("LastModifiedDate")),
        });
        body.extend(more.as_object().cloned().unwrap_or_default());
    }
    ok(&body)
}
