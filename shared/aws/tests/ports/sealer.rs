use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, service::service_fn};
use hyper_util::rt::TokioIo;
use syncline_aws::{Sealer, clients};
use syncline_ports::{ErrorKind, Sealed, Secrets};

const CONTEXT: &str = "grant/anna/crm";

#[tokio::test]
async fn what_is_sealed_opens_only_as_itself() {
    let secrets = Sealer::from_key([7; 32]);
    let sealed = secrets.seal(CONTEXT, b"refresh token").await.unwrap();
    let opened = secrets.open(CONTEXT, &sealed).await.unwrap();
    assert_eq!(opened, b"refresh token");
    let empty = secrets.seal(CONTEXT, b"").await.unwrap();
    assert_eq!(secrets.open(CONTEXT, &empty).await.unwrap(), b"");
    let again = secrets.seal(CONTEXT, b"refresh token").await.unwrap();
    assert_ne!(again, sealed, "a new nonce each time");

    let refused = |error: syncline_ports::PortError| {
        assert_eq!(error.kind, ErrorKind::Rejected);
        assert!(!format!("{error:?}").contains("refresh token"));
    };
    refused(secrets.open("grant/ben/crm", &sealed).await.unwrap_err());
    let other = Sealer::from_key([8; 32]);
    refused(other.open(CONTEXT, &sealed).await.unwrap_err());
    for at in 0..sealed.0.len() {
        let mut flipped = sealed.clone();
        flipped.0[at] ^= 1;
        refused(secrets.open(CONTEXT, &flipped).await.unwrap_err());
        let cut = Sealed(sealed.0[..at].to_vec());
        refused(secrets.open(CONTEXT, &cut).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_key_file_is_made_once_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let sealed = Sealer::from_key_file(&path).unwrap().seal(CONTEXT, b"x").await.unwrap();
    let again = Sealer::from_key_file(&path).unwrap();
    assert_eq!(again.open(CONTEXT, &sealed).await.unwrap(), b"x");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(&path, b"short").unwrap();
    let error = Sealer::from_key_file(&path).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(std::fs::read(&path).unwrap(), b"short", "left as it was");
    let nowhere = folder.path().join("missing").join("key");
    assert!(Sealer::from_key_file(&nowhere).is_err());
}

/// A KMS that decrypts everything to these bytes.
async fn kms(plain: &[u8]) -> aws_sdk_kms::Client {
    let answer = format!(r#"{{"Plaintext":"{}"}}"#, BASE64_STANDARD.encode(plain));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
                let body = if target == "TrentService.Decrypt" { answer.clone() } else { String::new() };
                async move {
                    let body = Full::new(Bytes::from(body));
                    Ok::<_, std::convert::Infallible>(Response::new(body))
                }
            });
            let serve = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serve);
        }
    });
    clients::kms(&clients::local(&endpoint))
}

#[tokio::test]
async fn the_data_key_comes_from_kms() {
    let sealed = Sealer::from_key([9; 32]).seal(CONTEXT, b"x").await.unwrap();
    let client = kms(&[9; 32]).await;
    let secrets = Sealer::from_kms(&client, b"encrypted").await.unwrap();
    assert_eq!(secrets.open(CONTEXT, &sealed).await.unwrap(), b"x");
    let client = kms(&[9; 16]).await;
    let error = Sealer::from_kms(&client, b"encrypted").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
}
