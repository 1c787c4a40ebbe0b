//! Reading and writing the elements of an envelope.

use roxmltree::Node;

/// The first child element of that local name, whatever its prefix.
pub(super) fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// The text of the first child element of that local name; empty if there is none.
pub(super) fn text(node: Node<'_, '_>, name: &str) -> String {
    let child = node.children().find(|child| child.is_element() && child.tag_name().name() == name);
    let texts = child.into_iter().flat_map(|child| child.children().filter(Node::is_text));
    texts.filter_map(|text| text.text()).collect::<String>().trim().to_owned()
}

/// An element with a text.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
