//! What leaves the org: outbound messages as SOAP, and change events.

use std::fmt::Write as _;
use std::time::Duration;

use roxmltree::Document;
use serde_json::Value;
use sim_kit::{Context, Delivery, Request};

use crate::model::outbox::{Letter, with_zulu};
use crate::model::schema::{Field, Kind};
use crate::model::{Caller, Salesforce};

use super::soap::escaped;

/// How long the receiver of an outbound message may take.
const TIMEOUT: Duration = Duration::from_mins(1);

impl Salesforce {
    /// Takes in what the request changed, for those who are told. `origin` is the API that it came by.
    pub(super) fn note_changes(&mut self, origin: &str) {
        if self.outbox().listens() {
            self.publish(origin);
        }
    }

    /// Hears what became of earlier deliveries, and hands what is due to the courier.
    pub(super) fn deliver(&mut self, context: &Context<'_>) {
        for (ticket, outcome) in context.courier.collect() {
            let taken = if self.outbox().is_letter(ticket) {
                outcome.status == Some(200) && acknowledged(&outcome.body)
            } else {
                outcome.status.is_some_and(|status| (200..300).contains(&status))
            };
            self.outbox_mut().returned(ticket, taken, context.now);
        }
        for letter in self.due_letters(context.now) {
            let body = self.envelope(&letter, context);
            let delivery = Delivery {
                url: letter.message.url.clone(),
                headers: vec![
                    ("content-type".to_owned(), "text/xml; charset=UTF-8".to_owned()),
                    ("soapaction".to_owned(), "\"\"".to_owned()),
                ],
                body: body.into_bytes(),
                timeout: TIMEOUT,
                retries: 0,
            };
            context.courier.dispatch(letter.ticket, delivery);
        }
        let Some(url) = self.outbox().relay().map(|relay| relay.url.clone()) else {
            return;
        };
        for (ticket, event) in self.outbox_mut().bus_events(context.now) {
            let body = self.bus_event(&event).to_string();
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            let delivery =
                Delivery { url: url.clone(), headers, body: body.into_bytes(), timeout: TIMEOUT, retries: 0 };
            context.courier.dispatch(ticket, delivery);
        }
    }

    /// An outbound message with the rows' values as they are now.
    fn envelope(&self, letter: &Letter, context: &Context<'_>) -> String {
        let org = self.org_id();
        let short = org.get(..15).unwrap_or(org);
        let instance = self.instance();
        let mut body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><notifications \
             xmlns=\"http://soap.sforce.com/2005/09/outbound\"><OrganizationId>{org}</OrganizationId>\
             <ActionId>{action}</ActionId><SessionId xsi:nil=\"true\"/>\
             <EnterpriseUrl>{instance}/services/Soap/c/{version}/{short}</EnterpriseUrl>\
             <PartnerUrl>{instance}/services/Soap/u/{version}/{short}</PartnerUrl>",
            action = letter.action,
            version = super::NEWEST,
        );
        for (notice, row) in &letter.notices {
            let _ = write!(
                body,
                "<Notification><Id>{notice}</Id><sObject xsi:type=\"sf:{object}\" \
                 xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\"><sf:Id>{row}</sf:Id>",
                object = letter.message.object,
            );
            let object = self.schema().object(&letter.message.object);
            let view = self.seen_row(&Caller::default().as_org(), row, context.now);
            let fields = letter.message.fields.iter().filter_map(|name| object?.field(name));
            let told =
                |field: &&Field| !matches!(field.kind, Kind::Id | Kind::Address(_) | Kind::IdList(_) | Kind::Base64);
            for field in fields.filter(told) {
                let value = view.map(|view| with_zulu(&view.value(field, context.now))).unwrap_or_default();
                let text = match &value {
                    Value::Null => continue,
                    Value::String(text) => escaped(text),
                    other => escaped(&other.to_string()),
                };
                let _ = write!(body, "<sf:{name}>{text}</sf:{name}>", name = field.name);
            }
            body.push_str("</sObject></Notification>");
        }
        body.push_str("</notifications></soapenv:Body></soapenv:Envelope>");
        body
    }
}

/// The API that a request comes by, and the client if it has a name, as change events tell it.
pub(super) fn origin_of(request: &Request, segments: &[&str]) -> String {
    let (api, version) = match segments {
        ["services", "Soap", _, version, ..] => ("soap", *version),
        ["services", "data", version, ..] => ("rest", version.trim_start_matches('v')),
        _ => ("rest", super::NEWEST),
    };
    let mut origin = format!("com/salesforce/api/{api}/{version}");
    if let Some(client) = super::terms(request, version).client {
        let _ = write!(origin, ";client={client}");
    }
    origin
}

/// Whether the receiver of an outbound message took it.
fn acknowledged(body: &str) -> bool {
    let document = Document::parse(body.trim_start_matches('\u{feff}').trim_start());
    let Ok(document) = document else {
        return false;
    };
    let ack = document.descendants().find(|node| node.tag_name().name() == "Ack");
    ack.and_then(|ack| ack.text()).is_some_and(|text| text.trim() == "true")
}
