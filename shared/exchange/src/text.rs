//! Bodies as plain text: To Do and a few clients keep HTML whatever is asked for.

use mail_parser::decoders::html;

use crate::row::{Problem, Row};

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 17] = [
    "address",
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "p",
    "pre",
    "tr",
];
/// The names of elements are not longer; what is, is none of the above.
const LONGEST_NAME: usize = 10;

/// The text of `{contentType, content}`, made from the HTML if it is that.
pub(crate) fn of_body(row: Row<'_>, name: &str) -> Result<String, Problem> {
    let Some(body) = row.object(name)? else {
        return Ok(String::new());
    };
    let content = body.string("content")?;
    let is_html = body.text("contentType")?.is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
    Ok(if is_html { plain(&content) } else { content })
}

/// The text of an HTML. Its lines are as long as their authors made them, so that a text which the remote
/// keeps as HTML comes back as the same text.
pub(crate) fn plain(html: &str) -> String {
    let text = html::html_to_text(&with_breaks(html));
    // Blanks that begin a line are the HTML's layout; hard ones are the author's.
    let lines: Vec<&str> = text.lines().map(|line| line.trim_matches(' ')).collect();
    lines.join("\n").trim().to_owned()
}

/// The HTML with a `<br>` wherever an element begins or ends a line: no other tag but that breaks one below.
fn with_breaks(html: &str) -> String {
    let mut broken = String::with_capacity(html.len());
    let mut rest = html;
    let mut is_line_begun = false;
    while let Some((text, tag)) = rest.split_once('<') {
        broken.push_str(text);
        is_line_begun |= !text.trim().is_empty();
        let end = if tag.starts_with("!--") { tag.find("-->").map(|at| at + 2) } else { tag.find('>') };
        let Some((inside, after)) = end.and_then(|at| tag.split_at_checked(at + 1)) else {
            // A sign, not a tag.
            broken.push_str("&lt;");
            rest = tag;
            continue;
        };
        let name = name(inside);
        if name == "br" || is_line_begun && BLOCKS.contains(&name.as_str()) {
            broken.push_str("<br>");
            is_line_begun = false;
        } else if !BLOCKS.contains(&name.as_str()) && !inside.starts_with("!--") {
            broken.push('<');
            broken.push_str(inside);
        }
        rest = after;
    }
    broken.push_str(rest);
    broken
}

/// The element that a tag, open or closing, is of; in lower case.
fn name(tag: &str) -> String {
    let name = tag.trim_start_matches('/');
    name.chars().take_while(char::is_ascii_alphanumeric).take(LONGEST_NAME).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn html_becomes_the_text_that_a_reader_sees() {
        let long = "word ".repeat(200);
        for (html, text) in [
            ("", ""),
            ("Plain", "Plain"),
            ("<html><head><title>x</title><style>p {}</style></head><body>One<br>\r\nTwo</body></html>", "One\nTwo"),
            ("<p>One</p><p>Two &amp; a half</p>", "One\nTwo & a half"),
            ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
            ("One<div>Two</div>Three", "One\nTwo\nThree"),
            ("<div><div><div>One</div></div></div><div>Two</div>", "One\nTwo"),
            ("<ul><li>One</li><li>Two</li></ul>", "One\nTwo"),
            ("<!-- <p>not this</p> -->One<!-- > -->", "One"),
            ("K&ouml;ln &#8364; &#x20AC; &lt;br&gt;", "Köln € € <br>"),
            ("a < b", "a < b"),
            ("One<hr>Two<BR/>Three<Br />Four", "One\nTwo\nThree\nFour"),
            ("<script>alert(1)</script>One", "One"),
            (&format!("<p>{long}</p>"), long.trim()),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }

    #[test]
    fn deep_and_broken_html_takes_no_time_and_does_no_harm() {
        assert!(plain(&("<div>".repeat(200_000) + "deep")).contains("deep"));
        for broken in ["<", "<!--", "<!-- >", "</", "<p", "&", "&;", "&#xffffffff;", "<é>", "é<", "<p\u{0}>"] {
            let _ = plain(broken);
        }
    }

    #[test]
    fn a_body_says_what_it_is() {
        for (body, text) in [
            (json!({"body": {"contentType": "text", "content": "1 < 2"}}), "1 < 2"),
            (json!({"body": {"contentType": "HTML", "content": "<p>1 &lt; 2</p>"}}), "1 < 2"),
            (json!({"body": null}), ""),
        ] {
            assert_eq!(of_body(Row::of(&body).unwrap(), "body").unwrap(), text);
        }
        assert!(of_body(Row::of(&json!({"body": {"content": 7}})).unwrap(), "body").is_err());
    }
}
