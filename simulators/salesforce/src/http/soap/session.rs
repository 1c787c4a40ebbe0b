//! Sessions: their beginning and end, and whose they are.

use jiff::Timestamp;
use roxmltree::Node;
use sim_kit::Request;

use crate::model::{Row, Salesforce};

use super::fault::Fault;
use super::xml::{element, text};
use super::{SoapCall, Wsdl};

pub(super) fn login(
    org: &mut Salesforce,
    request: &Request,
    wsdl: Wsdl,
    version: &str,
    login: Node<'_, '_>,
    now: Timestamp,
) -> Result<String, Fault> {
    let pass = org.log_in(&text(login, "username"), &text(login, "password"), now).map_err(|_| Fault::login())?;
    let org_id = org.org_id().get(..15).unwrap_or_default();
    let server = |letter: char| format!("{}/services/Soap/{letter}/{version}/{org_id}", request.origin);
    let about = org.user(&pass.user).map(|user| about(org, user)).unwrap_or_default();
    Ok(format!(
        "<result>{}<passwordExpired>false</passwordExpired><sandbox>false</sandbox>{}{}{}<userInfo>{about}</userInfo></result>",
        element("metadataServerUrl", &server('m')),
        element("serverUrl", &server(wsdl.letter())),
        element("sessionId", &pass.access_token),
        element("userId", &pass.user),
    ))
}

#[expect(clippy::unnecessary_wraps, reason = "an operation among others")]
pub(super) fn logout(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    org.revoke(call.session);
    Ok(String::new())
}

/// Ends other sessions, each with an outcome of its own.
#[expect(clippy::unnecessary_wraps, reason = "an operation among others")]
pub(super) fn invalidate(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    let sessions = call.element.children().filter(|child| child.tag_name().name() == "sessionIds");
    let results = sessions.map(|session| {
        if org.revoke(session.text().unwrap_or_default().trim()) {
            return "<result><success>true</success></result>".to_owned();
        }
        let error = element("message", "Invalid session id") + &element("statusCode", "INVALID_SESSION_ID");
        format!("<result><errors>{error}</errors><success>false</success></result>")
    });
    Ok(results.collect())
}

#[expect(clippy::unnecessary_wraps, reason = "an operation among others")]
pub(super) fn server_timestamp(_org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    let now = call.now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    Ok(format!("<result>{}</result>", element("timestamp", &now)))
}

pub(super) fn user_info(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    let user = org.user(&call.caller.user).ok_or_else(Fault::no_session)?;
    Ok(format!("<result>{}</result>", about(org, user)))
}

/// Whose session it is, in the order of the vendor's description.
fn about(org: &Salesforce, user: &Row) -> String {
    let name = org.rows("Organization").next().map(|org| org.text("Name").to_owned());
    let seconds = org.knobs.session_timeout.as_secs().to_string();
    let value = |field: &str| user.text(field).to_owned();
    let known = [
        ("accessibilityMode", "false".to_owned()),
        ("chatterExternal", "false".to_owned()),
        ("currencySymbol", "$".to_owned()),
        ("orgAttachmentFileSizeLimit", "26214400".to_owned()),
        ("orgDefaultCurrencyIsoCode", "USD".to_owned()),
        ("orgDefaultCurrencyLocale", "en_US".to_owned()),
        ("orgDisallowHtmlAttachments", "false".to_owned()),
        ("orgHasPersonAccounts", "false".to_owned()),
        ("organizationId", org.org_id().to_owned()),
        ("organizationMultiCurrency", "false".to_owned()),
        ("organizationName", name.unwrap_or_default()),
        ("profileId", value("ProfileId")),
        ("sessionSecondsValid", seconds),
        ("userEmail", value("Email")),
        ("userFullName", value("Name")),
        ("userId", user.id().to_owned()),
        ("userLanguage", value("LanguageLocaleKey")),
        ("userLocale", value("LocaleSidKey")),
        ("userName", value("Username")),
        ("userTimeZone", value("TimeZoneSidKey")),
        ("userType", "Standard".to_owned()),
        ("userUiSkin", "Theme3".to_owned()),
    ];
    known.iter().map(|(name, text)| element(name, text)).collect::<String>()
        + "<roleId xsi:nil=\"true\"/><userDefaultCurrencyIsoCode xsi:nil=\"true\"/>"
}
