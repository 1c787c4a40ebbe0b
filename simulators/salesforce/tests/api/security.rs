//! Field-level security.

use serde_json::{Value, json};
use sim_salesforce::{FieldAccess, Package};

use crate::world::{ANNA, BEN, World, refusal};

const CARLA: &str = "carla.diaz@northwind.example";

impl World {
    pub(crate) fn be(&mut self, username: &str) {
        self.authorization = format!("Bearer sim-{username}");
    }
}

fn described(world: &mut World, object: &str, field: &str) -> Option<Value> {
    let described = world.get(&format!("sobjects/{object}/describe"));
    described["fields"].as_array().unwrap().iter().find(|known| known["name"] == field).cloned()
}

#[test]
fn a_hidden_field_is_nowhere() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "x", "Title": "CTO" }));
    world.org.set_field_access(BEN, "contact.title", Some(FieldAccess::Hidden), world.now).unwrap();
    world.be(BEN);
    assert_eq!(described(&mut world, "Contact", "Title"), None);
    assert!(world.row("Contact", &id).get("Title").is_none());
    let bad_reads = [
        format!("sobjects/Contact/{id}?fields=Title"),
        "query?q=SELECT+Title+FROM+Contact".to_owned(),
        "query?q=SELECT+Id+FROM+Contact+WHERE+Title='CTO'".to_owned(),
        "query?q=SELECT+Id+FROM+Contact+ORDER+BY+Title".to_owned(),
        "query?q=SELECT+(SELECT+Title+FROM+Contacts)+FROM+Account".to_owned(),
        format!("composite/sobjects/Contact?ids={id}&fields=Title"),
    ];
    for target in bad_reads {
        let reply = world.call("GET", &target, Value::Null);
        assert_eq!((refusal(&reply).0, refusal(&reply).1.as_str()), (400, "INVALID_FIELD"), "{target}");
        assert!(reply.body_json()[0]["message"].as_str().unwrap().contains("No such column 'Title'"), "{target}");
    }
    let writes = [
        world.patch("Contact", &id, json!({ "Title": "x" })),
        world.call("POST", "sobjects/Contact", json!({ "LastName": "x", "Title": "x" })),
    ];
    for reply in writes {
        assert_eq!(refusal(&reply).1, "INVALID_FIELD");
        assert_eq!(reply.body_json()[0]["message"], "No such column 'Title' on sobject of type Contact");
    }
    // A change of something else leaves it as it is.
    assert_eq!(world.patch("Contact", &id, json!({ "Department": "x" })).status, 204);
    world.be(ANNA);
    assert_eq!(world.row("Contact", &id)["Title"], "CTO");
    world.org.set_field_access(BEN, "Contact.Title", None, world.now).unwrap();
    world.be(BEN);
    assert_eq!(world.row("Contact", &id)["Title"], "CTO");
}

#[test]
fn a_field_to_be_read_only_is_refused_in_writes() {
    let mut world = World::new();
    world.org.set_field_access("Standard User", "Contact.Title", Some(FieldAccess::Read), world.now).unwrap();
    let id = world.create("Contact", json!({ "LastName": "x", "Title": "CTO" }));
    world.be(BEN);
    assert_eq!(world.row("Contact", &id)["Title"], "CTO");
    let field = described(&mut world, "Contact", "Title").unwrap();
    assert_eq!((&field["createable"], &field["updateable"]), (&json!(false), &json!(false)));
    let reply = world.patch("Contact", &id, json!({ "Title": "x" }));
    assert_eq!(refusal(&reply), (400, "INVALID_FIELD_FOR_INSERT_UPDATE".into(), json!(["Title"])));
    let message = "Unable to create/update fields: Title. Please check the security settings of this field and verify \
                   that it is read/write for your profile or permission set.";
    assert_eq!(reply.body_json()[0]["message"], message);
    // A user's own setting goes before his profile's.
    world.org.set_field_access(BEN, "Contact.Title", Some(FieldAccess::Edit), world.now).unwrap();
    assert_eq!(world.patch("Contact", &id, json!({ "Title": "x" })).status, 204);
}

#[test]
fn a_way_up_is_closed_with_its_field() {
    let mut world = World::new();
    world.org.set_field_access(BEN, "Contact.AccountId", Some(FieldAccess::Hidden), world.now).unwrap();
    world.be(BEN);
    let reply = world.soql("query", "SELECT Account.Name FROM Contact");
    assert!(reply.body_json()[0]["message"].as_str().unwrap().contains("Didn't understand relationship 'Account'"));
    let reply = world.soql("query", "SELECT (SELECT Id FROM Contacts) FROM Account");
    assert_eq!(reply.status, 400);
    world.org.set_field_access(BEN, "Contact.AccountId", Some(FieldAccess::Read), world.now).unwrap();
    let row = json!({ "LastName": "x", "Account": { "Syncline_Key__c": "1" } });
    world.create("Account", json!({ "Name": "x", "Syncline_Key__c": "1" }));
    assert_eq!(refusal(&world.call("POST", "sobjects/Contact", row)).1, "INVALID_FIELD_FOR_INSERT_UPDATE");
}

#[test]
fn the_parts_of_an_address_go_together() {
    let mut world = World::new();
    world.org.set_field_access(BEN, "Contact.MailingCity", Some(FieldAccess::Hidden), world.now).unwrap();
    world.be(BEN);
    for field in ["MailingCity", "MailingStreet", "MailingAddress"] {
        assert_eq!(described(&mut world, "Contact", field), None, "{field}");
    }
    assert!(described(&mut world, "Contact", "OtherCity").is_some());
}

