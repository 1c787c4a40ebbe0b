//! The Salesforce package in `infra/salesforce`: its files are what the Metadata API takes, and fit together.
//!
//! `tests/clients/run salesforce` holds them against Salesforce's own schema and tool besides.

mod check;
mod elements;

use std::collections::BTreeMap;
use std::path::Path;

/// The text of each file, by its path below `infra/salesforce`.
type Package = BTreeMap<String, String>;

fn package() -> Package {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/salesforce");
    let mut package = Package::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.strip_prefix(&root).expect("below the root").to_str().expect("UTF-8");
            package.insert(name.replace('\\', "/"), text);
        }
    }
    package
}

/// The only file whose path ends so.
fn file<'a>(package: &'a mut Package, end: &str) -> &'a mut String {
    let mut found = package.iter_mut().filter(|(path, _)| path.ends_with(end));
    let (_, text) = found.next().unwrap_or_else(|| panic!("no file ends in {end}"));
    assert!(found.next().is_none(), "several files end in {end}");
    text
}

#[test]
fn the_package_is_what_the_metadata_api_takes() {
    let problems = check::problems(&package());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_object_that_is_written_has_the_key_and_the_marker() {
    let package = package();
    for object in ["Account", "Contact", "Lead", "EmailMessage", "Activity"] {
        for field in ["Syncline_Key__c", "Syncline_Synced__c"] {
            let path = format!("force-app/main/default/objects/{object}/fields/{field}.field-meta.xml");
            assert!(package.contains_key(&path), "{path}");
        }
        let key = &package[&format!("force-app/main/default/objects/{object}/fields/Syncline_Key__c.field-meta.xml")];
        for part in ["externalId>true<", "unique>true<", "caseSensitive>false<", "length>80<"] {
            assert!(key.contains(part), "{object}: {part}");
        }
    }
}

/// An org without the add-on may select five objects for Change Data Capture in all.
#[test]
fn the_default_folder_selects_no_more_objects_than_every_org_may() {
    let package = package();
    let members = package.keys().filter(|path| path.starts_with("force-app/") && path.contains("ChannelMembers/"));
    assert_eq!(members.count(), 5);
}

#[test]
fn each_mistake_is_found() {
    let key = "Contact/fields/Syncline_Key__c.field-meta.xml";
    let marker = "Lead/fields/Syncline_Synced__c.field-meta.xml";
    let permissions = "Syncline.permissionset-meta.xml";
    let channel = "Syncline__chn.platformEventChannel-meta.xml";
    let member = "Syncline_chn_TaskChangeEvent.platformEventChannelMember-meta.xml";
    let relay = "Syncline.eventRelay-meta.xml";
    let credential = "Syncline_AWS.namedCredential-meta.xml";
    let project = "sfdx-project.json";
    for (end, from, to, expected) in [
        (key, "</CustomField>", "", "is no XML"),
        (key, "2006/04/metadata", "2006/08/metadata", "namespace"),
        (key, "<length>80</length>", "<size>80</size>", "size is unknown"),
        (key, "<length>80</length>", "<length>256</length>", "length cannot be 256"),
        (key, "    <length>80</length>\n", "", "lacks length"),
        (key, "<unique>true</unique>", "<unique>yes</unique>", "unique cannot be yes"),
        (key, "<type>Text</type>", "<type>String</type>", "type cannot be String"),
        (key, "<required>false", "<required>true", "Contact.Syncline_Key__c is required, which takes no permission"),
        (key, "<fullName>Syncline_Key__c", "<fullName>Syncline_Keys__c", "its name is Syncline_Keys__c"),
        (key, "<description>", "<description> ", "description begins or ends with a blank"),
        (key, "<externalId>true</externalId>", "<externalId>true</externalId><externalId>true</externalId>", "twice"),
        (key, "<label>Syncline Key</label>\n    <length>80</length>", "<length>80</length><label>K</label>", "order"),
        (marker, "    <defaultValue>false</defaultValue>\n", "", "lacks defaultValue"),
        (marker, "<type>Checkbox", "<required>true</required><type>Checkbox", "a Checkbox has no required"),
        (permissions, "Contact.Syncline_Key__c", "Contact.Syncline_Kay__c", "Contact.Syncline_Kay__c does not exist"),
        (permissions, "Contact.Syncline_Key__c", "Lead.Syncline_Key__c", "no permission names Contact.Syncline_Key__c"),
        (permissions, "Task.Syncline_Key__c", "Activity.Syncline_Key__c", "Activity.Syncline_Key__c does not exist"),
        (permissions, "<editable>true</editable>", "<editable>false</editable>", "cannot be edited"),
        (channel, "<channelType>data", "<channelType>events", "channelType cannot be events"),
        (member, "Syncline__chn", "Other__chn", "channel Other__chn does not exist"),
        (member, "TaskChangeEvent", "CaseChangeEvent", "its name should be Syncline_chn_CaseChangeEvent"),
        (member, "TaskChangeEvent", "Task", "Task is no change event"),
        (relay, "callout:Syncline_AWS", "Syncline_AWS", "destinationResourceName cannot be"),
        (relay, "callout:Syncline_AWS", "callout:Nobody", "credential Nobody does not exist"),
        (relay, "EARLIEST", "FIRST", "relayOption cannot be"),
        (relay, "STOP", "RUN", "a new relay stands still"),
        (credential, "arn:aws:AWS_REGION", "arn:aws:us-west-2", "holds no AWS_REGION"),
        (credential, "NoAuthentication", "None", "protocol cannot be None"),
        (project, "59.0", "58.0", "sourceApiVersion"),
        (project, "\"account-events\"", "\"account\"", "the folder account holds nothing"),
        (project, "{ \"path\": \"account-events\" },", "", "is in no folder of the package"),
    ] {
        let mut broken = package();
        let text = file(&mut broken, end);
        assert!(text.contains(from), "{end} does not hold {from}");
        *text = text.replacen(from, to, 1);
        let problems = check::problems(&broken);
        assert!(
            problems.iter().any(|problem| problem.contains(expected)),
            "{end}, {from} as {to}: expected {expected:?} among {problems:#?}"
        );
    }
}

#[test]
fn a_field_of_tasks_or_events_alone_is_found() {
    let mut package = package();
    let path = "force-app/main/default/objects/Activity/fields/Syncline_Key__c.field-meta.xml";
    let text = package.remove(path).expect("the key of activities");
    for object in ["Event", "Task"] {
        package.insert(path.replace("Activity", object), text.clone());
    }
    let problems = check::problems(&package);
    for object in ["Event", "Task"] {
        let expected = format!("a custom field of {object} lies in objects/Activity");
        assert!(problems.iter().any(|problem| problem.contains(&expected)), "{problems:#?}");
    }
}

#[test]
fn a_file_in_the_wrong_place_is_found() {
    let mut package = package();
    let path = "force-app/main/default/objects/Lead/fields/Syncline_Key__c.field-meta.xml";
    let text = package.remove(path).expect("the key of leads");
    package.insert(path.replace("/fields/", "/"), text);
    let problems = check::problems(&package);
    assert!(problems.iter().any(|problem| problem.contains("has no place")), "{problems:#?}");
}
