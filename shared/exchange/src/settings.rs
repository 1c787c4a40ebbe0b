//! Where Graph is, and who we are to it.

/// Where Graph is and who we are to it.
#[derive(Clone)]
pub struct Settings {
    /// Graph with its version, without a slash at the end.
    pub graph_url: String,
    /// The token endpoint of the identity platform; of one's own tenant for the application's sign-in.
    pub token_url: String,
    /// The id of our application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Who opens the mailbox.
    pub sign_in: SignInAs,
    /// What the application asks access to; the user's consent says it by itself.
    pub scope: String,
}

/// Who opens the mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignInAs {
    /// Its user, by the refresh token that their consent left in the vault: `/me`.
    #[default]
    User,
    /// The application itself, by the consent of the tenant's administrator: `/users/{address}`. There is
    /// no refresh token; the vault only keeps the access token while it lasts.
    Application,
}

impl Settings {
    /// The worldwide service, for users of any tenant.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            graph_url: "https://graph.microsoft.com/v1.0".to_owned(),
            token_url: token_url("common"),
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            sign_in: SignInAs::User,
            scope: "https://graph.microsoft.com/.default".to_owned(),
        }
    }

    /// The worldwide service, for the mailboxes of one tenant (its id or domain) whose administrator
    /// consented.
    pub fn app_only(client_id: impl Into<String>, client_secret: impl Into<String>, tenant: &str) -> Self {
        Self { token_url: token_url(tenant), sign_in: SignInAs::Application, ..Self::new(client_id, client_secret) }
    }
}

fn token_url(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Settings").field("graph_url", &self.graph_url).finish_non_exhaustive()
    }
}
