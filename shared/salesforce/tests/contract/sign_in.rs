//! Tokens.

use reqwest::Method;
use sim_kit::{Fault, FaultRule};
use sim_salesforce::APP_PRIVATE_KEY;
use syncline_core::cursor::Position;
use syncline_ports::{Entropy, ErrorKind};
use syncline_salesforce::{AssertionKey, begin, finish, revoke};

use super::*;

const TOKEN_PATH: &str = "/services/oauth2/token";

/// Some request; whether it went well.
async fn ask(world: &World) -> Result<(), ErrorKind> {
    world.events().changes(&window(), &Position::Start).await.map(|_| ()).map_err(|error| error.kind)
}

/// Anna's last access token works no more, and there was none before.
fn expire(world: &World) {
    world.vault.0.lock().unwrap().0.access_token = Some("expired".into());
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_kept() {
    let world = world().await;
    expire(&world);
    assert_eq!(ask(&world).await, Ok(()));
    assert_eq!((world.requests(TOKEN_PATH), world.vault.saves()), (1, 1));
    assert_ne!(world.vault.grant().access_token.as_deref(), Some("expired"));
    world.later(3 * 3600);
    assert_eq!(ask(&world).await, Ok(()), "the session timed out, and is renewed again");
    assert_eq!((world.requests(TOKEN_PATH), world.vault.saves()), (2, 2));
}

#[tokio::test]
async fn a_grant_without_access_token_or_instance_is_completed() {
    let world = world().await;
    {
        let mut kept = world.vault.0.lock().unwrap();
        (kept.0.access_token, kept.0.instance_url) = (None, None);
    }
    assert_eq!(ask(&world).await, Ok(()));
    let grant = world.vault.grant();
    assert_eq!(grant.instance_url.as_deref().map(|url| url.trim_end_matches('/')), Some(world.org.url().as_str()));
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_before_it_is_used() {
    let world = world().await;
    world.org.model().knobs.rotate_refresh_tokens = true;
    expire(&world);
    // The request after the refresh fails; the new refresh token must be safe by then.
    world.org.faults().add(FaultRule::on(Method::GET, "/sobjects/Event/describe", Fault::FailBefore(503)).nth(2));
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient));
    assert_ne!(world.vault.grant().refresh_token, format!("refresh-{ANNA}"));
    world.org.model().expire_sessions();
    world.later(120);
    assert_eq!(ask(&world).await, Ok(()));
}

#[tokio::test]
async fn d32_a_revoked_grant_is_tried_once() {
    let world = world().await;
    expire(&world);
    world.org.model().revoke_refresh_token(ANNA);
    assert_eq!(ask(&world).await, Err(ErrorKind::AuthRevoked));
    assert_eq!((world.requests(TOKEN_PATH), world.vault.saves()), (1, 0));
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_their_trouble() {
    let world = world().await;
    world.org.faults().add(FaultRule::on(Method::GET, "/services/data", Fault::FailBefore(401)).times(3));
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient));
    assert_eq!(world.requests(TOKEN_PATH), 1);
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient), "no storm of refreshes");
    assert_eq!(world.requests(TOKEN_PATH), 1);
    assert_eq!(ask(&world).await, Ok(()));
}

#[tokio::test]
async fn a_token_that_another_worker_got_is_used() {
    let world = world().await;
    assert_eq!(ask(&world).await, Ok(()));
    world.vault.0.lock().unwrap().0.access_token = Some("test-token".into());
    world.org.faults().add(FaultRule::on(Method::GET, "/services/data", Fault::FailBefore(401)));
    assert_eq!(ask(&world).await, Ok(()));
    assert_eq!(world.requests(TOKEN_PATH), 0);
}

#[tokio::test]
async fn a_token_endpoint_out_of_order_is_for_later() {
    let world = world().await;
    expire(&world);
    world.org.faults().add(FaultRule::on(Method::POST, TOKEN_PATH, Fault::FailBefore(503)));
    assert_eq!(ask(&world).await, Err(ErrorKind::Transient));
    assert_eq!(ask(&world).await, Ok(()));
}

struct Dice;

