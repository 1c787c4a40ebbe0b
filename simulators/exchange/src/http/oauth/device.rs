//! Signing in on another device: `/devicecode`, the page for its code, and the polling.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use super::grant::Granted;
use super::{Denial, Form, escape, needed, page};
use crate::model::{Device, DeviceAnswer, Exchange, ids};

/// Seconds that a code lives.
const LIFE: i64 = 900;
/// Seconds between two polls.
const INTERVAL: i64 = 5;
/// What codes are written with: nothing that reads like something else.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

impl Exchange {
    pub(super) fn device_code(
        &mut self,
        request: &Request,
        form: &Form,
        now: Timestamp,
        tenant: &str,
    ) -> Result<Value, Denial> {
        if !self.is_tenant(tenant) {
            return Err(Denial::unknown_tenant(tenant));
        }
        self.check_client(request, form, tenant)?;
        let scope = needed(form, "scope")?.to_owned();
        let device_code = self.next_secret("device");
        let letters = ids::digest(&[&self.seed, "user code", &device_code]);
        let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().map_or('A', char::from);
        let user_code: String = letters.iter().take(9).map(letter).collect();
        let device = Device {
            user_code: user_code.clone(),
            scope,
            expires: now + SignedDuration::from_secs(LIFE),
            polled: None,
            answer: None,
        };
        self.grants.devices.insert(device_code.clone(), device);
        let address = format!("{}/devicelogin", request.origin);
        let message = format!(
            "To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate."
        );
        Ok(json!({
            "user_code": user_code, "device_code": device_code, "verification_uri": address,
            "expires_in": LIFE, "interval": INTERVAL, "message": message,
        }))
    }

    /// The page where a person enters the code. A POST of the form decides.
    pub(super) fn device_page(&mut self, request: &Request, now: Timestamp) -> Reply {
        let form: Form = if request.method == "POST" { request.form().into_iter().collect() } else { Form::new() };
        let known = |name: &str| form.get(name).map(String::as_str).or_else(|| request.param(name));
        let code = known("otc").or_else(|| known("user_code")).unwrap_or_default();
        if request.method == "POST" {
            let declined = known("action").is_some_and(|action| action.eq_ignore_ascii_case("decline"));
            let hint = known("login_hint").filter(|hint| !hint.is_empty());
            let mailbox = match hint {
                Some(hint) => self.mailbox_of(hint),
                None => Some(self.grants.signs_in).filter(|index| *index < self.mailboxes.len()),
            };
            let answer = match mailbox {
                Some(mailbox) if !declined => DeviceAnswer::Signed(mailbox),
                _ => DeviceAnswer::Declined,
            };
            if self.answer_device(code, answer, now) {
                return page(200, "Sign in", "<p>You have answered. You may now close this window.</p>");
            }
            return page(400, "Sign in", "<p>That code didn't work. Check the code and try again.</p>");
        }
        let people = self.mailboxes.iter().map(|mailbox| {
            format!("<option value=\"{}\">{}</option>", escape(&mailbox.address), escape(&mailbox.display_name))
        });
        let people: String = people.collect();
        let form = format!(
            "<form method=\"post\"><p><label>Code <input name=\"otc\" value=\"{}\"></label></p>\
             <p><label>As <select name=\"login_hint\">{people}</select></label></p>\
             <p><button name=\"action\" value=\"approve\">Continue</button>\
             <button name=\"action\" value=\"decline\">Cancel</button></p></form>",
            escape(code)
        );
        page(200, "Enter code to allow access", &form)
    }

    fn answer_device(&mut self, user_code: &str, answer: DeviceAnswer, now: Timestamp) -> bool {
        let wanted = user_code.trim().to_ascii_uppercase();
        let mut open = self.grants.devices.values_mut().filter(|device| device.expires > now);
        let Some(device) = open.find(|device| device.user_code == wanted && device.answer.is_none()) else {
            return false;
        };
        if let DeviceAnswer::Signed(mailbox) = answer {
            let scope = device.scope.clone();
            device.answer = Some(answer);
            self.grants.consent(mailbox, &scope);
        } else {
            device.answer = Some(answer);
        }
        true
    }

    /// Enters a device's user code and consents as that user, as a person at the page would. Whether
    /// there is such a code and such a user.
    pub fn approve_device(&mut self, user_code: &str, address: &str, now: Timestamp) -> bool {
        let mailbox = self.mailbox_of(address);
        mailbox.is_some_and(|mailbox| self.answer_device(user_code, DeviceAnswer::Signed(mailbox), now))
    }

    /// Enters a device's user code and says no. Whether there is such a code.
    pub fn decline_device(&mut self, user_code: &str, now: Timestamp) -> bool {
        self.answer_device(user_code, DeviceAnswer::Declined, now)
    }

    pub(super) fn redeem_device(&mut self, form: &Form, now: Timestamp) -> Result<Granted, Denial> {
        let text = form.get("device_code").or_else(|| form.get("code")).map_or("", String::as_str);
        if text.is_empty() {
            needed(form, "device_code")?;
        }
        let unknown = || Denial::new("bad_verification_code", 70018, "Invalid verification code.");
        let device = self.grants.devices.get_mut(text).ok_or_else(unknown)?;
        if device.expires <= now {
            let message = "The device_code has expired. Start the sign-in again with a new one.";
            return Err(Denial::new("expired_token", 70020, message));
        }
        match device.answer {
            Some(DeviceAnswer::Signed(mailbox)) => {
                let scope = device.scope.clone();
                self.grants.devices.remove(text);
                Ok(Granted::to_user(mailbox, scope, None))
            }
            Some(DeviceAnswer::Declined) => {
                let message = "User declined to consent to access the app.";
                Err(Denial::new("authorization_declined", 65004, message))
            }
            None => {
                let soonest = device.polled.map(|at| at + SignedDuration::from_secs(INTERVAL));
                let hasty = soonest.is_some_and(|soonest| now < soonest);
                device.polled = Some(now);
                let pending = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
                let slow = "OAuth 2.0 device flow error. The client polls too often. Slow down.";
                let (error, number, message) =
                    if hasty { ("slow_down", 70017, slow) } else { ("authorization_pending", 70016, pending) };
                Err(Denial::new(error, number, message))
            }
        }
    }
}
