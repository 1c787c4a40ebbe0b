//! Finding and making people.

use reqwest::Method;
use serde_json::json;
use sim_kit::{Fault, FaultRule};
use syncline_ports::{ErrorKind, LeadDraft, Person, PersonKind};

use super::*;

const MIA: &str = "mia.larsen@fabrikam.example";

fn stranger(world: &World) -> LeadDraft {
    LeadDraft {
        key: SyncKey::from_text("0123456789abcdef0123456789abcdef"),
        first_name: "Kim".into(),
        last_name: "Li".into(),
        company: "Litware".into(),
        address: "kim.li@litware.example".into(),
        owner: world.anna.clone(),
    }
}

#[tokio::test]
async fn p17_users_contacts_and_open_leads_are_found_whatever_the_case() {
    let world = world().await;
    let lead = json!({"LastName": "O'Neil", "Company": "Adatum", "Email": "Pat.O'Neil@Adatum.example"});
    let lead = world.by_hand(Method::POST, "sobjects/Lead", &lead)["id"].as_str().unwrap().to_owned();
    let contact = world.org.model().rows("Contact").find(|row| row.text("Email") == MIA).unwrap().id().to_owned();
    world.crm.people().by_address(&[ANNA.to_owned()]).await.unwrap();
    world.org.journal().clear();
    let asked = [MIA, ANNA, "pat.o'neil@adatum.example", "nobody@nowhere.example", "", ANNA];
    let found = world.crm.people().by_address(&asked.map(str::to_owned)).await.unwrap();
    let person = |id: &str, kind, address: &str| Person { id: RemoteId::new(id), kind, address: address.to_owned() };
    let expected = [
        person(world.anna.as_str(), PersonKind::User, ANNA),
        person(&contact, PersonKind::Contact, MIA),
        person(&lead, PersonKind::Lead, "pat.o'neil@adatum.example"),
    ];
    assert_eq!(found, expected);
    assert_eq!(world.org.journal().total(), 1, "one call");
    assert_eq!(world.crm.people().by_address(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn many_addresses_fit_into_their_calls() {
    let world = world().await;
    let mut asked: Vec<String> = (0..500).map(|n| format!("somebody.{n:04}@a-long-domain-name.example")).collect();
    asked.push(MIA.to_owned());
    let found = world.crm.people().by_address(&asked).await.unwrap();
    assert_eq!(found.iter().map(|person| person.address.as_str()).collect::<Vec<_>>(), [MIA]);
    assert!(world.requests("/composite") >= 3);
}

#[tokio::test]
async fn d31_a_lead_is_made_once_and_not_touched_again() {
    let world = world().await;
    let draft = stranger(&world);
    let made = world.crm.people().create_lead(&draft).await.unwrap().id;
    let row = world.org.model().row(made.as_str()).cloned().unwrap();
    let expected =
        [("LastName", "Li"), ("Company", "Litware"), ("LeadSource", "Email"), ("OwnerId", world.anna.as_str())];
    for (field, text) in expected {
        assert_eq!(row.text(field), text);
    }
    world.by_hand(Method::PATCH, &format!("sobjects/Lead/{made}"), &json!({"Company": "Litware Inc."}));
    assert_eq!(world.crm.people().create_lead(&draft).await.unwrap().id, made);
    assert_eq!(world.count("Lead"), 1);
    assert_eq!(world.org.model().row(made.as_str()).unwrap().text("Company"), "Litware Inc.");
}

#[tokio::test]
async fn a_lead_whose_answer_is_lost_is_unknown_and_the_next_try_finds_it() {
    let world = world().await;
    world.org.faults().add(FaultRule::on(Method::POST, "/sobjects/Lead", Fault::FailAfter(504)));
    let error = world.crm.people().create_lead(&stranger(&world)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown);
    let made = world.crm.people().create_lead(&stranger(&world)).await.unwrap().id;
    assert_eq!(world.count("Lead"), 1);
    assert_eq!(world.org.model().rows("Lead").next().unwrap().id(), made.as_str());
}

#[tokio::test]
async fn a_lead_that_cannot_be_is_rejected() {
    let world = world().await;
    let draft = LeadDraft { address: "no address".into(), ..stranger(&world) };
    let error = world.crm.people().create_lead(&draft).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Rejected, "INVALID_EMAIL_ADDRESS"));
    assert!(!format!("{error} {:?}", error.source).contains("no address"), "content in an error");
}
