"""O365 drives calendars, meetings, mail, contacts, tasks, delta and subscriptions."""

import datetime
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse
from zoneinfo import ZoneInfo

from O365 import Account, MSGraphProtocol
from O365.calendar import EventSensitivity, EventShowAs
from O365.category import CategoryColor

from simulator import ANNA, BASE, BEN, next_monday, token


class Protocol(MSGraphProtocol):
    _protocol_url = f"{BASE}/"


def account(address=ANNA):
    opened = Account(("client", "secret"), protocol=Protocol(timezone=ZoneInfo("UTC")))
    connection = opened.con
    connection.session = connection.get_session()
    connection.session.headers["Authorization"] = f"Bearer {token(address)}"
    # The library pauses before each call, out of respect for a service that is not there.
    connection.requests_delay = 0
    return opened


class Calendars(unittest.TestCase):
    def setUp(self):
        self.calendar = account().schedule().get_default_calendar()

    def make(self, subject, start, hours=1):
        event = self.calendar.new_event(subject=subject)
        event.start = start
        event.end = start + datetime.timedelta(hours=hours)
        event.body = "<p>Agenda</p>"
        event.location = "Room 1"
        return event

    def test_an_event_is_made_found_changed_and_deleted(self):
        start = next_monday(9)
        event = self.make("O365 single", start)
        event.remind_before_minutes = 30
        event.sensitivity = EventSensitivity.Private
        event.show_as = EventShowAs.Oof
        event.categories = ["Salesforce"]
        self.assertTrue(event.save())
        found = list(self.calendar.get_events(query="subject eq 'O365 single'", include_recurring=False))
        self.assertEqual([one.object_id for one in found], [event.object_id])
        found = found[0]
        self.assertEqual((found.start, found.end), (start, start + datetime.timedelta(hours=1)))
        self.assertEqual(found.location["displayName"], "Room 1")
        self.assertEqual((found.sensitivity, found.show_as), (EventSensitivity.Private, EventShowAs.Oof))
        self.assertEqual((found.remind_before_minutes, found.categories), (30, ["Salesforce"]))
        found.subject = "O365 changed"
        self.assertTrue(found.save())
        self.assertEqual(self.calendar.get_event(event.object_id).subject, "O365 changed")
        self.assertTrue(found.delete())
        self.assertEqual(list(self.calendar.get_events(query="subject eq 'O365 changed'", include_recurring=False)), [])

    def test_an_all_day_event_keeps_its_dates(self):
        start = next_monday(0)
        event = self.make("O365 all day", start)
        event.is_all_day = True
        self.assertTrue(event.save())
        again = self.calendar.get_event(event.object_id)
        self.assertTrue(again.is_all_day)
        self.assertEqual(again.start.date(), start.date())
        event.delete()

    def test_a_series_shows_its_dates_and_one_can_be_moved_or_called_off(self):
        start = next_monday(10)
        event = self.make("O365 series", start)
        event.recurrence.set_weekly(1, days_of_week=["monday", "wednesday"], first_day_of_week="monday", start=start.date(), occurrences=6)
        self.assertTrue(event.save())
        end = start + datetime.timedelta(days=60)

        def dates():
            events = self.calendar.get_events(
                include_recurring=True, start_recurring=start - datetime.timedelta(days=1), end_recurring=end, limit=100
            )
            shown = [(one.start, one) for one in events if one.subject == "O365 series"]
            return sorted(shown, key=lambda shown: shown[0])

        shown = dates()
        wanted = [start + datetime.timedelta(days=days) for days in (0, 2, 7, 9, 14, 16)]
        self.assertEqual([at for at, _ in shown], wanted)
        shown[1][1].delete()
        moved = shown[2][1]
        moved.start = moved.start + datetime.timedelta(hours=1)
        moved.end = moved.start + datetime.timedelta(hours=1)
        moved.save()
        wanted = [wanted[0], wanted[2] + datetime.timedelta(hours=1), *wanted[3:]]
        self.assertEqual([at for at, _ in dates()], wanted)
        master = self.calendar.get_event(event.object_id)
        occurrences = master.get_occurrences(start, end)
        self.assertEqual(len(list(occurrences)), 5)
        event.delete()
        self.assertEqual(dates(), [])

    def test_another_calendar_is_made_used_renamed_and_deleted(self):
        schedule = account().schedule()
        calendar = schedule.new_calendar("O365 side")
        self.assertIn("O365 side", [one.name for one in schedule.list_calendars()])
        event = calendar.new_event("In the side calendar")
        event.start = next_monday(8)
        event.end = next_monday(9)
        event.save()
        self.assertEqual([one.subject for one in calendar.get_events(include_recurring=False)], ["In the side calendar"])
        calendar.name = "O365 aside"
        self.assertTrue(calendar.update())
        self.assertIsNotNone(schedule.get_calendar(calendar_name="O365 aside"))
        self.assertTrue(calendar.delete())
        self.assertNotIn("O365 aside", [one.name for one in schedule.list_calendars()])

    def test_an_invitation_arrives_is_answered_and_called_off(self):
        event = self.make("O365 meeting", next_monday(14))
        event.attendees.add(BEN)
        self.assertTrue(event.save())
        his = account(BEN).schedule().get_default_calendar()

        def copy():
            found = list(his.get_events(query="subject eq 'O365 meeting'", include_recurring=False))
            return found[0] if found else None

        invited = copy()
        self.assertEqual((invited.ical_uid, invited.is_organizer), (event.ical_uid, False))
        self.assertNotEqual(invited.object_id, event.object_id)
        self.assertEqual(invited.response_status.status.value, "not_responded")
        self.assertTrue(invited.accept_event("With pleasure", send_response=True))
        answered = self.calendar.get_event(event.object_id)
        self.assertEqual([one.response_status.status.value for one in answered.attendees], ["accepted"])
        self.assertEqual(copy().response_status.status.value, "accepted")
        self.assertTrue(event.cancel_event("Off"))
        called_off = [one for one in his.get_events(include_recurring=False, limit=100) if one.ical_uid == event.ical_uid]
        self.assertTrue(all(one.is_cancelled for one in called_off))


