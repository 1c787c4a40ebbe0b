use jiff::Timestamp;
use syncline_core::ids::Version;

use super::*;

fn owner() -> Owner {
    Owner { address: "anna@northwind.example".into(), category: "salesforce".into() }
}

fn wire() -> Value {
    json!({
        "id": "c1",
        "@odata.etag": "W/\"k1\"",
        "createdDateTime": "2031-03-01T09:00:00Z",
        "lastModifiedDateTime": "2031-03-02T09:00:00Z",
        "categories": ["Salesforce"],
        "parentFolderId": "f1",
        "givenName": "Mia", "middleName": "K.", "surname": "Lind", "title": "Dr.", "generation": "III",
        "displayName": "Mia K. Lind", "fileAs": "Lind, Mia K.",
        "emailAddresses": [
            {"name": "Mia at work", "address": "mia@fabrikam.example"},
            {"name": "home", "address": "mia@home.example"},
            {"name": "old", "address": "mia@old.example"},
        ],
        "jobTitle": "Buyer", "department": "Purchase", "companyName": "Fabrikam",
        "businessPhones": ["+1 555 0100", "+1 555 0101"], "homePhones": ["+1 555 0200"], "mobilePhone": "+1 555 0300",
        "assistantName": "Tom",
        "businessAddress": {"street": "1 Main St\nFloor 2", "city": "Reno", "state": "NV", "postalCode": "89501", "countryOrRegion": "USA"},
        "otherAddress": {},
        "homeAddress": {"street": "not mirrored"},
        "birthday": "1980-05-17T11:59:00Z",
        "personalNotes": "One\nTwo",
        "singleValueExtendedProperties": [{"id": KEY_PROPERTY.to_uppercase(), "value": "00ff"}],
    })
}

fn with(changes: &Value) -> Value {
    let mut value = wire();
    for (name, change) in changes.as_object().unwrap() {
        value[name] = change.clone();
    }
    value
}

