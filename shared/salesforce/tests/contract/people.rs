//! Finding and making people.

use reqwest::Method;
use serde_json::json;
use sim_kit::{Fault, FaultRule};
use syncline_ports::{CompanyBy, ErrorKind, LeadDraft, Person, PersonKind, PersonName};

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

#[tokio::test]
async fn companies_are_found_by_web_site_by_their_people_and_by_name() {
    let world = world().await;
    let site = json!({"Name": "Not Fabrikam", "Website": "https://notfabrikam.example"});
    world.by_hand(Method::POST, "sobjects/Account", &site);
    world.later(1);
    let litware = json!({"Name": "Litware 100% Inc."});
    let litware = world.by_hand(Method::POST, "sobjects/Account", &litware)["id"].as_str().unwrap().to_owned();
    let kim = json!({"LastName": "Li", "Email": "Kim@litware.example", "AccountId": litware});
    world.by_hand(Method::POST, "sobjects/Contact", &kim);
    world.by_hand(Method::POST, "sobjects/Contact", &json!({"LastName": "Private", "Email": "p@adatum.example"}));
    let asked = ["Fabrikam.example", "litware.example", "adatum.example", "x_y.example"].map(str::to_owned);
    let found = world.crm.people().companies_by_domain(&asked).await.unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.asked.as_str(), it.by)).collect();
    let expected = [
        ("Fabrikam", "fabrikam.example", CompanyBy::WebSite),
        ("Litware 100% Inc.", "litware.example", CompanyBy::People),
    ];
    assert_eq!(found, expected);

    let asked = ["fabrikam", "100%", "x%y"].map(str::to_owned);
    let found = world.crm.people().companies_by_name(&asked).await.unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.by)).collect();
    let expected = [
        ("Fabrikam", CompanyBy::Name),
        ("Not Fabrikam", CompanyBy::PartOfName),
        ("Litware 100% Inc.", CompanyBy::PartOfName),
    ];
    assert_eq!(found, expected);
    let many: Vec<String> = (0..500).map(|n| format!("a-rather-long-domain-name-{n:04}.example")).collect();
    assert_eq!(world.crm.people().companies_by_domain(&many).await.unwrap(), []);
    assert_eq!(world.crm.people().companies_by_domain(&[]).await.unwrap(), []);
    assert_eq!(world.crm.people().companies_by_name(&[String::new()]).await.unwrap(), []);
}

#[tokio::test]
async fn people_are_found_by_name() {
    let world = world().await;
    let lead = json!({"FirstName": "Mia", "LastName": "Larsen", "Company": "Adatum"});
    world.by_hand(Method::POST, "sobjects/Lead", &lead);
    let name = |first: &str, last: &str| PersonName { first: first.into(), last: last.into() };
    let asked = [name("mia", "LARSEN"), name("", "okafor"), name("Tom", "Larsen"), name("", "")];
    let mut found = world.crm.people().by_name(&asked).await.unwrap();
    found.sort_by(|one, other| (one.kind, &other.name).cmp(&(other.kind, &one.name)));
    let found: Vec<_> = found.iter().map(|it| (it.kind, it.name.clone(), it.address.as_deref())).collect();
    let expected = [
        (PersonKind::Contact, name("mia", "LARSEN"), Some(MIA)),
        (PersonKind::Contact, name("", "okafor"), Some("tom.okafor@contoso.example")),
        (PersonKind::Lead, name("mia", "LARSEN"), None),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn no_text_breaks_out_of_a_question() {
    let world = world().await;
    let hostile = [
        "x') OR Id != null OR Email IN ('",
        "\\",
        "\\' OR Name != '",
        "' OR Name LIKE '%",
        "%",
        "_",
        "a\nb\r\tc\u{0}\u{b}",
        "\u{1d11e}\u{202e}\u{e9}",
        "mia.larsen@fabrikam.example' --",
    ];
    let texts = hostile.map(str::to_owned);
    let people = world.crm.people();
    assert_eq!(people.by_address(&texts).await.unwrap(), []);
    assert_eq!(people.companies_by_domain(&texts).await.unwrap(), []);
    assert_eq!(people.companies_by_name(&texts).await.unwrap(), []);
    let names = hostile.map(|text| PersonName { first: String::new(), last: text.to_owned() });
    assert_eq!(people.by_name(&names).await.unwrap(), []);
    let keys = hostile.map(SyncKey::from_text);
    assert_eq!(world.events().find(&keys).await.unwrap(), []);
    let mails: Vec<_> =
        keys.iter().map(|key| (key.clone(), syncline_core::ids::MessageId::new(key.as_str()))).collect();
    assert_eq!(world.crm.mail().find(&mails).await.unwrap(), []);
    // And what is there under such a name is found.
    for text in hostile {
        let text = text.replace(['\u{0}', '\u{b}'], "");
        world.by_hand(Method::POST, "sobjects/Account", &json!({"Name": text}));
        let found = people.companies_by_name(std::slice::from_ref(&text)).await.unwrap();
        assert!(found.iter().any(|it| it.name == text && it.by == CompanyBy::Name), "{text:?}: {found:?}");
    }
}
