//! The SOAP API.

use http::Method;
use sim_kit::{Reply, Request};

use crate::world::{BEN, World};

/// Sends an envelope with this body, in a session if there is one.
fn call(world: &mut World, path: &str, session: &str, body: &str) -> (u16, String) {
    let header = format!(
        "<soapenv:Header><urn:SessionHeader><urn:sessionId>{session}</urn:sessionId></urn:SessionHeader></soapenv:Header>"
    );
    let envelope = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"urn:partner.soap.sforce.com\">\
         {header}<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    );
    told(&post(world, path, &envelope))
}

fn post(world: &mut World, path: &str, envelope: &str) -> Reply {
    world.authorization.clear();
    let mut request = Request::new(Method::POST, path, "http://sf.test");
    request.headers.insert("content-type", "text/xml".parse().unwrap());
    request.headers.insert("soapaction", "\"\"".parse().unwrap());
    request.body = envelope.as_bytes().to_vec();
    world.send(request)
}

fn told(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.content_type(), "text/xml");
    (reply.status.as_u16(), String::from_utf8(reply.body.clone()).unwrap())
}

/// The text of the first element of that name, which has neither prefix nor attribute.
fn text<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split_once('<').unwrap().0
}

const PATH: &str = "/services/Soap/u/59.0";

fn login(world: &mut World) -> String {
    let body = format!(
        "<urn:login><urn:username>{BEN}</urn:username><urn:password>syncline-password</urn:password></urn:login>"
    );
    let (status, answer) = call(world, PATH, "", &body);
    assert_eq!(status, 200, "{answer}");
    text(&answer, "sessionId").to_owned()
}

#[test]
fn a_login_is_read_in_each_clients_spelling() {
    let mut world = World::new();
    let fields = |prefix: &str, password: &str| {
        format!("<{prefix}username>{BEN}</{prefix}username><{prefix}password>{password}</{prefix}password>")
    };
    let good = "syncline-passwordsyncline-token";
    for (path, body) in [
        (PATH, format!("<n1:login xmlns:n1=\"urn:partner.soap.sforce.com\">{}</n1:login>", fields("n1:", good))),
        (PATH, format!("<login xmlns=\"urn:partner.soap.sforce.com\">{}</login>", fields("", good))),
        ("/services/Soap/u/59.0/", format!("<urn:login>{}</urn:login>", fields("urn:", good))),
        ("/services/Soap/c/50.0/00D000000000001", format!("<urn:login>{}</urn:login>", fields("urn:", good))),
        (PATH, format!("<urn:login>{}</urn:login>", fields("urn:", "<![CDATA[syncline-password]]>"))),
        (PATH, format!("<urn:login>{}</urn:login>", fields("urn:", "&#115;yncline-password"))),
    ] {
        let (status, answer) = call(&mut world, path, "", &body);
        assert_eq!(status, 200, "{body}: {answer}");
        let letter = if path.contains("/c/") { "c/50.0" } else { "u/59.0" };
        assert!(text(&answer, "serverUrl").starts_with(&format!("http://sf.test/services/Soap/{letter}/00D")));
        assert_eq!(text(&answer, "passwordExpired"), "false");
        assert!(text(&answer, "userId").starts_with("005") && text(&answer, "organizationId").starts_with("00D"));
        world.authorization = format!("Bearer {}", text(&answer, "sessionId"));
        assert_eq!(world.get("/services/oauth2/userinfo")["preferred_username"], BEN);
    }
}

