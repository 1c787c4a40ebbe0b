//! Any text as a query (or, if it begins with `FIND`, as a search): an answer, or 400 with an error code.

#![no_main]

use std::cell::RefCell;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use sim_salesforce::Salesforce;

thread_local! {
    static ORG: RefCell<Salesforce> = RefCell::new(org());
}

fn org() -> Salesforce {
    let mut org = Salesforce::northwind(Timestamp::UNIX_EPOCH);
    org.knobs.daily_limit = u64::MAX;
    org
}

fuzz_target!(|text: &str| {
    ORG.with_borrow_mut(|org| {
        let reply = org.ask("anna.berg@northwind.example", text, Timestamp::UNIX_EPOCH);
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        match reply.status.as_u16() {
            200 => {}
            400 => assert!(body.contains("\"errorCode\":\""), "{text:?}: {body}"),
            status => panic!("{status} for {text:?}: {body}"),
        }
    });
});
