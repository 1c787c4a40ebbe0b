//! Who may do what: the API itself, rows, fields, permissions.

use serde_json::{Map, Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Order, Reading, Switch};

use super::{USERNAME, check_user, set};
use crate::model::{FieldAccess, OrgDefault, Salesforce, Unfit};

const SET: Field = Field::needed("set", Form::Text, "the permission set's API name");

/// What an admin asks for and cannot have, as the answer of a switch.
pub(super) fn objection(unfit: &Unfit) -> Objection {
    Objection { what: unfit.to_string(), place: "the body".to_owned(), remedy: "name what the org has".to_owned() }
}

/// Names with commas or blanks between them.
fn names<'a>(order: &'a Order<'_>, field: &str) -> Vec<&'a str> {
    let text = order.text(field).unwrap_or_default();
    text.split([',', ' ']).filter(|name| !name.is_empty()).collect()
}

pub(super) const API: Switch<Salesforce> = Switch {
    name: "api",
    about: "Whether there is an API, and what packages give everybody.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"enabled": org.knobs.api_enabled, "new_fields_for_all": org.knobs.new_fields_for_all}),
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what is named.",
        body: Body::Fields(&[
            Field::new("enabled", Form::Flag, "false: every call is refused with API_DISABLED_FOR_ORG"),
            Field::new(
                "new_fields_for_all",
                Form::Flag,
                "true: everybody may edit fields of packages; false: those with a permission set that grants it",
            ),
        ]),
        run: |org, order| {
            set(&mut org.knobs.api_enabled, order.flag("enabled"));
            if let Some(all) = order.flag("new_fields_for_all") {
                org.knobs.new_fields_for_all = all;
                org.touch_schema(order.context.now);
            }
            Ok(Value::Null)
        },
    }],
};

pub(super) const SHARING: Switch<Salesforce> = Switch {
    name: "sharing",
    about: "What everybody may do with the rows of an object (org-wide defaults). Where nothing is set everybody may do \
            everything; otherwise owners, those above them, and who sees what a row belongs to have their rights.",
    reading: Reading { query: &[], read: |org, _| json!(org.sharing()), glance: None },
    actions: &[
        Action {
            method: "POST",
            about: "Sets the default of one object, or makes all private.",
            body: Body::Fields(&[
                Field::new("object", Form::Text, "the object; all of them if left out"),
                Field::needed(
                    "default",
                    Form::Choice(&["private", "read", "read_write", "controlled_by_parent", "everything"]),
                    "what everybody may do; without an object only private and everything",
                ),
            ]),
            run: |org, order| {
                let default = serde_json::from_value::<OrgDefault>(order.needed("default").into()).ok();
                match (order.text("object"), default) {
                    (Some(object), default) => org.share(object, default).map_err(|unfit| objection(&unfit))?,
                    (None, Some(OrgDefault::Private)) => org.make_private(),
                    (None, None) => org.share_all(),
                    (None, Some(_)) => {
                        let remedy = "name the object, or send private or everything";
                        return Err(Objection::field("object", "it is missing", remedy));
                    }
                }
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Lets everybody do everything.",
            body: Body::None,
            run: |org, _| {
                org.share_all();
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const ROLES: Switch<Salesforce> = Switch {
    name: "roles",
    about: "The roles of users: who is above an owner may do with a row what he may.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let told = org.usernames().filter_map(|name| {
                let role = org.row(org.user_named(name)?.text("UserRoleId"))?;
                let above = org.row(role.text("ParentRoleId")).map(|above| above.text("Name"));
                Some((name.to_owned(), json!({"role": role.text("Name"), "above": above})))
            });
            Value::Object(told.collect())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Puts a user into a role.",
        body: Body::Fields(&[
            USERNAME,
            Field::needed("role", Form::Text, "the role, made if it is not there"),
            Field::new("above", Form::Text, "the role above it, made if it is not there; unchanged if left out"),
        ]),
        run: |org, order| {
            check_user(org, order.needed("username"), "username")?;
            let role =
                org.assign_role(order.needed("username"), order.needed("role"), order.text("above"), order.context.now);
            role.map_err(|unfit| objection(&unfit))?;
            Ok(Value::Null)
        },
    }],
};

pub(super) const FIELDS: Switch<Salesforce> = Switch {
    name: "fields",
    about: "Fields that users, or the users of a profile, do not see or may not edit.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let name = |id: &str| {
                let row = org.row(id)?;
                Some(if row.object() == "User" { row.text("Username") } else { row.text("Name") }.to_owned())
            };
            let told = org.field_access().iter().filter(|(_, fields)| !fields.is_empty());
            Value::Object(told.filter_map(|(who, fields)| Some((name(who)?, json!(fields)))).collect::<Map<_, _>>())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Sets what somebody may do with a field, whatever permission sets say.",
        body: Body::Fields(&[
            Field::needed("whom", Form::Text, "a user name, or a profile such as Standard User"),
            Field::needed("field", Form::Text, "the field, such as Contact.Title"),
            Field::needed(
                "access",
                Form::Choice(&["hidden", "read", "edit", "default"]),
                "default: what profile and permission sets say",
            ),
        ]),
        run: |org, order| {
            let access = serde_json::from_value::<FieldAccess>(order.needed("access").into()).ok();
            let done = org.set_field_access(order.needed("whom"), order.needed("field"), access, order.context.now);
            done.map_err(|unfit| objection(&unfit))?;
            Ok(Value::Null)
        },
    }],
};

