//! How the SOAP API says no.

use crate::model::refusal::Refusal;

use super::xml;

/// A fault; its HTTP status is 500.
#[derive(Debug)]
pub(super) struct Fault {
    /// `None` where the request is none that the service understands: such a fault has no detail.
    code: Option<&'static str>,
    message: String,
    /// The element of the detail.
    kind: &'static str,
}

impl Fault {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), message: message.into(), kind: "UnexpectedErrorFault" }
    }

    pub(super) fn client(message: impl Into<String>) -> Self {
        Self { code: None, message: message.into(), kind: "" }
    }

    pub(super) fn login() -> Self {
        let message = "Invalid username, password, security token; or user locked out.";
        Self { kind: "LoginFault", ..Self::new("INVALID_LOGIN", message) }
    }

    pub(super) fn no_session() -> Self {
        Self::new("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    }

    pub(super) fn element(&self) -> String {
        let message = xml::escaped(&self.message);
        let Some(code) = self.code else {
            return format!(
                "<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>{message}</faultstring>\
                 </soapenv:Fault>"
            );
        };
        // The fault of a login has always had its code without a prefix.
        let prefix = if self.kind == "LoginFault" { "" } else { "sf:" };
        let kind = self.kind;
        format!(
            "<soapenv:Fault><faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring>\
             <detail><sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>{code}</sf:exceptionCode>\
             <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault>"
        )
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.message)
    }
}