class Mail(unittest.TestCase):
    def test_a_mail_is_sent_read_answered_moved_and_deleted(self):
        mailbox = account().mailbox()
        message = mailbox.new_message()
        message.to.add(BEN)
        message.subject = "O365 mail"
        message.body = "<b>Hello</b>"
        self.assertTrue(message.send())
        theirs = account(BEN).mailbox()
        received = next(iter(theirs.inbox_folder().get_messages(query="subject eq 'O365 mail'")))
        self.assertEqual((received.sender.address, received.is_read), (ANNA, False))
        received.mark_as_read()
        answer = received.reply()
        answer.body = "Hello back"
        self.assertTrue(answer.send())
        answered = list(mailbox.inbox_folder().get_messages(limit=5))
        self.assertIn("RE: O365 mail", [one.subject.replace("Re:", "RE:") for one in answered])
        sent = list(mailbox.sent_folder().get_messages(query="subject eq 'O365 mail'"))
        self.assertEqual(sent[0].internet_message_id, received.internet_message_id)
        folder = theirs.inbox_folder().create_child_folder("O365 folder")
        self.assertTrue(received.move(folder))
        self.assertEqual([one.subject for one in folder.get_messages()], ["O365 mail"])
        folder.update_folder_name("O365 renamed")
        self.assertEqual(theirs.inbox_folder().get_folder(folder_name="O365 renamed").folder_id, folder.folder_id)
        self.assertTrue(folder.delete())

    def test_a_draft_keeps_its_categories_and_has_mime(self):
        mailbox = account().mailbox()
        draft = mailbox.drafts_folder().new_message()
        draft.subject = "O365 draft"
        self.assertTrue(draft.save_draft())
        draft.categories = ["Salesforce"]
        draft.save_message()
        kept = next(iter(mailbox.drafts_folder().get_messages(query="subject eq 'O365 draft'")))
        self.assertEqual(kept.categories, ["Salesforce"])
        self.assertIn(b"O365 draft", kept.get_mime_content())
        self.assertTrue(kept.delete())


