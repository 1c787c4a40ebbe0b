"""Where the simulator is, how the client reaches it, how its own switches are worked, and what checks share."""

import collections
import datetime
import http.server
import json
import os
import queue
import threading
import unittest
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
KEY = "Syncline_Key__c"
MAILBOX_ID = "Syncline_Mailbox_Id__c"
UTC = datetime.timezone.utc


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


def now():
    """The simulator's clock, which other checks may have turned on."""
    return datetime.datetime.fromisoformat(switch("GET", "clock")["now"].replace("Z", "+00:00"))


def code(error):
    return error.content[0]["errorCode"]


class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sf = client()

    def refused(self, kind, error_code, act, status=None):
        with self.assertRaises(kind) as refusal:
            act()
        self.assertIs(type(refusal.exception), kind)
        self.assertEqual(code(refusal.exception), error_code, refusal.exception.content)
        if status:
            self.assertEqual(refusal.exception.status, status)
        return refusal.exception.content[0]

    def contacts(self, last_name, count):
        """Makes contacts, by 200."""
        ids = []
        for start in range(0, count, 200):
            records = [
                {"attributes": {"type": "Contact"}, "LastName": last_name, "FirstName": f"{number:04}"}
                for number in range(start, min(start + 200, count))
            ]
            made = self.sf.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": records})
            self.assertTrue(all(result["success"] for result in made), made)
            ids += [result["id"] for result in made]
        return ids


class Receiver:
    """A web server that others are told to post to: keeps what comes, and answers as planned."""

    def __init__(self, usual):
        self.bodies = queue.Queue()
        self.planned = collections.deque()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = receiver.planned.popleft() if receiver.planned else (200, usual)
                self.send_response(status)
                self.send_header("Content-Type", self.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())
                receiver.bodies.put((dict(self.headers), body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def next(self):
        return self.bodies.get(timeout=10)[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