#[test]
fn nobody_is_kept_from_what_every_row_has() {
    let mut world = World::new();
    for field in ["Contact.LastName", "Contact.Id", "Contact.SystemModstamp", "Contact.OwnerId", "Task.Status", "No.No"]
    {
        assert!(world.org.set_field_access(BEN, field, Some(FieldAccess::Hidden), world.now).is_err(), "{field}");
    }
    assert!(world.org.set_field_access("nobody", "Contact.Title", Some(FieldAccess::Hidden), world.now).is_err());
}

#[test]
fn a_new_field_is_for_those_with_the_permission_set() {
    let mut world = World::new();
    assert!(described(&mut world, "Contact", "Syncline_Key__c").is_some());
    world.org.assign_permission_set(CARLA, "Syncline", false, world.now).unwrap();
    world.be(CARLA);
    for object in ["Contact", "Lead", "Account", "Event", "Task", "EmailMessage"] {
        assert_eq!(described(&mut world, object, "Syncline_Key__c"), None, "{object}");
    }
    let reply = world.call("PATCH", "sobjects/Contact/Syncline_Key__c/1", json!({ "LastName": "x" }));
    let message = "Provided external ID field does not exist or is not accessible: Syncline_Key__c";
    assert_eq!((refusal(&reply).0, &reply.body_json()[0]["message"]), (404, &json!(message)));
    // A row that she makes has the defaults of what she does not see.
    let id = world.create("Contact", json!({ "LastName": "x" }));
    assert_eq!(world.org.row(&id).unwrap().get("Syncline_Synced__c"), false);
    world.org.knobs.new_fields_for_all = true;
    assert!(described(&mut world, "Contact", "Syncline_Key__c").is_some());
    world.org.knobs.new_fields_for_all = false;
    world.org.assign_permission_set(CARLA, "syncline", true, world.now).unwrap();
    assert!(described(&mut world, "Contact", "Syncline_Key__c").is_some());
}

#[test]
fn a_field_of_another_package_needs_a_grant() {
    let mut world = World::new();
    let field = "<CustomField><fullName>Rank__c</fullName><label>Rank</label><length>20</length><type>Text</type>\
                 </CustomField>";
    let set = "<PermissionSet><label>Rank</label><fieldPermissions><editable>false</editable>\
               <field>Contact.Rank__c</field><readable>true</readable></fieldPermissions></PermissionSet>";
    let files =
        [("objects/Contact/fields/Rank__c.field-meta.xml", field), ("permissionsets/Rank.permissionset-meta.xml", set)];
    world.org.install(&Package::read(files).unwrap(), world.now);
    assert_eq!(described(&mut world, "Contact", "Rank__c"), None);
    world.org.assign_permission_set(ANNA, "Rank", true, world.now).unwrap();
    assert_eq!(described(&mut world, "Contact", "Rank__c").unwrap()["updateable"], false);
    world.be(BEN);
    assert_eq!(described(&mut world, "Contact", "Rank__c"), None);
    world.be(ANNA);
    // The same through the API: another set, which grants more.
    let set = world.create("PermissionSet", json!({ "Name": "Rank_Edit", "Label": "Rank, edit" }));
    let grant = json!({ "ParentId": set, "SobjectType": "Contact", "Field": "Contact.Rank__c",
                        "PermissionsRead": true, "PermissionsEdit": true });
    world.create("FieldPermissions", grant);
    let ben = world.column(&format!("SELECT Id FROM User WHERE Username = '{BEN}'"), "Id")[0].clone();
    world.create("PermissionSetAssignment", json!({ "PermissionSetId": set, "AssigneeId": ben }));
    let soql = format!("SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE Assignee.Username = '{BEN}'");
    assert_eq!(world.find(&soql).len(), 2);
    world.be(BEN);
    assert_eq!(described(&mut world, "Contact", "Rank__c").unwrap()["updateable"], true);
    // And who is no admin gives himself nothing.
    let reply = world.call("POST", "sobjects/PermissionSet", json!({ "Name": "More", "Label": "More" }));
    assert_eq!((refusal(&reply).0, refusal(&reply).1.as_str()), (403, "INSUFFICIENT_ACCESS_OR_READONLY"));
}

#[test]
fn profiles_can_be_read() {
    let mut world = World::new();
    let soql = "SELECT Profile.Name FROM User ORDER BY Username";
    let names: Vec<Value> = world.find(soql).into_iter().map(|row| row["Profile"]["Name"].clone()).collect();
    assert_eq!(names, ["System Administrator", "Standard User", "Standard User", "Standard User"]);
}

#[test]
fn the_api_may_be_closed() {
    let mut world = World::new();
    world.org.permit("Standard User", "ApiEnabled", false, world.now).unwrap();
    world.be(BEN);
    assert_eq!(refusal(&world.call("GET", "limits", Value::Null)).1, "API_CURRENTLY_DISABLED");
    world.be(ANNA);
    assert_eq!(world.call("GET", "limits", Value::Null).status, 200);
    world.org.knobs.api_enabled = false;
    let reply = world.call("GET", "limits", Value::Null);
    assert_eq!((refusal(&reply).0, refusal(&reply).1.as_str()), (403, "API_DISABLED_FOR_ORG"));
}

#[test]
fn a_snapshot_keeps_who_may_do_what() {
    let mut world = World::new();
    world.org.set_field_access(BEN, "Contact.Title", Some(FieldAccess::Hidden), world.now).unwrap();
    world.org.make_private();
    let saved = world.org.snapshot();
    world.org = sim_salesforce::Salesforce::restore(saved.clone()).unwrap();
    assert_eq!(world.org.snapshot(), saved);
    world.be(BEN);
    assert_eq!(described(&mut world, "Contact", "Title"), None);
    assert!(world.find("SELECT Id FROM Account").is_empty());
}
