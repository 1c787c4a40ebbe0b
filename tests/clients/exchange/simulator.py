"""Where the simulator is, and how its own switches are reached."""

import datetime
import json
import os
import urllib.request
from zoneinfo import ZoneInfo

BASE = os.environ["EXCHANGE_URL"]
ANNA = "anna.berg@northwind.example"
BEN = "ben.carter@northwind.example"


def token(address=ANNA):
    return f"sim-{address}"


def switch(method, name, body=None):
    """Asks one of the simulator's own switches."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/_sim/{name}", data=data, method=method)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def next_monday(hour, weeks=1):
    """A Monday in the future, in UTC."""
    today = datetime.datetime.now(ZoneInfo("UTC")).replace(minute=0, second=0, microsecond=0)
    days = 7 - today.weekday() + 7 * (weeks - 1)
    return (today + datetime.timedelta(days=days)).replace(hour=hour)
