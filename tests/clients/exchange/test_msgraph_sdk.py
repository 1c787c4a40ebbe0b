"""msgraph-sdk, the vendor's own client for Python, drives what O365 has no words for."""

import asyncio
import unittest
import uuid

from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator, BaseBearerTokenAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.contact import Contact
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.response_type import ResponseType
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty
from msgraph.generated.models.task_status import TaskStatus
from msgraph.generated.models.todo_task import TodoTask
from msgraph.generated.models.todo_task_list import TodoTaskList
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.events.item.accept.accept_post_request_body import AcceptPostRequestBody
from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
from msgraph.generated.users.item.messages.messages_request_builder import MessagesRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

from simulator import ANNA, BASE, BEN, next_monday, token

KEY = "String {0a960d66-e6d1-4ea0-8b1e-b462498b4239} Name ClientCheck"


class Token(AccessTokenProvider):
    def __init__(self, address):
        self.address = address

    async def get_authorization_token(self, uri, additional_authentication_context=None):
        return token(self.address)

    def get_allowed_hosts_validator(self):
        return AllowedHostsValidator([])


def client(address=ANNA):
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Token(address)))
    adapter.base_url = f"{BASE}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


def at(moment):
    return DateTimeTimeZone(date_time=moment.strftime("%Y-%m-%dT%H:%M:%S"), time_zone="UTC")


def event(subject, hour, **more):
    return Event(subject=subject, start=at(next_monday(hour)), end=at(next_monday(hour + 1)), **more)


class Checks(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # Its words about slow imports say nothing about the simulator.
        asyncio.get_running_loop().set_debug(False)

    async def test_a_repeated_create_answers_with_the_first_event(self):
        me = client().me
        transaction = str(uuid.uuid4())
        first = await me.events.post(event("SDK once", 9, transaction_id=transaction))
        again = await me.events.post(event("SDK once", 9, transaction_id=transaction))
        self.assertEqual(again.id, first.id)
        await me.events.by_event_id(first.id).delete()
        with self.assertRaises(ODataError) as gone:
            await me.events.by_event_id(first.id).get()
        self.assertEqual((gone.exception.response_status_code, gone.exception.error.code), (404, "ErrorItemNotFound"))

    async def test_an_extended_property_is_found_again(self):
        me = client().me
        own = SingleValueLegacyExtendedProperty(id=KEY, value="k-1")
        made = await me.events.post(event("SDK key", 9, single_value_extended_properties=[own]))
        query = me.events.with_url(
            f"{BASE}/v1.0/me/events?$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{KEY}' and ep/value eq 'k-1')"
            f"&$expand=singleValueExtendedProperties($filter=id eq '{KEY}')".replace(" ", "%20")
        )
        found = (await query.get()).value
        self.assertEqual([one.id for one in found], [made.id])
        self.assertEqual(found[0].single_value_extended_properties[0].value, "k-1")
        await me.events.by_event_id(made.id).delete()

    async def test_the_calendar_view_tells_its_changes(self):
        me = client().me
        parameters = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            start_date_time=next_monday(0).isoformat(), end_date_time=next_monday(0, weeks=2).isoformat()
        )
        page = await me.calendar_view.delta.get(RequestConfiguration(query_parameters=parameters))
        while page.odata_next_link:
            page = await me.calendar_view.delta.with_url(page.odata_next_link).get()
        made = await me.events.post(event("SDK delta", 11))
        page = await me.calendar_view.delta.with_url(page.odata_delta_link).get()
        self.assertEqual([one.id for one in page.value], [made.id])
        await me.events.by_event_id(made.id).delete()
        page = await me.calendar_view.delta.with_url(page.odata_delta_link).get()
        self.assertIn("@removed", page.value[0].additional_data)

    async def test_an_invitation_is_accepted(self):
        mine, his = client().me, client(BEN).me
        guest = Attendee(email_address=EmailAddress(address=BEN, name="Ben"))
        made = await mine.events.post(event("SDK meeting", 13, attendees=[guest]))
        copies = [one for one in (await his.events.get()).value if one.i_cal_u_id == made.i_cal_u_id]
        self.assertEqual(len(copies), 1)
        await his.events.by_event_id(copies[0].id).accept.post(AcceptPostRequestBody(comment="Yes", send_response=True))
        answered = await mine.events.by_event_id(made.id).get()
        self.assertEqual(answered.attendees[0].status.response, ResponseType.Accepted)
        await mine.events.by_event_id(made.id).delete()

    async def test_a_draft_is_moved_sent_and_read_as_mime(self):
        me = client().me
        recipient = Recipient(email_address=EmailAddress(address=BEN))
        body = ItemBody(content_type=BodyType.Html, content="<p>Hello</p>")
        draft = await me.messages.post(Message(subject="SDK mail", body=body, to_recipients=[recipient]))
        self.assertTrue(draft.is_draft)
        moved = await me.messages.by_message_id(draft.id).move.post(MovePostRequestBody(destination_id="archive"))
        mime = await me.messages.by_message_id(moved.id).content.get()
        self.assertIn(b"Subject: SDK mail", mime)
        await me.messages.by_message_id(moved.id).send.post()
        parameters = MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(filter="subject eq 'SDK mail'", count=True)
        received = await client(BEN).me.messages.get(RequestConfiguration(query_parameters=parameters))
        self.assertEqual(received.odata_count, 1)
        self.assertFalse(received.value[0].is_draft)

    async def test_contacts_and_tasks(self):
        me = client().me
        contact = await me.contacts.post(
            Contact(given_name="Sofia", surname="Rossi", email_addresses=[EmailAddress(address="sofia@contoso.example", name="Sofia")])
        )
        self.assertEqual(contact.display_name, "Sofia Rossi")
        changed = await me.contacts.by_contact_id(contact.id).patch(Contact(job_title="CFO"))
        self.assertEqual((changed.job_title, changed.surname), ("CFO", "Rossi"))
        await me.contacts.by_contact_id(contact.id).delete()
        tasks = await me.todo.lists.post(TodoTaskList(display_name="SDK list"))
        here = me.todo.lists.by_todo_task_list_id(tasks.id)
        task = await here.tasks.post(TodoTask(title="SDK task"))
        self.assertEqual(task.status, TaskStatus.NotStarted)
        done = await here.tasks.by_todo_task_id(task.id).patch(TodoTask(status=TaskStatus.Completed))
        self.assertIsNotNone(done.completed_date_time)
        rows = (await here.tasks.delta.get()).value
        self.assertEqual([row.id for row in rows], [task.id])
        await here.delete()

    async def test_a_batch_answers_each_part(self):
        graph = client()
        wanted = [graph.me.to_get_request_information(), graph.me.calendar.to_get_request_information()]
        missing = graph.me.events.by_event_id("A" * 152).to_get_request_information()
        content = BatchRequestContent()
        ids = []
        for request in [*wanted, missing]:
            item = BatchRequestItem(request_information=request)
            content.add_request(item.id, item)
            ids.append(item.id)
        answers = await graph.batch.post(content)
        self.assertEqual([answers.get_response_by_id(one).status for one in ids[:2]], [200, 200])
        self.assertIn(answers.get_response_by_id(ids[2]).status, (400, 404))


if __name__ == "__main__":
    unittest.main()
