//! The one SOAP call there is: login with a user name and a password.

use jiff::Timestamp;
use sim_kit::{Reply, Request};

use crate::model::Salesforce;

pub(super) fn answer(org: &mut Salesforce, request: &Request, version: &str, now: Timestamp) -> Reply {
    let body = request.text();
    if element(&body, "login").is_none() {
        return fault("sf:INVALID_OPERATION", "INVALID_OPERATION", "only login is answered here");
    }
    let username = element(&body, "username").unwrap_or_default();
    let password = element(&body, "password").unwrap_or_default();
    let Ok(pass) = org.log_in(&username, &password, now) else {
        let message = "Invalid username, password, security token; or user locked out.";
        return fault("INVALID_LOGIN", "INVALID_LOGIN", message);
    };
    let short = org.org_id().get(..15).unwrap_or_default();
    let user = org.user(&pass.user);
    let of_user = |field: &str| escaped(user.map(|user| user.text(field)).unwrap_or_default());
    let result = format!(
        "<loginResponse><result>\
         <metadataServerUrl>{origin}/services/Soap/m/{version}/{short}</metadataServerUrl>\
         <passwordExpired>false</passwordExpired><sandbox>false</sandbox>\
         <serverUrl>{origin}/services/Soap/u/{version}/{short}</serverUrl>\
         <sessionId>{session}</sessionId><userId>{user}</userId>\
         <userInfo><organizationId>{org}</organizationId><userEmail>{email}</userEmail>\
         <userFullName>{name}</userFullName><userId>{user}</userId><userName>{username}</userName></userInfo>\
         </result></loginResponse>",
        origin = request.origin,
        version = escaped(version),
        session = pass.access_token,
        user = pass.user,
        org = org.org_id(),
        email = of_user("Email"),
        name = of_user("Name"),
        username = of_user("Username"),
    );
    envelope(200, "urn:partner.soap.sforce.com", &result)
}

fn fault(fault_code: &str, code: &str, message: &str) -> Reply {
    let body = format!(
        "<soapenv:Fault><faultcode>{fault_code}</faultcode><faultstring>{code}: {message}</faultstring>\
         <detail><sf:LoginFault xmlns:sf=\"urn:fault.partner.soap.sforce.com\">\
         <sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}</sf:exceptionMessage>\
         </sf:LoginFault></detail></soapenv:Fault>"
    );
    envelope(500, "urn:partner.soap.sforce.com", &body)
}

fn envelope(status: u16, namespace: &str, body: &str) -> Reply {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{namespace}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    );
    Reply::text(status, "text/xml;charset=UTF-8", text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text between the first tags of that local name, whatever their prefix.
fn element(xml: &str, name: &str) -> Option<String> {
    let mut rest = xml;
    loop {
        let (_, tail) = rest.split_once('<')?;
        let (tag, after) = tail.split_once('>')?;
        let full = tag.split_whitespace().next().unwrap_or_default();
        let local = full.rsplit_once(':').map_or(full, |(_, local)| local);
        if local == name && !tag.starts_with('/') {
            let (content, _) = after.split_once(&format!("</{full}>"))?;
            let content =
                content.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(content);
            let plain =
                [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
            return Some(plain.into_iter().fold(content.to_owned(), |text, (code, letter)| text.replace(code, letter)));
        }
        rest = after;
    }
}
