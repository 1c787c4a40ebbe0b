"""vdirsyncer with vdirsyncer-graph keeps calendar, contacts and tasks the same as folders of files, both ways."""

import json
import os
import tempfile
import unittest
import urllib.request
from pathlib import Path
from unittest import mock

import vdirsyncer_graph
import vdirsyncer_graph.client
from click.testing import CliRunner
from vdirsyncer.cli import app

from simulator import BASE, next_monday, token

# No option redirects it.
vdirsyncer_graph.register()
vdirsyncer_graph.client.GRAPH = f"{BASE}/v1.0"

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Northwind//Files//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20310101T000000Z
DTSTART:{start}
DTEND:{end}
SUMMARY:{title}
{more}END:VEVENT
END:VCALENDAR
"""
TODO = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Northwind//Files//EN
BEGIN:VTODO
UID:{uid}
DTSTAMP:20310101T000000Z
SUMMARY:{title}
STATUS:NEEDS-ACTION
END:VTODO
END:VCALENDAR
"""
CARD = """BEGIN:VCARD
VERSION:3.0
UID:{uid}
FN:{title}
N:{title};Nils;;;
EMAIL:{title}@fabrikam.example
END:VCARD
"""


def graph(method, path, body=None):
    request = urllib.request.Request(f"{BASE}/v1.0/me{path}", method=method)
    request.add_header("Authorization", f"Bearer {token()}")
    request.add_header("Content-Type", "application/json")
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Pair:
    """One collection of the mailbox and a folder of files, and what keeps them the same."""

    def __init__(self, place, kind, collection, ending):
        self.place = Path(place)
        self.files = self.place / "files" / collection
        self.ending = ending
        (self.place / "token").write_text(json.dumps({"access_token": "", "refresh_token": "", "expires_at": 0}))
        self.config = self.place / "config"
        self.config.write_text(
            f"""
[general]
status_path = "{self.place}/status"

[pair both]
a = "files"
b = "mailbox"
collections = ["{collection}"]
conflict_resolution = "b wins"

[storage files]
type = "filesystem"
path = "{self.place}/files"
fileext = "{ending}"

[storage mailbox]
type = "{kind}"
client_id = "syncline-client"
token_file = "{self.place}/token"
cache_dir = "{self.place}/cache"
"""
        )
        self.files.mkdir(parents=True)
        self.run("discover")

    def run(self, command):
        environment = {"GRAPH_ACCESS_TOKEN": token(), "VDIRSYNCER_CONFIG": str(self.config)}
        with mock.patch.dict(os.environ, environment):
            result = CliRunner().invoke(app, ["-vINFO", command], input="y\n" * 5)
        if result.exit_code:
            raise AssertionError(f"vdirsyncer {command}: {result.output}")

    def sync(self):
        self.run("sync")

    def put(self, name, text):
        (self.files / f"{name}{self.ending}").write_text(text.replace("\n", "\r\n"))

    def holding(self, word):
        """The files with this word in them."""
        return [file for file in sorted(self.files.glob(f"*{self.ending}")) if word in file.read_text()]


class BothWays(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def goes_both_ways(self, pair, path, name, make, above, titles):
        """From here on the three kinds are alike: made on either side, changed on either side, deleted."""
        up, down, changed = titles
        pair.put("up", make(up))
        made = graph("POST", path, above(down))
        pair.sync()
        there = {row[name]: row["id"] for row in graph("GET", f"{path}?$top=100")["value"]}
        self.assertIn(up, there)
        self.assertEqual(len(pair.holding(down)), 1)
        graph("PATCH", f"{path}/{made['id']}", {name: changed})
        pair.sync()
        self.assertEqual((len(pair.holding(down)), len(pair.holding(changed))), (0, 1))
        file = pair.holding(changed)[0]
        file.write_text(file.read_text().replace(changed, "Again"))
        pair.sync()
        self.assertEqual(graph("GET", f"{path}/{made['id']}")[name], "Again")
        pair.holding("Again")[0].unlink()
        graph("DELETE", f"{path}/{there[up]}")
        pair.sync()
        left = [row[name] for row in graph("GET", f"{path}?$top=100")["value"]]
        self.assertNotIn("Again", left)
        self.assertNotIn(up, left)
        self.assertEqual(pair.holding(up), [])

    def test_events(self):
        start = next_monday(9)

        def at(hour):
            return start.replace(hour=hour).strftime("%Y%m%dT%H%M%SZ")

        def make(title):
            return EVENT.format(uid="vdir-up", title=title, start=at(9), end=at(10), more="")

        def above(title):
            return {
                "subject": title,
                "start": {"dateTime": start.strftime("%Y-%m-%dT11:00:00"), "timeZone": "UTC"},
                "end": {"dateTime": start.strftime("%Y-%m-%dT12:00:00"), "timeZone": "UTC"},
            }

        pair = Pair(self.place, "graph_calendar", "Calendar", ".ics")
        self.goes_both_ways(pair, "/events", "subject", make, above, ("FromFiles", "FromOutlook", "Changed"))

    def test_a_series(self):
        start = next_monday(9)

        def at(hour):
            return start.replace(hour=hour).strftime("%Y%m%dT%H%M%SZ")

        # vdirsyncer takes a side that is suddenly empty for a mistake: one event stays.
        day = start.strftime("%Y-%m-%d")
        stays = {"subject": "Stays", "start": {"dateTime": f"{day}T07:00:00", "timeZone": "UTC"}, "end": {"dateTime": f"{day}T08:00:00", "timeZone": "UTC"}}
        graph("POST", "/events", stays)
        pair = Pair(self.place, "graph_calendar", "Calendar", ".ics")
        rule = "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4\n"
        pair.put("series", EVENT.format(uid="vdir-series", title="FilesSeries", start=at(9), end=at(10), more=rule))
        pair.sync()
        master = [row for row in graph("GET", "/events?$top=100")["value"] if row["subject"] == "FilesSeries"][0]
        self.assertEqual((master["type"], master["recurrence"]["pattern"]["type"]), ("seriesMaster", "weekly"))
        self.assertEqual(master["recurrence"]["range"]["numberOfOccurrences"], 4)
        graph("DELETE", f"/events/{master['id']}")
        pair.sync()
        self.assertEqual(pair.holding("FilesSeries"), [])

    def test_contacts(self):
        pair = Pair(self.place, "graph_contacts", "contacts", ".vcf")
        self.goes_both_ways(
            pair,
            "/contacts",
            "surname",
            lambda title: CARD.format(uid="vdir-up", title=title),
            lambda title: {"givenName": "Nora", "surname": title},
            ("FromFiles", "FromOutlook", "Changed"),
        )

    def test_tasks(self):
        pair = Pair(self.place, "graph_tasks", "Tasks", ".ics")
        tasks = [one for one in graph("GET", "/todo/lists")["value"] if one["wellknownListName"] == "defaultList"][0]
        self.goes_both_ways(
            pair,
            f"/todo/lists/{tasks['id']}/tasks",
            "title",
            lambda title: TODO.format(uid="vdir-up", title=title),
            lambda title: {"title": title},
            ("FromFiles", "FromOutlook", "Changed"),
        )


if __name__ == "__main__":
    unittest.main()
