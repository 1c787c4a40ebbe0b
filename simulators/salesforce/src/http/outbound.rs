//! What leaves the org: outbound messages as SOAP, change events as an event bus hands them on.

use std::fmt::Write as _;
use std::time::Duration;

use roxmltree::Document;
use serde_json::{Map, Value, json};
use sim_kit::{Context, Delivery, Request};

use crate::model::changes::ChangeType;
use crate::model::outbox::{BusEvent, Letter, event_name, with_zulu};
use crate::model::schema::{Field, Kind, Object};
use crate::model::{Caller, Salesforce, Values};

use super::soap::escaped;

/// How long the receiver of an outbound message may take.
const TIMEOUT: Duration = Duration::from_mins(1);

impl Salesforce {
    /// Takes in what the request changed, for those who are told.
    pub(super) fn note_changes(&mut self, request: &Request) {
        if !self.outbox().listens() {
            return;
        }
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (api, version) = match segments.as_slice() {
            ["services", "Soap", _, version, ..] => ("soap", *version),
            ["services", "data", version, ..] => ("rest", version.trim_start_matches('v')),
            _ => ("rest", super::NEWEST),
        };
        let mut origin = format!("com/salesforce/api/{api}/{version}");
        if let Some(client) = super::terms(request, version).client {
            let _ = write!(origin, ";client={client}");
        }
        self.publish(origin);
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
        let instance = self.instance();
        let mut body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><notifications \
             xmlns=\"http://soap.sforce.com/2005/09/outbound\"><OrganizationId>{org}</OrganizationId>\
             <ActionId>{action}</ActionId><SessionId xsi:nil=\"true\"/>\
             <EnterpriseUrl>{instance}/services/Soap/c/{version}/{org}</EnterpriseUrl>\
             <PartnerUrl>{instance}/services/Soap/u/{version}/{org}</PartnerUrl>",
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

    /// A change event as a rule of the event bus hands it to its target.
    fn bus_event(&self, event: &BusEvent) -> Value {
        let change = &event.change;
        let name = event_name(&change.object);
        let kind = match change.kind {
            ChangeType::Create => "CREATE",
            ChangeType::Update => "UPDATE",
            ChangeType::Delete => "DELETE",
            ChangeType::Undelete => "UNDELETE",
        };
        let kind = if event.gap { format!("GAP_{kind}") } else { kind.to_owned() };
        let told = change.kind == ChangeType::Update && !event.gap;
        let changed: &[String] = if told { &change.fields } else { &[] };
        let nulled: Vec<&String> = changed.iter().filter(|name| !change.values.contains_key(*name)).collect();
        let mut payload = Map::new();
        let header = json!({
            "entityName": change.object, "recordIds": [change.row], "changeType": kind,
            "changeOrigin": event.origin, "transactionKey": event.transaction, "sequenceNumber": event.sequence,
            "commitTimestamp": change.committed_at.as_millisecond(), "commitNumber": event.commit_number,
            "commitUser": change.values.get("LastModifiedById"), "nulledFields": nulled, "diffFields": [],
            "changedFields": changed,
        });
        payload.insert("ChangeEventHeader".to_owned(), header);
        if change.kind != ChangeType::Delete && !event.gap {
            self.tell_fields(change.object.as_str(), &change.fields, &change.values, &mut payload);
        }
        json!({
            "version": "0",
            "id": event.id,
            "detail-type": name,
            "source": format!("aws.partner/salesforce.com/{}/{}", self.org_id(), self.channel_id()),
            "account": "000000000000",
            "time": change.committed_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": "eu-central-1",
            "resources": [],
            "detail": { "payload": payload, "schemaId": self.schema_id(&name), "id": event.id },
        })
    }

    /// The changed values; names and addresses of parts stand together, as change events have them.
    fn tell_fields(&self, object: &str, names: &[String], values: &Values, payload: &mut Map<String, Value>) {
        let object = self.schema().object(object);
        let person = object.is_some_and(|object| object.field("LastName").is_some());
        for name in names {
            let value = with_zulu(values.get(name).unwrap_or(&Value::Null));
            let whole = object.into_iter().flat_map(Object::fields).find_map(|whole| match whole.kind {
                Kind::Address(prefix) => {
                    let part = name.strip_prefix(prefix)?;
                    ["Street", "City", "State", "PostalCode", "Country"].contains(&part).then_some((whole.name, part))
                }
                _ => None,
            });
            let whole = whole.or_else(|| {
                (person && ["Salutation", "FirstName", "LastName"].contains(&name.as_str()))
                    .then_some(("Name", name.as_str()))
            });
            match whole {
                Some((whole, part)) => {
                    let parts = payload.entry(whole).or_insert_with(|| json!({}));
                    if let Some(parts) = parts.as_object_mut() {
                        parts.insert(part.to_owned(), value);
                    }
                }
                // Put together from the parts.
                None if person && name == "Name" => {}
                None => {
                    payload.insert(name.clone(), value);
                }
            }
        }
    }
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
