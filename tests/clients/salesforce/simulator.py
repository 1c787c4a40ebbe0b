"""Where the simulator is, how the client reaches it, and how its own switches are worked."""

import json
import os
import urllib.request
from urllib.parse import urlsplit, urlunsplit

import requests
from simple_salesforce import Salesforce

BASE = os.environ["SALESFORCE_URL"]
ANNA = "anna.berg@northwind.example"
BEN = "ben.carter@northwind.example"
PASSWORD = "syncline-password"
SECURITY_TOKEN = "syncline-token"
CLIENT_ID = "syncline-client"
CLIENT_SECRET = "syncline-secret"
VERSION = "59.0"


class ToSimulator(requests.Session):
    """The client writes https before every address, and signs in at salesforce.com: what it sends there goes to
    the simulator, and nothing else of it is changed."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def request(self, method, url, *arguments, **more):
        parts = urlsplit(url)
        known = parts.hostname.endswith(".salesforce.com") or parts.netloc == urlsplit(BASE).netloc
        assert parts.scheme == "https" and known, url
        self.sent.append((method.upper(), url))
        there = urlsplit(BASE)
        target = urlunsplit((there.scheme, there.netloc, parts.path, parts.query, ""))
        return super().request(method, target, *arguments, **more)


def client(user=ANNA, **more):
    """A client with a token of its user's, as after any sign-in."""
    token = more.pop("token", f"sim-{user}")
    return Salesforce(instance_url=BASE, session_id=token, session=ToSimulator(), version=VERSION, **more)


def switch(method, name, body=None):
    """Asks one of the simulator's own switches."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/_sim/{name}", data=data, method=method)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None
