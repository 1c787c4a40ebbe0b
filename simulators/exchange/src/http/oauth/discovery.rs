//! What the sign-in service tells about itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use super::{Denial, is_shared};
use crate::http::call::Caller;
use crate::model::{CLIENT_ID, Exchange, ids, rsa};
use crate::refusal::Refusal;

/// The name of the key that tokens are signed with.
pub(super) const KEY_ID: &str = "simulated-key-1";

impl Exchange {
    /// `openid-configuration`, of the second or the first version.
    pub(super) fn configuration(&self, request: &Request, tenant: &str, second: bool) -> Value {
        let origin = &request.origin;
        let named = if is_shared(tenant) { "{tenantid}" } else { &self.tenant };
        let base = format!("{origin}/{tenant}");
        let issuer = Self::issuer(named, second);
        let keys = if second { "discovery/v2.0/keys" } else { "discovery/keys" };
        json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/{keys}"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": format!("{origin}/oidc/userinfo"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
            "claims_supported": [
                "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name",
                "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name",
                "tid", "ver", "at_hash", "c_hash", "email",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        })
    }

    /// `/oidc/userinfo`: who the token belongs to.
    pub(crate) fn user_info(&self, caller: Caller) -> Result<Reply, Refusal> {
        let user = match caller {
            Caller::User(index) => self.mailboxes.get(index),
            Caller::App => None,
        };
        let user = user.ok_or_else(Refusal::access_denied)?;
        let (given, family) = user.display_name.split_once(' ').unwrap_or((&user.display_name, ""));
        Ok(Reply::json(
            200,
            &json!({
                "sub": self.subject(CLIENT_ID, &user.id), "name": user.display_name, "given_name": given,
                "family_name": family, "email": user.address,
                "picture": "https://graph.microsoft.com/v1.0/me/photo/$value",
            }),
        ))
    }

    /// A user as one application knows him.
    pub(super) fn subject(&self, client: &str, user: &str) -> String {
        ids::guid(&[&self.seed, "subject", client, user])
    }

    /// Who signs tokens.
    pub(crate) fn issuer(tenant: &str, second: bool) -> String {
        if second {
            format!("https://login.microsoftonline.com/{tenant}/v2.0")
        } else {
            format!("https://sts.windows.net/{tenant}/")
        }
    }

    /// A JSON Web Token that the published key verifies.
    pub(crate) fn signed_token(claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": KEY_ID, "x5t": KEY_ID});
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = URL_SAFE_NO_PAD.encode(rsa::sign(&text));
        format!("{text}.{signature}")
    }
}

pub(super) fn keys() -> Value {
    json!({"keys": [{
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "x5t": KEY_ID,
        "n": URL_SAFE_NO_PAD.encode(rsa::modulus()), "e": URL_SAFE_NO_PAD.encode(rsa::PUBLIC_EXPONENT),
        "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
    }]})
}

/// `/common/discovery/instance`: which hosts are one and the same cloud.
pub(super) fn instance(request: &Request) -> Result<Value, Denial> {
    let asked = request.param("authorization_endpoint").filter(|asked| !asked.is_empty());
    let missing = "The request body must contain the following parameter: 'authorization_endpoint'.";
    let asked = asked.ok_or_else(|| Denial::new("invalid_request", 900_144, missing))?;
    let host = asked.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let here = request.origin.split_once("://").map_or("", |(_, host)| host);
    let cloud = ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];
    if host != here && !cloud.contains(&host) {
        return Err(Denial::new("invalid_instance", 50049, format!("Unknown or invalid instance: '{host}'.")));
    }
    let tenant = asked.split('/').nth(3).unwrap_or("common");
    let mut aliases: Vec<&str> = cloud.to_vec();
    aliases.push(here);
    Ok(json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", request.origin),
        "api-version": request.param("api-version").unwrap_or("1.1"),
        "metadata": [{
            "preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
            "aliases": aliases,
        }],
    }))
}