pub(super) const PERMISSION_SETS: Switch<Salesforce> = Switch {
    name: "permission-sets",
    about: "The permission sets that packages brought, and who has them.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let sets = org.rows("PermissionSet").filter(|set| set.get("IsOwnedByProfile") != true);
            let told = sets.map(|set| {
                let given = org.rows("PermissionSetAssignment");
                let given = given.filter(|given| given.text("PermissionSetId") == set.id());
                let users = given.filter_map(|given| org.row(given.text("AssigneeId")));
                (set.text("Name").to_owned(), users.map(|user| user.text("Username").to_owned()).collect())
            });
            Value::Object(told.collect())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Gives a permission set, or takes it.",
        body: Body::Fields(&[
            SET,
            Field::new("username", Form::Text, "the user; everybody, and who is added later, if left out"),
            Field::new("given", Form::Flag, "false: takes it; true if left out"),
        ]),
        run: |org, order| {
            let (set, given, now) = (order.needed("set"), order.flag("given").unwrap_or(true), order.context.now);
            let done = match (order.text("username"), given) {
                (Some(username), given) => org.assign_permission_set(username, set, given, now),
                (None, true) => org.give_everybody(set, now),
                (None, false) => org.take_from_everybody(set, now),
            };
            done.map_err(|unfit| objection(&unfit))?;
            Ok(Value::Null)
        },
    }],
};

pub(super) const PROFILES: Switch<Salesforce> = Switch {
    name: "profiles",
    about: "The permissions of profiles. The first user is a System Administrator, the others are Standard Users.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let told = org.rows("Profile").map(|profile| {
                let permissions = ["ApiEnabled", "ViewAllData", "ModifyAllData"]
                    .map(|name| (name.to_owned(), profile.get(&format!("Permissions{name}")).clone()));
                (profile.text("Name").to_owned(), Value::Object(permissions.into_iter().collect()))
            });
            Value::Object(told.collect())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Gives a permission, or takes it.",
        body: Body::Fields(&[
            Field::needed("profile", Form::Text, "the profile's name"),
            Field::needed("permission", Form::Choice(&["ApiEnabled", "ViewAllData", "ModifyAllData"]), "which"),
            Field::needed("given", Form::Flag, "false: takes it"),
        ]),
        run: |org, order| {
            let given = order.flag("given").unwrap_or(true);
            let done = org.permit(order.needed("profile"), order.needed("permission"), given, order.context.now);
            done.map_err(|unfit| objection(&unfit))?;
            Ok(Value::Null)
        },
    }],
};

pub(super) const QUEUES: Switch<Salesforce> = Switch {
    name: "queues",
    about: "Queues, which may own leads, cases, tasks and custom rows.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let queues = org.rows("Group").filter(|group| group.text("Type") == "Queue");
            Value::Object(queues.map(|queue| (queue.text("Name").to_owned(), json!(queue.id()))).collect())
        },
        glance: None,
    },
    actions: &[Action {
        method: "POST",
        about: "Makes a queue, or adds to it. 'id' is the queue's.",
        body: Body::Fields(&[
            Field::needed("name", Form::Text, "the queue's name"),
            Field::needed("objects", Form::Text, "what it may own, with commas between: Lead,Case"),
            Field::new("members", Form::Text, "user names with commas between"),
        ]),
        run: |org, order| {
            let (objects, members) = (names(order, "objects"), names(order, "members"));
            let queue = org.add_queue(order.needed("name"), &objects, &members, order.context.now);
            Ok(json!({"id": queue.map_err(|unfit| objection(&unfit))?}))
        },
    }],
};