impl Entropy for Dice {
    fn bytes(&self) -> [u8; 32] {
        [9; 32]
    }
}

const BACK: &str = "https://sync.example/signed-in";

/// Goes through the browser's part; gives the code and the state it came back with.
async fn through_the_browser(url: &str) -> (String, String) {
    let policy = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap();
    let answer = browser.get(format!("{url}&login_hint={ANNA}")).send().await.unwrap();
    let location = answer.headers().get("location").expect("it sends the browser back").to_str().unwrap().to_owned();
    assert!(location.starts_with(BACK), "{location}");
    let back = url::Url::parse(&location).unwrap();
    let pair = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    (pair("code").unwrap_or_else(|| panic!("{location}")), pair("state").unwrap())
}

#[tokio::test]
async fn who_signs_in_at_the_browser_gets_a_grant_that_can_be_renewed_and_given_back() {
    let world = world().await;
    let settings = Settings { login_url: world.org.url(), ..Settings::new(CLIENT_ID, CLIENT_SECRET) };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = begin(&settings, BACK, &Dice);
    let (code, state) = through_the_browser(&begun.url).await;
    assert_eq!(state, begun.state);
    let other = finish(&settings, &http, &code, BACK, "somebody else's verifier").await;
    assert_eq!(other.err().map(|error| error.kind), Some(ErrorKind::AuthRevoked), "a stolen code is worth nothing");
    let (code, _) = through_the_browser(&begun.url).await;
    let signed_in = finish(&settings, &http, &code, BACK, &begun.verifier).await.unwrap();
    assert_eq!(signed_in.user, world.anna);
    assert!(signed_in.org.starts_with("00D"));
    let again = finish(&settings, &http, &code, BACK, &begun.verifier).await;
    assert_eq!(again.err().map(|error| error.kind), Some(ErrorKind::AuthRevoked), "a code works once");

    world.vault.0.lock().unwrap().0 = Grant { access_token: None, ..signed_in.grant.clone() };
    assert_eq!(ask(&world).await, Ok(()));
    revoke(&settings, &http, &signed_in.grant).await.unwrap();
    revoke(&settings, &http, &signed_in.grant).await.unwrap();
    let other = world.another_process();
    world.org.model().expire_sessions();
    world.vault.0.lock().unwrap().0.access_token = None;
    drop(other);
    world.later(120);
    assert_eq!(ask(&world).await, Err(ErrorKind::AuthRevoked));
}

#[tokio::test]
async fn our_own_word_signs_a_user_in_whom_nobody_else_signed_in() {
    let world = world().await;
    let audience = Some("https://login.salesforce.com".to_owned());
    let assertion = Some(AssertionKey::from_pem(APP_PRIVATE_KEY).unwrap());
    let settings =
        Settings { login_url: world.org.url(), assertion, audience, ..Settings::new(CLIENT_ID, String::new()) };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let nothing = Grant { refresh_token: String::new(), access_token: None, expires: None, instance_url: None };
    let of = |username: &str| {
        let vault = Arc::new(Vault(Mutex::new((nothing.clone(), 0))));
        let account = Account { user: world.anna.clone(), username: username.to_owned() };
        let (clock, shared) = (Arc::new(WorldClock(world.org.clock().clone())), Arc::clone(&world.shared));
        (Salesforce::new(settings.clone(), http.clone(), vault.clone(), clock, shared, account), vault)
    };
    let (anna, vault) = of(ANNA);
    anna.events().changes(&window(), &Position::Start).await.unwrap();
    assert_eq!((vault.saves(), vault.grant().instance_url.is_some()), (1, true));
    world.later(3 * 3600);
    anna.events().changes(&window(), &Position::Start).await.unwrap();
    assert_eq!(vault.saves(), 2, "the session timed out, and our word is given anew");
    let (nobody, _) = of("nobody@northwind.example");
    let error = nobody.events().changes(&window(), &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AuthRevoked);

    world.later(3 * 3600);
    world.org.model().app.certificate.clear();
    let error = anna.events().changes(&window(), &Position::Start).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "our key is the wrong one for every user, and none is blocked for it");
}
