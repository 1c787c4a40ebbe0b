use super::*;

#[test]
fn who_may_call_and_how_the_others_are_refused() {
    let mut world = World::new();
    let path = "/gmail/v1/users/me/profile";
    for (token, address) in [
        ("test-token", CARLA),
        ("sim-deniz.evren@northwind.example", "deniz.evren@northwind.example"),
        ("sim-Carla.Diaz@NORTHWIND.example", CARLA),
    ] {
        let request = Request::new(Method::GET, path, "http://h");
        let reply = world.send(&with_header(request, "authorization", &format!("Bearer {token}")));
        assert_eq!(reply.body_json()["emailAddress"], address);
        assert_eq!(reply.headers["content-type"], "application/json; charset=UTF-8");
    }
    for token in ["sim-nobody@northwind.example", "ya29.other", ""] {
        let request = Request::new(Method::GET, path, "http://h");
        let reply = world.send(&with_header(request, "authorization", &format!("Bearer {token}")));
        let challenge = reply.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer ") && challenge.ends_with("error=\"invalid_token\""));
        assert_eq!(
            (reply.status.as_u16(), reply.body_json()),
            (
                401,
                json!({ "error": {
                    "code": 401,
                    "message": "Invalid Credentials",
                    "errors": [{
                        "message": "Invalid Credentials", "domain": "global", "reason": "authError",
                        "locationType": "header", "location": "Authorization",
                    }],
                    "status": "UNAUTHENTICATED",
                }})
            )
        );
    }
    let reply = world.send(&Request::new(Method::GET, path, "http://h"));
    assert_eq!((reply.status.as_u16(), reason(&reply.body_json()).0), (401, "required"));
    let other = "/gmail/v1/users/deniz.evren%40northwind.example/profile";
    let reply = world.send(&request("GET", other, Value::Null));
    assert_eq!((reply.status.as_u16(), reason(&reply.body_json()).0), (403, "forbidden"));
}

#[test]
fn oauth_refreshes_without_a_new_refresh_token_and_refuses_in_its_own_shape() {
    let mut world = World::new();
    let refresh = format!("grant_type=refresh_token&refresh_token=refresh-{CARLA}");
    let (status, body) = world.token(&refresh);
    assert_eq!((status, &body["expires_in"], &body["token_type"]), (200, &json!(3599), &json!("Bearer")));
    assert!(body.get("refresh_token").is_none());
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let profile =
        with_header(Request::new(Method::GET, "/gmail/v1/users/me/profile", "http://h"), "authorization", &bearer);
    assert_eq!(world.send(&profile).status, 200);
    world.now += SignedDuration::from_secs(3600);
    assert_eq!(world.send(&profile).status, 401, "an hour is over");

    let code = format!("grant_type=authorization_code&code=code-{CARLA}&redirect_uri=http%3A%2F%2Fh%2Fcb");
    let (_, first) = world.token(&code);
    assert!(first["refresh_token"].as_str().unwrap().starts_with("1//"));
    for (form, status, error) in [
        (code.as_str(), 400, "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=other", 400, "invalid_grant"),
        ("grant_type=refresh_token", 400, "invalid_request"),
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("x=y", 400, "invalid_request"),
        ("client_id=other", 401, "invalid_client"),
        ("client_secret=other", 401, "invalid_client"),
    ] {
        let (seen, body) = world.token(form);
        assert_eq!((seen, body["error"].as_str()), (status, Some(error)), "{form}");
        assert!(body["error_description"].is_string());
    }

    world.gmail.revoke_refresh_token(CARLA);
    let (status, body) = world.token(&refresh);
    let expected = json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." });
    assert_eq!((status, body), (400, expected));
}

#[test]
fn a_revoked_or_expired_access_token_is_worth_nothing() {
    let mut world = World::new();
    let refresh = format!("grant_type=refresh_token&refresh_token=refresh-{CARLA}");
    let profile = |token: &str| {
        let request = Request::new(Method::GET, "/gmail/v1/users/me/profile", "http://h");
        with_header(request, "authorization", &format!("Bearer {token}"))
    };
    let first = world.token(&refresh).1["access_token"].as_str().unwrap().to_owned();
    world.gmail.expire_access_tokens();
    assert_eq!(world.send(&profile(&first)).status, 401);
    let second = world.token(&refresh).1["access_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let revoke = Request::new(Method::POST, &format!("/revoke?token={second}"), "http://h");
    assert_eq!(world.send(&revoke).status, 200);
    assert_eq!(world.send(&revoke).status, 400);
    assert_eq!(world.send(&profile(&second)).status, 401);
    assert_eq!(world.token(&refresh).0, 400);
}

#[test]
fn what_is_not_there_answers_as_a_path_google_does_not_know() {
    let mut world = World::new();
    for (method, path) in [
        ("GET", "/calendar/v3/users/me/calendarList"),
        ("GET", "/v1/people/me"),
        ("GET", "/tasks/v1/users/@me/lists"),
        ("POST", "/gmail/v1/users/me/messages/send"),
        ("GET", "/gmail/v1/users/me/drafts"),
        ("PUT", "/gmail/v1/users/me/messages/1f"),
        ("GET", "/batch"),
        ("GET", "/<script>"),
    ] {
        let reply = world.send(&request(method, path, Value::Null));
        assert_eq!((reply.status.as_u16(), reply.content_type()), (404, "text/html"), "{path}");
        assert!(!reply.body.windows(8).any(|window| window == b"<script>"));
    }
}

#[test]
fn deliveries_need_a_mailbox_and_labels_that_are_there() {
    let mut world = World::new();
    let context = Context { now: world.now, courier: &world.courier };
    let nobody = world.gmail.deliver("nobody@x.example", &[], MAIL, &context);
    assert_eq!(nobody, Err(DeliverError::UnknownMailbox("nobody@x.example".into())));
    let unlabelled = world.gmail.deliver(CARLA, &["INBOX", "Label_3"], MAIL, &context);
    assert_eq!(unlabelled, Err(DeliverError::UnknownLabel("Label_3".into())));
    assert!(world.gmail.deliver(CARLA, &[], b"\0\xff", &context).is_ok());
}

#[test]
fn a_restored_world_goes_on_as_the_saved_one_would_have() {
    let mut world = World::new();
    let id = world.deliver(MAIL);
    world.post("labels", json!({ "name": "Kept" }));
    let mut restored = World { gmail: Gmail::restore(world.gmail.snapshot()).unwrap(), ..World::new() };
    assert_eq!(restored.gmail.snapshot(), world.gmail.snapshot());
    assert_eq!(restored.get(&format!("messages/{id}")), world.get(&format!("messages/{id}")));
    assert_eq!(restored.deliver(MAIL), world.deliver(MAIL), "ids go on where they were");
    assert_eq!(restored.history_id(), world.history_id());
}

#[test]
fn faults_look_like_googles() {
    let world = World::new();
    let context = Context { now: world.now, courier: &world.courier };
    let throttled = world.gmail.throttled(7, &context);
    assert_eq!((throttled.status.as_u16(), throttled.headers["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(reason(&throttled.body_json()).0, "rateLimitExceeded");
    assert_eq!(throttled.body_json()["error"]["status"], "RESOURCE_EXHAUSTED");
    for status in [500, 502, 503, 504] {
        let reply = world.gmail.failing(status, &context);
        assert_eq!((reply.status.as_u16(), &reply.body_json()["error"]["code"]), (status, &json!(status)));
    }
}
