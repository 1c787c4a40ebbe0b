//! `/authorize`: the page where a person signs in and consents, without the person.

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sim_kit::{Reply, Request};

use super::{Denial, escape, page};
use crate::model::{Code, Exchange};

const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// What goes back to the application, in the order sent.
type Answer = Vec<(&'static str, String)>;

impl Exchange {
    /// Signs in the person of `login_hint`, or whoever [`Exchange::sign_in`] named, and consents. What
    /// cannot safely be told to the redirect address is told on a page.
    pub(super) fn authorize(&mut self, request: &Request, now: Timestamp, tenant: &str) -> Reply {
        let form: Vec<(String, String)> = if request.method == "POST" { request.form() } else { Vec::new() };
        let param = |name: &str| {
            let posted = form.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
            posted.or_else(|| request.param(name)).filter(|value| !value.is_empty())
        };
        if !self.is_tenant(tenant) {
            return refused(&Denial::unknown_tenant(tenant));
        }
        let Some(client) = param("client_id") else {
            return refused(&missing("client_id"));
        };
        if !self.is_client(client) {
            return refused(&Denial::unknown_client(client, tenant));
        }
        let Some(redirect) = param("redirect_uri") else {
            return refused(&missing("redirect_uri"));
        };
        let mailbox = match param("login_hint") {
            Some(hint) => self.mailbox_of(hint),
            None => Some(self.grants.signs_in).filter(|index| *index < self.mailboxes.len()),
        };
        let Some(mailbox) = mailbox else {
            let hint = param("login_hint").unwrap_or_default();
            let message = format!(
                "The user account {hint} does not exist in the directory. To sign into this application, the account must be added to the directory."
            );
            return refused(&Denial::new("invalid_request", 50034, message));
        };
        let mut answer = match self.decide(&param, mailbox, redirect, now) {
            Ok(code) => vec![("code", code)],
            Err(denial) => {
                let description = format!("AADSTS{}: {}", denial.number, denial.message);
                vec![("error", denial.error.to_owned()), ("error_description", description)]
            }
        };
        if let Some(state) = param("state") {
            answer.push(("state", state.to_owned()));
        }
        send_back(redirect, param("response_mode").unwrap_or("query"), &answer)
    }

    /// The code, or why there is none.
    fn decide<'a>(
        &mut self,
        param: &impl Fn(&str) -> Option<&'a str>,
        mailbox: usize,
        redirect: &str,
        now: Timestamp,
    ) -> Result<String, Denial> {
        match param("response_type") {
            Some("code") => {}
            None => return Err(missing("response_type")),
            Some(other) => {
                let message = format!("response_type '{other}' is not enabled for the application.");
                return Err(Denial::new("unsupported_response_type", 700_054, message));
            }
        }
        let method = param("code_challenge_method").unwrap_or("plain");
        if param("code_challenge").is_some() && !method.eq_ignore_ascii_case("S256") && method != "plain" {
            let message = "The value of 'code_challenge_method' is not supported. Supported values: 'plain', 'S256'.";
            return Err(Denial::new("invalid_request", 501_491, message));
        }
        if self.switches.deny_consent {
            return Err(Denial::new("access_denied", 65004, "User declined to consent to access the app."));
        }
        let scope = param("scope").unwrap_or_default();
        self.grants.consent(mailbox, scope);
        let code = format!("0.{}", self.next_secret("code"));
        let granted = Code {
            mailbox,
            redirect_uri: redirect.to_owned(),
            scope: scope.to_owned(),
            challenge: param("code_challenge").map(|challenge| (method.to_owned(), challenge.to_owned())),
            nonce: param("nonce").map(str::to_owned),
            expires: now + CODE_LIFE,
            used: false,
        };
        self.grants.codes.insert(code.clone(), granted);
        Ok(code)
    }
}

fn send_back(redirect: &str, mode: &str, answer: &Answer) -> Reply {
    if mode.eq_ignore_ascii_case("form_post") {
        let fields = answer
            .iter()
            .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)));
        let fields: String = fields.collect();
        let form = format!(
            "<form method=\"post\" action=\"{}\">{fields}<noscript><button>Go on</button></noscript></form>\
             <script>document.forms[0].submit()</script>",
            escape(redirect)
        );
        return page(200, "Working...", &form);
    }
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let query: Vec<String> = answer.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let joint = match (mode.eq_ignore_ascii_case("fragment"), redirect.contains('?')) {
        (true, _) => '#',
        (false, true) => '&',
        (false, false) => '?',
    };
    Reply::empty(302).header("location", &format!("{redirect}{joint}{}", query.join("&")))
}

/// After `/logout`.
pub(super) fn signed_out(request: &Request) -> Reply {
    match request.param("post_logout_redirect_uri") {
        Some(target) if !target.is_empty() => Reply::empty(302).header("location", target),
        _ => page(200, "You signed out of your account", "<p>It's a good idea to close all browser windows.</p>"),
    }
}

fn missing(name: &str) -> Denial {
    let message = format!("The request body must contain the following parameter: '{name}'.");
    Denial::new("invalid_request", 900_144, message)
}

fn refused(denial: &Denial) -> Reply {
    let text = format!("<p>AADSTS{}: {}</p>", denial.number, escape(&denial.message));
    page(400, "Sign in", &text)
}
