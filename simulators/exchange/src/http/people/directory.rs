//! The users of the tenant, and the tenant itself.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use super::settings::settings;
use crate::http::call::{Call, json as reply_json};
use crate::http::entity;
use crate::http::odata::{Object, Options, Schema};
use crate::model::{Exchange, Mailbox};
use crate::refusal::Refusal;

const USER: Schema = Schema {
    name: "user",
    properties: &[
        "id",
        "displayName",
        "givenName",
        "surname",
        "mail",
        "userPrincipalName",
        "businessPhones",
        "jobTitle",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "accountEnabled",
        "companyName",
        "department",
        "mailNickname",
        "mailboxSettings",
        "otherMails",
        "proxyAddresses",
        "userType",
    ],
    keeps_id: false,
    page: 100,
    strict_order: false,
};

/// What a user shows unless more is selected.
const USUAL: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

const ORGANIZATION: Schema = Schema {
    name: "organization",
    properties: &["id", "displayName", "tenantType", "verifiedDomains"],
    keeps_id: false,
    page: 100,
    strict_order: false,
};

impl Exchange {
    pub(crate) fn users(&self, call: &Call<'_>) -> Result<Reply, Refusal> {
        if !call.is("GET") {
            return Err(Refusal::method_not_allowed());
        }
        let options = Options::of(call, &USER)?;
        let users: Vec<&Mailbox> = self.mailboxes.iter().collect();
        let shown = |mailbox: &Mailbox| usual(user(mailbox), &options);
        Ok(reply_json(200, &options.list(call, "users", users, user, shown)))
    }

    pub(crate) fn count_users(&self, call: &Call<'_>) -> Result<Reply, Refusal> {
        if !call.is("GET") {
            return Err(Refusal::method_not_allowed());
        }
        let options = Options::of(call, &USER)?;
        let passes = |mailbox: &&Mailbox| options.filter.as_ref().is_none_or(|filter| filter.matches(&user(mailbox)));
        let count = self.mailboxes.iter().filter(passes).count();
        Ok(Reply::text(200, "text/plain", count.to_string()))
    }

    pub(crate) fn directory_user(&self, name: &str) -> Result<usize, Refusal> {
        self.mailbox_of(name).ok_or_else(|| not_present(name))
    }

    pub(crate) fn user_entity(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        if !call.is("GET") {
            return Err(Refusal::method_not_allowed());
        }
        let options = Options::of(call, &USER)?;
        let mailbox = &self.mailboxes[index];
        let mut object = usual(user(mailbox), &options);
        if options.selects("mailboxSettings") {
            object.insert("mailboxSettings".into(), settings(call, mailbox)?.into());
        }
        Ok(entity(call, 200, "users/$entity", options.cut(object)))
    }

    /// The tenant: the list of it, or it by its id.
    pub(crate) fn organization(&self, call: &Call<'_>, id: Option<&str>) -> Result<Reply, Refusal> {
        if !call.is("GET") {
            return Err(Refusal::method_not_allowed());
        }
        let options = Options::of(call, &ORGANIZATION)?;
        let domain = self.mailboxes.first().and_then(|first| first.address.split('@').nth(1)).unwrap_or_default();
        let name = domain.split('.').next().unwrap_or_default();
        let tenant = json!({
            "id": self.tenant, "displayName": name, "tenantType": "AAD",
            "verifiedDomains": [
                {"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true,
                 "name": domain, "type": "Managed"},
            ],
        });
        let show = |()| tenant.as_object().cloned().unwrap_or_default();
        match id {
            None => Ok(reply_json(200, &options.list(call, "organization", vec![()], show, show))),
            Some(id) if id.eq_ignore_ascii_case(&self.tenant) => {
                Ok(entity(call, 200, "organization/$entity", options.cut(show(()))))
            }
            Some(id) => Err(not_present(id)),
        }
    }
}

fn not_present(name: &str) -> Refusal {
    let message =
        format!("Resource '{name}' does not exist or one of its queried reference-property objects are not present.");
    Refusal::new(404, "Request_ResourceNotFound", message)
}

/// Everything the directory knows of a user.
fn user(mailbox: &Mailbox) -> Object {
    let (given, family) = mailbox.display_name.split_once(' ').unwrap_or((&mailbox.display_name, ""));
    let nickname = mailbox.address.split('@').next().unwrap_or_default();
    let user = json!({
        "businessPhones": [], "displayName": mailbox.display_name, "givenName": given, "jobTitle": null,
        "mail": mailbox.address, "mobilePhone": null, "officeLocation": null, "preferredLanguage": null,
        "surname": family, "userPrincipalName": mailbox.address, "id": mailbox.id,
        "accountEnabled": true, "companyName": null, "department": null, "mailNickname": nickname,
        "otherMails": [], "proxyAddresses": [format!("SMTP:{}", mailbox.address)], "userType": "Member",
    });
    match user {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Without `$select` a user shows only the usual properties.
fn usual(mut object: Object, options: &Options) -> Object {
    if options.select.is_none() {
        object.retain(|name, _| USUAL.contains(&name.as_str()));
    }
    object
}
