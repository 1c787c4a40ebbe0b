//! The SOAP API, as far as it is the only way to do something: signing in with a password, and the
//! operations of a session in [`OPERATIONS`].
//!
//! A new operation is one function that reads its element and writes the content of its response, and
//! one line in that table.

mod fault;
mod rows;
mod session;
mod xml;

use jiff::Timestamp;
use roxmltree::{Document, Node};
use sim_kit::{Reply, Request};

use crate::model::{Caller, Salesforce};

use super::{index, limits};

use fault::Fault;
pub(super) use xml::escaped;

/// Which of the two descriptions of the service the client was made from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wsdl {
    Partner,
    Enterprise,
}

impl Wsdl {
    fn namespace(self) -> &'static str {
        match self {
            Self::Partner => "urn:partner.soap.sforce.com",
            Self::Enterprise => "urn:enterprise.soap.sforce.com",
        }
    }

    fn faults(self) -> &'static str {
        match self {
            Self::Partner => "urn:fault.partner.soap.sforce.com",
            Self::Enterprise => "urn:fault.enterprise.soap.sforce.com",
        }
    }

    /// The letter in the path.
    fn letter(self) -> char {
        match self {
            Self::Partner => 'u',
            Self::Enterprise => 'c',
        }
    }
}

/// One call of an operation by somebody who is signed in.
#[derive(Clone, Copy, Debug)]
struct SoapCall<'a> {
    caller: &'a Caller,
    /// The session's id.
    session: &'a str,
    /// The operation's element.
    element: Node<'a, 'a>,
    now: Timestamp,
}

/// What an operation does: the content of its response element, which is named after it.
type Run = fn(&mut Salesforce, &SoapCall<'_>) -> Result<String, Fault>;

/// Every operation but `login`, which needs no session.
const OPERATIONS: &[(&str, Run)] = &[
    ("logout", session::logout),
    ("invalidateSessions", session::invalidate),
    ("getServerTimestamp", session::server_timestamp),
    ("getUserInfo", session::user_info),
    ("convertLead", rows::convert_lead),
    ("merge", rows::merge),
    ("undelete", rows::undelete),
    ("emptyRecycleBin", rows::empty_recycle_bin),
];

/// Answers a request to `/services/Soap/{u|c}/NN.0`.
pub(super) fn answer(org: &mut Salesforce, request: &Request, letter: &str, version: &str, now: Timestamp) -> Reply {
    let wsdl = if letter == Wsdl::Enterprise.letter().to_string() { Wsdl::Enterprise } else { Wsdl::Partner };
    if request.method != http::Method::POST {
        let message = format!("HTTP Method '{}' not allowed. Allowed are POST", request.method);
        return Reply::text(405, "text/plain;charset=UTF-8", message).header("allow", "POST");
    }
    match operate(org, request, wsdl, version, now) {
        Ok((name, content, counted)) => {
            let header = if counted { limit_info(org, now) } else { String::new() };
            let content = format!("<{name}Response>{content}</{name}Response>");
            envelope(200, &format!("xmlns=\"{}\"", wsdl.namespace()), &header, &content)
        }
        Err(fault) => envelope(500, &format!("xmlns:sf=\"{}\"", wsdl.faults()), "", &fault.element()),
    }
}

/// The operation's name, the content of its response, and whether it counts as a call of the day.
fn operate(
    org: &mut Salesforce,
    request: &Request,
    wsdl: Wsdl,
    version: &str,
    now: Timestamp,
) -> Result<(&'static str, String, bool), Fault> {
    if !index::is_version(version) {
        return Err(Fault::new("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL"));
    }
    let text = request.text();
    let document = Document::parse(&text).map_err(|error| Fault::client(error.to_string()))?;
    let envelope = document.root_element();
    let body = xml::child(envelope, "Body").filter(|_| envelope.tag_name().name() == "Envelope");
    let body = body.ok_or_else(|| Fault::client("The request is no SOAP envelope with a body"))?;
    let element = body.children().find(Node::is_element);
    let element = element.ok_or_else(|| Fault::client("The body of the envelope is empty"))?;
    let name = element.tag_name().name();
    if name == "login" {
        return Ok(("login", session::login(org, request, wsdl, version, element, now)?, false));
    }
    let Some((name, run)) = OPERATIONS.iter().find(|(known, _)| *known == name) else {
        let space = element.tag_name().namespace().unwrap_or_default();
        let message =
            format!("No operation available for request {{{space}}}{name}, please check the WSDL for the service.");
        return Err(Fault::client(message));
    };
    let session = xml::child(envelope, "Header").and_then(|header| xml::child(header, "SessionHeader"));
    let session = session.map(|header| xml::text(header, "sessionId")).unwrap_or_default();
    let caller = org.admit(&session, now).ok_or_else(Fault::no_session)?;
    if let Some(closed) = org.api_closed(&caller) {
        return Err(closed.into());
    }
    limits::take_call(org, now)?;
    let call = SoapCall { caller: &caller, session: &session, element, now };
    Ok((*name, run(org, &call)?, true))
}

fn limit_info(org: &Salesforce, now: Timestamp) -> String {
    format!(
        "<soapenv:Header><LimitInfoHeader><limitInfo><current>{}</current><limit>{}</limit>\
         <type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>",
        org.calls_used(now),
        org.knobs.daily_limit
    )
}

/// An envelope with the namespace of what is in its body, which clients look for here and nowhere below.
fn envelope(status: u16, namespace: &str, header: &str, body: &str) -> Reply {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" {namespace} \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{header}<soapenv:Body>{body}</soapenv:Body>\
         </soapenv:Envelope>"
    );
    Reply::text(status, "text/xml;charset=UTF-8", text)
}