class People(unittest.TestCase):
    def test_a_contact_is_made_changed_and_deleted(self):
        book = account().address_book()
        contact = book.new_contact()
        contact.name = "Olga"
        contact.surname = "Petrova"
        contact.emails.add("olga@fabrikam.example")
        contact.business_phones = ["+1 425 555 0100"]
        self.assertTrue(contact.save())
        found = [one for one in book.get_contacts(limit=100) if one.surname == "Petrova"]
        self.assertEqual((found[0].main_email, found[0].business_phones), ("olga@fabrikam.example", ["+1 425 555 0100"]))
        found[0].job_title = "Buyer"
        self.assertTrue(found[0].save())
        self.assertEqual([one.job_title for one in book.get_contacts(limit=100) if one.surname == "Petrova"], ["Buyer"])
        self.assertTrue(found[0].delete())
        self.assertNotIn("Petrova", [one.surname for one in book.get_contacts(limit=100)])

    def test_a_task_goes_from_open_to_done(self):
        todo = account().tasks()
        tasks = todo.get_default_folder()
        task = tasks.new_task("O365 task")
        task.due = next_monday(0).date()
        task.body = "Call"
        self.assertTrue(task.save())
        self.assertIn("O365 task", [one.subject for one in tasks.get_tasks()])
        again = tasks.get_task(task.task_id)
        self.assertEqual(again.due.date(), next_monday(0).date())
        again.mark_completed()
        self.assertTrue(again.save())
        self.assertTrue(tasks.get_task(task.task_id).is_completed)
        self.assertTrue(again.delete())
        folder = todo.new_folder("O365 list")
        self.assertIn("O365 list", [one.name for one in todo.list_folders()])
        self.assertTrue(folder.delete())

    def test_categories_have_names_and_colours(self):
        categories = account().outlook_categories()
        made = categories.create_category("O365 blue", color=CategoryColor.BLUE)
        self.assertIn("O365 blue", [one.name for one in categories.get_categories()])
        self.assertTrue(made.update_color(CategoryColor.RED))
        self.assertTrue(made.delete())


class Changes(unittest.TestCase):
    def test_a_delta_tells_what_came_and_what_went(self):
        connection = account().con
        start = next_monday(0)
        window = {"startDateTime": start.isoformat(), "endDateTime": (start + datetime.timedelta(days=7)).isoformat()}

        def round_from(url, params=None):
            rows = []
            while True:
                page = connection.get(url, params=params).json()
                rows += page["value"]
                if "@odata.deltaLink" in page:
                    return rows, page["@odata.deltaLink"]
                url, params = page["@odata.nextLink"], None

        rows, link = round_from(f"{BASE}/v1.0/me/calendarView/delta", window)
        calendar = account().schedule().get_default_calendar()
        event = calendar.new_event("O365 delta")
        event.start = start + datetime.timedelta(hours=9)
        event.end = start + datetime.timedelta(hours=10)
        event.save()
        rows, link = round_from(link)
        self.assertEqual([row["subject"] for row in rows], ["O365 delta"])
        event.delete()
        rows, link = round_from(link)
        self.assertEqual([(row["id"], row["@removed"]["reason"]) for row in rows], [(event.object_id, "deleted")])
        self.assertEqual(round_from(link)[0], [])

    def test_a_subscription_is_confirmed_told_of_a_change_renewed_and_ended(self):
        told = threading.Event()
        notes = []

        class Endpoint(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = parse_qs(urlparse(self.path).query).get("validationToken")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200 if asked else 202)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                if asked:
                    self.wfile.write(asked[0].encode())
                else:
                    notes.append(body)
                    told.set()

            def log_message(self, *_):
                pass

        endpoint = HTTPServer(("127.0.0.1", 0), Endpoint)
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        opened = account()
        subscriptions = opened.subscriptions()
        made = subscriptions.create_subscription(
            f"http://127.0.0.1:{endpoint.server_port}/told", "/me/events", "created,updated,deleted", expiration_minutes=60, client_state="secret"
        )
        self.assertTrue(made["id"])
        calendar = opened.schedule().get_default_calendar()
        event = calendar.new_event("O365 told")
        event.start = next_monday(7)
        event.end = next_monday(8)
        event.save()
        self.assertTrue(told.wait(10), "no notification came")
        self.assertIn(b'"clientState":"secret"', notes[0].replace(b": ", b":"))
        self.assertTrue(subscriptions.renew_subscription(made["id"], expiration_minutes=120))
        self.assertIn(made["id"], [one["id"] for one in subscriptions.list_subscriptions()])
        self.assertTrue(subscriptions.delete_subscription(made["id"]))
        event.delete()
        endpoint.shutdown()


if __name__ == "__main__":
    unittest.main()
