//! How the pages look. The style stands in the page itself; the policy allows this one and nothing else.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// The style sheet.
pub(crate) const SHEET: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb;
  --good: #15803d; --bad: #b91c1c; --dim: #6b7280; }
@media (prefers-color-scheme: dark) {
  :root { --accent: #60a5fa; --good: #4ade80; --bad: #f87171; --dim: #9ca3af; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; justify-content: space-between; align-items: center; padding: .6rem 1.5rem;
  border-bottom: 1px solid var(--line); }
header a { font-weight: 700; color: inherit; text-decoration: none; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
a { color: var(--accent); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .7rem; border-bottom: 1px solid var(--line); }
thead th { font-size: .85rem; color: var(--dim); }
tbody tr:hover { background: var(--soft); }
caption { text-align: left; color: var(--dim); padding: .3rem 0; }
code { font-size: .85em; overflow-wrap: anywhere; }
small, .dim { color: var(--dim); } td small { display: block; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
button { font: inherit; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--soft); color: inherit; cursor: pointer; }
button.main { background: var(--accent); border-color: var(--accent); color: Canvas; }
button.main, header button { white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
input { font: inherit; display: block; width: 100%; padding: .4rem; margin: .3rem 0 1rem; }
.login { max-width: 24rem; margin: 4rem auto; }
.row { display: flex; gap: .6rem; flex-wrap: wrap; align-items: center; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; } dd { margin: 0; }
details { border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .8rem; margin: .5rem 0; }
summary { cursor: pointer; }
.held { border: 2px solid var(--bad); border-radius: .4rem; padding: 0 1rem 1rem; }
";

/// The `Content-Security-Policy` of every answer.
pub(crate) fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = BASE64_STANDARD.encode(Sha256::digest(SHEET.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        )
    });
    &POLICY
}
