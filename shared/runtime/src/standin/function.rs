//! The Lambda Runtime API (version 2018-06-01) around one process.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

/// How long a function has for an invocation, and we for its answer.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What a function answered: its response, or the error it reported.
type Answer = Result<Value, Value>;

/// A running function.
pub struct Function {
    process: Child,
    runtime: Arc<RuntimeApi>,
    invocations: mpsc::UnboundedSender<(u64, Value)>,
    logs: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    count: u64,
}

struct RuntimeApi {
    next: AsyncMutex<mpsc::UnboundedReceiver<(u64, Value)>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
}

impl Function {
    /// Starts a binary as Lambda would, with these settings and nothing else in its environment.
    pub async fn start(binary: &str, settings: &[(String, String)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (invocations, next) = mpsc::unbounded_channel();
        let runtime = Arc::new(RuntimeApi { next: AsyncMutex::new(next), waiting: Mutex::default() });
        tokio::spawn(serve(listener, Arc::clone(&runtime)));
        let mut process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function-under-test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(settings.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let logs = Arc::default();
        let readers = vec![collect(process.stdout.take(), &logs), collect(process.stderr.take(), &logs)];
        Self { process, runtime, invocations, logs, readers, count: 0 }
    }

    /// Invokes the function and waits for its answer.
    pub async fn invoke(&mut self, event: &Value) -> Answer {
        self.count += 1;
        let (answered, answer) = oneshot::channel();
        lock(&self.runtime.waiting).insert(self.count.to_string(), answered);
        let sent = self.invocations.send((self.count, event.clone()));
        sent.expect("the Runtime API runs");
        match tokio::time::timeout(TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            _ => panic!("no answer; the function said: {}", self.logs()),
        }
    }

    /// Waits for the process to end by itself; says how it ended and all that it wrote.
    pub fn wait(&mut self) -> (std::process::ExitStatus, String) {
        let status = self.process.wait().expect("a process");
        for reader in self.readers.drain(..) {
            reader.join().expect("a reader");
        }
        (status, self.logs())
    }

    /// Ends the process; says all that it wrote. Its answer may come before the last lines it wrote are read.
    pub fn end(&mut self) -> String {
        // It may have ended by itself.
        let _ = self.process.kill();
        self.wait().1
    }

    fn logs(&self) -> String {
        lock(&self.logs).clone()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An SQS batch as Lambda hands it over: message ids and bodies.
pub fn sqs_event(messages: &[(&str, &str)]) -> Value {
    let record = |(id, body): &(&str, &str)| {
        json!({
            "messageId": id,
            "receiptHandle": "AQEB",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1930000000000",
                "SenderId": "AIDA",
                "ApproximateFirstReceiveTimestamp": "1930000000001"
            },
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
            "awsRegion": "us-east-1"
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

/// A request as an HTTP API hands it over (payload format 2.0).
pub fn http_event(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut all: HashMap<&str, &str> = headers.iter().copied().collect();
    all.insert("host", "api.example");
    all.insert("x-forwarded-proto", "https");
    let cookies: Vec<&str> = all.remove("cookie").into_iter().collect();
    json!({
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies,
        "headers": all,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "domainName": "api.example",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test"
            },
            "requestId": "id",
            "routeKey": "ANY /{proxy+}",
            "stage": "$default",
            "time": "03/Mar/2031:09:00:00 +0000",
            "timeEpoch": 1_930_294_800_000_u64
        },
        "body": body,
        "isBase64Encoded": false
    })
}

async fn serve(listener: TcpListener, runtime: Arc<RuntimeApi>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, Arc::clone(&runtime)));
    }
}

async fn connection(stream: TcpStream, runtime: Arc<RuntimeApi>) {
    // Else a small answer waits for the other side's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let runtime = Arc::clone(&runtime);
        async move { Ok::<_, Infallible>(runtime.answer(request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    // The function ends its connections as it likes, also in the middle of waiting for the next event.
    drop(served);
}

impl RuntimeApi {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let path = path.strip_prefix("/2018-06-01/runtime/").unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["invocation", "next"]) => self.next().await,
            ("POST", ["invocation", id, "response"]) => self.done(id, Ok(body(request).await)),
            ("POST", ["invocation", id, "error"]) => self.done(id, Err(body(request).await)),
            ("POST", ["init", "error"]) => status(StatusCode::ACCEPTED),
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let Some((id, event)) = self.next.lock().await.recv().await else {
            return status(StatusCode::GONE);
        };
        let end = SystemTime::now() + TIMEOUT;
        let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Response::builder()
            .header("lambda-runtime-aws-request-id", id)
            .header("lambda-runtime-deadline-ms", end.as_millis().to_string())
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:function-under-test",
            )
            .header("content-type", "application/json")
            .body(Full::from(event.to_string()))
            .expect("a response")
    }

    fn done(&self, id: &str, answer: Answer) -> Response<Full<Bytes>> {
        match lock(&self.waiting).remove(id) {
            // Nobody waits any more if the test has given up.
            Some(waiting) => drop(waiting.send(answer)),
            None => return status(StatusCode::BAD_REQUEST),
        }
        status(StatusCode::ACCEPTED)
    }
}

async fn body(request: Request<Incoming>) -> Value {
    let bytes = request.into_body().collect().await;
    let bytes = bytes.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)))
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn collect<R: Read + Send + 'static>(output: Option<R>, logs: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let logs = Arc::clone(logs);
    std::thread::spawn(move || {
        for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()) {
            let Ok(line) = line else { return };
            let mut logs = lock(&logs);
            logs.push_str(&line);
            logs.push('\n');
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