#[test]
fn a_refused_request_is_a_fault() {
    let mut world = World::new();
    let session = login(&mut world);
    let login = format!("<urn:login><urn:username>{BEN}</urn:username><urn:password>x</urn:password></urn:login>");
    for (session, body, code, string) in [
        (
            "",
            login.as_str(),
            "INVALID_LOGIN",
            "INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
        ),
        (
            "",
            "<urn:login/>",
            "INVALID_LOGIN",
            "INVALID_LOGIN: Invalid username, password, security token; or user locked out.",
        ),
        (
            "bad",
            "<urn:getUserInfo/>",
            "sf:INVALID_SESSION_ID",
            "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session",
        ),
        (
            &session,
            "<urn:juggle/>",
            "soapenv:Client",
            "No operation available for request {urn:partner.soap.sforce.com}juggle, please check the WSDL for the service.",
        ),
    ] {
        let (status, fault) = call(&mut world, PATH, session, body);
        assert_eq!((status, text(&fault, "faultcode"), text(&fault, "faultstring")), (500, code, string), "{body}");
        if let Some((code, message)) = string.split_once(": ").filter(|_| code != "soapenv:Client") {
            assert_eq!((text(&fault, "sf:exceptionCode"), text(&fault, "sf:exceptionMessage")), (code, message));
            let envelope = fault.split("<soapenv:Body>").next().unwrap();
            let space = "xmlns:sf=\"urn:fault.partner.soap.sforce.com\"";
            assert!(envelope.contains(space), "the prefix of the code is declared above it: {fault}");
            assert_eq!(fault.matches("xmlns:sf").count(), 1, "{fault}");
        }
    }
    for bad in ["", "no XML", "<a/>", "<soapenv:Envelope/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"] {
        let (status, fault) = told(&post(&mut world, PATH, bad));
        assert_eq!((status, text(&fault, "faultcode")), (500, "soapenv:Client"), "{bad}");
    }
    let (_, fault) = call(&mut world, "/services/Soap/u/next", &session, "<urn:getUserInfo/>");
    assert_eq!(text(&fault, "faultcode"), "sf:UNSUPPORTED_API_VERSION");
    assert_eq!(world.call("GET", PATH, serde_json::Value::Null).status, 405);
}

#[test]
fn a_session_can_ask_who_it_is_and_when_and_end() {
    let mut world = World::new();
    let session = login(&mut world);
    let other = login(&mut world);
    let (_, answer) = call(&mut world, PATH, &session, "<urn:getUserInfo/>");
    assert_eq!((text(&answer, "userName"), text(&answer, "sessionSecondsValid")), (BEN, "7200"));
    assert_eq!((text(&answer, "current"), text(&answer, "limit")), ("1", "15000"), "it is a call of the day");
    let (_, answer) = call(&mut world, PATH, &session, "<urn:getServerTimestamp/>");
    assert_eq!(text(&answer, "timestamp"), "2031-05-06T09:00:00.000Z");

    let sessions = format!("<urn:sessionIds>{other}</urn:sessionIds><urn:sessionIds>x</urn:sessionIds>");
    let (_, answer) =
        call(&mut world, PATH, &session, &format!("<urn:invalidateSessions>{sessions}</urn:invalidateSessions>"));
    assert!(answer.contains("<success>true</success>") && answer.contains("<success>false</success>"), "{answer}");
    assert_eq!(call(&mut world, PATH, &other, "<urn:getUserInfo/>").0, 500);

    let (status, answer) = call(&mut world, PATH, &session, "<urn:logout/>");
    assert_eq!((status, answer.contains("<logoutResponse></logoutResponse>")), (200, true), "{answer}");
    let (_, fault) = call(&mut world, PATH, &session, "<urn:getServerTimestamp/>");
    assert_eq!(text(&fault, "sf:exceptionCode"), "INVALID_SESSION_ID");
    world.authorization = format!("Bearer {session}");
    assert_eq!(world.call("GET", "limits", serde_json::Value::Null).status, 401);
}

#[test]
fn a_session_has_no_calls_when_the_day_has_none() {
    let mut world = World::new();
    let session = login(&mut world);
    world.org.knobs.daily_limit = 1;
    assert_eq!(call(&mut world, PATH, &session, "<urn:getUserInfo/>").0, 200);
    let (status, fault) = call(&mut world, PATH, &session, "<urn:getUserInfo/>");
    assert_eq!((status, text(&fault, "sf:exceptionCode")), (500, "REQUEST_LIMIT_EXCEEDED"));
}