fn contact() -> Contact {
    Contact {
        given_name: "Mia".into(),
        middle_name: "K.".into(),
        surname: "Lind".into(),
        title: "Dr.".into(),
        generation: "III".into(),
        email: "mia@fabrikam.example".into(),
        job_title: "Buyer".into(),
        department: "Purchase".into(),
        company: "Fabrikam".into(),
        business_phone: "+1 555 0100".into(),
        mobile_phone: "+1 555 0300".into(),
        home_phone: "+1 555 0200".into(),
        assistant: "Tom".into(),
        business_address: PostalAddress {
            street: "1 Main St\nFloor 2".into(),
            city: "Reno".into(),
            state: "NV".into(),
            postal_code: "89501".into(),
            country: "USA".into(),
        },
        other_address: PostalAddress::default(),
        birthday: Some("1980-05-17".parse().unwrap()),
        notes: "One\nTwo".into(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn patch(fields: &[ContactField], item: Contact) -> Patch<Contact> {
    Patch { fields: fields.iter().copied().collect(), item }
}

fn patched(fields: &[ContactField], item: Contact, present: &Value) -> Value {
    patch_body(&patch(fields, item), Some(Row::of(present).unwrap())).unwrap()
}

#[test]
fn a_complete_contact_is_read_in_full() {
    let expected = ItemSeen {
        id: RemoteId::new("c1"),
        collection: RemoteId::new("f1"),
        version: Version::new("W/\"k1\""),
        key: Some(SyncKey::from_text("00ff")),
        created: at("2031-03-01T09:00:00Z"),
        modified: at("2031-03-02T09:00:00Z"),
        is_marked: true,
        item: contact(),
        hidden: std::collections::BTreeSet::new(),
    };
    assert_eq!(seen(&wire(), &owner()), Ok(expected));
}

#[test]
fn what_is_not_there_is_empty() {
    let bare = json!({
        "id": "c1", "changeKey": "k1", "parentFolderId": "f1", "createdDateTime": "2031-03-01T09:00:00Z",
        "lastModifiedDateTime": "2031-03-02T09:00:00Z", "emailAddresses": [], "businessPhones": [],
        "businessAddress": null, "birthday": null, "mobilePhone": null,
    });
    let seen = seen(&bare, &owner()).unwrap();
    assert_eq!(seen.item, Contact::default());
    assert_eq!((seen.version, seen.key, seen.is_marked), (Version::new("W/\"k1\""), None, false));
}

#[test]
fn a_birthday_is_its_date_at_noon_or_midnight() {
    for (text, date) in [
        ("1980-05-17T11:59:00Z", "1980-05-17"),
        ("1980-05-17T12:00:00Z", "1980-05-17"),
        ("1980-05-17T00:00:00Z", "1980-05-17"),
        ("1604-02-29T11:59:00Z", "1604-02-29"),
        ("1980-05-17T00:00:00+00:00", "1980-05-17"),
    ] {
        let seen = seen(&with(&json!({"birthday": text})), &owner()).unwrap();
        assert_eq!(seen.item.birthday, Some(date.parse().unwrap()), "{text}");
    }
    assert_eq!(birthday("1980-05-17".parse().unwrap()), json!("1980-05-17T11:59:00Z"));
}

#[test]
fn a_create_holds_what_is_there_and_the_key() {
    let body = create_body(&SyncKey::from_text("00ff"), &Contact { surname: "Lind".into(), ..Contact::default() });
    let property = json!([{"id": KEY_PROPERTY, "value": "00ff"}]);
    assert_eq!(body, json!({"surname": "Lind", "singleValueExtendedProperties": property}));
    let body = create_body(&SyncKey::from_text("00ff"), &contact());
    assert_eq!(body["emailAddresses"], json!([{"name": "mia@fabrikam.example", "address": "mia@fabrikam.example"}]));
    assert_eq!(body["businessPhones"], json!(["+1 555 0100"]));
    let read = with(&body);
    assert_eq!(fields(Row::of(&read).unwrap()), Ok(contact()));
}

#[test]
fn d08_a_change_holds_only_the_fields_named() {
    let changed = Contact { job_title: String::new(), company: "Contoso".into(), birthday: None, ..contact() };
    for (field, expected) in [
        (ContactField::JobTitle, json!({"jobTitle": null})),
        (ContactField::Company, json!({"companyName": "Contoso"})),
        (ContactField::Birthday, json!({"birthday": null})),
        (ContactField::MobilePhone, json!({"mobilePhone": "+1 555 0300"})),
        (ContactField::Notes, json!({"personalNotes": "One\nTwo"})),
    ] {
        assert!(!needs_present(&patch(&[field], changed.clone())), "{field:?}");
        assert_eq!(patch_body(&patch(&[field], changed.clone()), None).unwrap(), expected);
    }
}

#[test]
fn a_new_first_address_leaves_the_others() {
    let now = |address: &str| Contact { email: address.into(), ..contact() };
    let entry = |name: &str, address: &str| json!({"name": name, "address": address});
    let (home, old) = (entry("home", "mia@home.example"), entry("old", "mia@old.example"));
    for (address, expected) in [
        ("mia@contoso.example", json!([entry("Mia at work", "mia@contoso.example"), home, old])),
        ("Mia@Home.example", json!([entry("Mia at work", "Mia@Home.example"), old])),
        ("", json!([home, old])),
    ] {
        assert_eq!(patched(&[ContactField::Email], now(address), &wire())["emailAddresses"], expected, "{address}");
    }
    let named_by_address =
        with(&json!({"emailAddresses": [entry("Mia (mia@fabrikam.example)", "mia@fabrikam.example")]}));
    let body = patched(&[ContactField::Email], now("mia@contoso.example"), &named_by_address);
    assert_eq!(body["emailAddresses"], json!([entry("mia@contoso.example", "mia@contoso.example")]));
    let none = with(&json!({"emailAddresses": []}));
    let body = patched(&[ContactField::Email], now("mia@contoso.example"), &none);
    assert_eq!(body["emailAddresses"], json!([entry("mia@contoso.example", "mia@contoso.example")]));
}

#[test]
fn a_new_first_telephone_leaves_the_others() {
    let now = |phone: &str| Contact { business_phone: phone.into(), home_phone: phone.into(), ..contact() };
    for (phone, business, home) in [
        ("+1 555 0199", json!(["+1 555 0199", "+1 555 0101"]), json!(["+1 555 0199"])),
        ("+1 555 0101", json!(["+1 555 0101"]), json!(["+1 555 0101"])),
        ("", json!(["+1 555 0101"]), json!([])),
    ] {
        let body = patched(&[ContactField::BusinessPhone, ContactField::HomePhone], now(phone), &wire());
        assert_eq!((&body["businessPhones"], &body["homePhones"]), (&business, &home), "{phone}");
    }
}

#[test]
fn an_address_is_written_as_a_whole() {
    let moved = PostalAddress { city: "Oslo".into(), ..PostalAddress::default() };
    let body = patched(&[ContactField::OtherAddress], Contact { other_address: moved, ..contact() }, &wire());
    let expected = json!({"street": null, "city": "Oslo", "state": null, "postalCode": null, "countryOrRegion": null});
    assert_eq!(body, json!({"otherAddress": expected}));
}

#[test]
fn names_that_were_made_of_others_are_made_anew_and_the_users_own_stay() {
    let married = Contact { surname: "Berg".into(), middle_name: String::new(), ..contact() };
    let both = [ContactField::Surname, ContactField::MiddleName];
    for (shown, filed, fields, expected) in [
        ("Mia K. Lind", "Lind, Mia K.", &both[..], json!({"displayName": "Mia Berg", "fileAs": "Berg, Mia"})),
        ("Mia Lind", "Mia Lind", &both[..1], json!({"displayName": "Mia Berg", "fileAs": "Mia Berg"})),
        (
            "Dr. Mia K. Lind III",
            "Lind, Mia",
            &both[..1],
            json!({"displayName": "Dr. Mia K. Berg III", "fileAs": "Berg, Mia"}),
        ),
        ("Mimi", "Fabrikam", &both[..], json!({})),
        ("", "", &both[..], json!({})),
    ] {
        let present = with(&json!({"displayName": shown, "fileAs": filed}));
        let body = patched(fields, married.clone(), &present);
        for name in ["displayName", "fileAs"] {
            assert_eq!(body.get(name), expected.get(name), "{shown} {filed} {name}");
        }
    }
    assert!(needs_present(&patch(&both, married)));
}

#[test]
fn what_cannot_be_understood_is_named_without_its_value() {
    for (changes, problem) in [
        (json!({"parentFolderId": null}), "parentFolderId is missing"),
        (json!({"@odata.etag": null}), "@odata.etag is missing"),
        (json!({"emailAddresses": "secret"}), "emailAddresses is no list"),
        (json!({"emailAddresses": ["secret"]}), "it is no object"),
        (json!({"businessPhones": [7]}), "businessPhones holds what is no text"),
        (json!({"birthday": "secret"}), "birthday is no instant"),
        (json!({"businessAddress": {"city": ["secret"]}}), "city is no text"),
        (json!({"surname": {"secret": 1}}), "surname is no text"),
    ] {
        let observed = observed(&RemoteId::new("c1"), &with(&changes), &owner());
        assert_eq!(observed, Observation::Unreadable { id: RemoteId::new("c1"), problem: problem.into() });
    }
}
