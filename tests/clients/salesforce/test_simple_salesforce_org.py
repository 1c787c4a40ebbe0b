"""simple-salesforce, in an org with rules, rights, files and searches of its own, which tells others of its changes."""

import base64
import datetime
import json
import pathlib
import tempfile

from lxml import etree
from simple_salesforce import format_soql
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from simulator import ANNA, BEN, KEY, Checks, Receiver, client, now, switch

CARLA = "carla.diaz@northwind.example"
DENIZ = "deniz.evren@northwind.example"
ALLOW = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
SF = "{urn:sobject.enterprise.soap.sforce.com}"
ACK = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse '
    'xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body>'
    "</soapenv:Envelope>"
)


def user(sf, name):
    return sf.query(format_soql("SELECT Id FROM User WHERE Username = {}", name))["records"][0]["Id"]


class Org(Checks):
    def setUp(self):
        switch("POST", "world/reset", {})
        self.addCleanup(switch, "POST", "world/reset", {})

    def ids(self, soql, sf=None):
        return [row["Id"] for row in (sf or self.sf).query_all(soql)["records"]]


class Rules(Org):
    def twin(self, headers=None):
        return self.sf.Contact.create({"LastName": "Twin", "Email": "mia.larsen@fabrikam.example"}, headers=headers)

    def test_a_warning_of_duplicates_is_overridden_and_a_block_is_not(self):
        mia = self.ids("SELECT Id FROM Contact WHERE Email = 'mia.larsen@fabrikam.example'")
        for action, message in [("alert", "Use one of these records?"), ("block", "No twins.")]:
            switch("POST", "duplicate-rules", {"object": "Contact", "action": action, "message": message})
            error = self.refused(SalesforceMalformedRequest, "DUPLICATES_DETECTED", self.twin, 400)
            result = error["duplicateResut"]
            self.assertEqual((error["message"], result["allowSave"]), (message, action == "alert"))
            match = result["matchResults"][0]
            self.assertEqual([each["record"]["Id"] for each in match["matchRecords"]], mia)
            self.assertEqual((match["size"], match["entityType"], match["success"]), (1, "Contact", True))
            if action == "block":
                self.refused(SalesforceMalformedRequest, "DUPLICATES_DETECTED", lambda: self.twin(ALLOW), 400)
            else:
                self.sf.Contact.delete(self.twin(ALLOW)["id"])
        records = [{"attributes": {"type": "Contact"}, "LastName": "x", "Email": "mia.larsen@fabrikam.example"}]
        told = self.sf.restful("composite/sobjects", method="POST", json={"records": records})
        self.assertEqual(told[0]["errors"][0]["statusCode"], "DUPLICATES_DETECTED")
        self.assertNotIn("duplicateResut", told[0]["errors"][0])

    def test_an_admins_rule_refuses_a_row_in_his_words(self):
        rule = {"name": "Titled", "object": "Contact", "condition": "Title = null", "message": "Which title?", "field": "Title"}
        switch("POST", "validation-rules", rule)
        create = lambda **more: self.sf.Contact.create({"LastName": "x", **more})
        error = self.refused(SalesforceMalformedRequest, "FIELD_CUSTOM_VALIDATION_EXCEPTION", create, 400)
        self.assertEqual((error["message"], error["fields"]), ("Which title?", ["Title"]))
        made = create(Title="CTO")["id"]
        change = lambda: self.sf.Contact.update(made, {"Title": None})
        self.refused(SalesforceMalformedRequest, "FIELD_CUSTOM_VALIDATION_EXCEPTION", change, 400)

    def test_leads_are_assigned_unless_the_client_says_not_to(self):
        entries = [{"condition": "Company LIKE 'Fab%'", "owner": BEN}]
        rule = switch("POST", "assignment-rules", {"name": "Standard", "object": "Lead", "active": True, "entries": entries})["id"]
        anna, ben = user(self.sf, ANNA), user(self.sf, BEN)
        for header, company, owner in [
            (None, "Fabrikam", ben),
            (None, "Contoso", anna),
            ("TRUE", "Fabrikam", ben),
            (rule, "Fabrikam", ben),
            ("FALSE", "Fabrikam", anna),
        ]:
            headers = header and {"Sforce-Auto-Assign": header}
            made = self.sf.Lead.create({"LastName": "x", "Company": company}, headers=headers)["id"]
            self.assertEqual(self.sf.Lead.get(made)["OwnerId"], owner, (header, company))


class Rights(Org):
    def test_others_see_less_where_nothing_is_shared(self):
        switch("POST", "sharing", {"default": "private"})
        switch("POST", "roles", {"username": BEN, "role": "Sales", "above": "Head"})
        switch("POST", "roles", {"username": CARLA, "role": "Head"})
        ben, deniz = client(BEN), client(DENIZ)
        lead = ben.Lead.create({"LastName": "Shy", "Company": "x"})["id"]
        soql = "SELECT Id FROM Lead WHERE LastName = 'Shy'"
        for who, seen in [(BEN, True), (CARLA, True), (ANNA, True), (DENIZ, False)]:
            self.assertEqual(self.ids(soql, client(who)), [lead] if seen else [], who)
        self.refused(SalesforceResourceNotFound, "NOT_FOUND", lambda: deniz.Lead.get(lead), 404)
        self.refused(SalesforceResourceNotFound, "NOT_FOUND", lambda: deniz.Lead.update(lead, {"Title": "x"}), 404)
        self.assertEqual(deniz.restful("composite/sobjects/Lead", params={"ids": lead, "fields": "Id"}), [None])
        switch("POST", "sharing", {"object": "Lead", "default": "read"})
        self.assertEqual(deniz.Lead.get(lead)["LastName"], "Shy")
        for act in (lambda: deniz.Lead.update(lead, {"Title": "x"}), lambda: deniz.Lead.delete(lead)):
            self.refused(SalesforceRefusedRequest, "INSUFFICIENT_ACCESS_OR_READONLY", act, 403)

    def test_a_field_that_a_user_must_not_see_is_nowhere(self):
        made = self.sf.Contact.create({"LastName": "x", "Title": "CTO"})["id"]
        switch("POST", "fields", {"whom": BEN, "field": "Contact.Title", "access": "hidden"})
        ben = client(BEN)
        names = lambda sf: {field["name"] for field in sf.Contact.describe()["fields"]}
        self.assertEqual(names(self.sf) - names(ben), {"Title"})
        self.assertNotIn("Title", ben.Contact.get(made))
        for act in [
            lambda: ben.query("SELECT Title FROM Contact"),
            lambda: ben.query("SELECT Id FROM Contact WHERE Title = 'CTO'"),
            lambda: ben.Contact.update(made, {"Title": "x"}),
        ]:
            self.refused(SalesforceMalformedRequest, "INVALID_FIELD", act, 400)
        switch("POST", "fields", {"whom": BEN, "field": "Contact.Title", "access": "read"})
        self.assertEqual(ben.Contact.get(made)["Title"], "CTO")
        change = lambda: ben.Contact.update(made, {"Title": "x"})
        self.refused(SalesforceMalformedRequest, "INVALID_FIELD_FOR_INSERT_UPDATE", change, 400)

    def test_a_package_is_for_those_who_were_given_it(self):
        switch("POST", "permission-sets", {"set": "Syncline", "username": BEN, "given": False})
        self.assertNotIn(KEY, {field["name"] for field in client(BEN).Contact.describe()["fields"]})
        upsert = lambda: client(BEN).Contact.upsert(f"{KEY}/1", {"LastName": "x"})
        self.refused(SalesforceResourceNotFound, "NOT_FOUND", upsert, 404)


class Errors(Org):
    """Those that no other check has met."""

    def test_each_is_raised_as_its_own_kind(self):
        anna, event = user(self.sf, ANNA), {"Subject": "x", "StartDateTime": "2031-05-06T09:00:00Z"}
        contact, task = self.sf.Contact, self.sf.Task
        row = contact.create({"LastName": "x"})["id"]
        for error_code, act in [
            ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", lambda: task.create({"TaskSubtype": "Letter"})),
            ("INVALID_CROSS_REFERENCE_KEY", lambda: contact.create({"LastName": "x", "AccountId": "001000000000000AAA"})),
            ("MALFORMED_ID", lambda: contact.create({"LastName": "x", "AccountId": anna})),
            ("INVALID_FIELD", lambda: contact.upsert(f"{KEY}/1", {"LastName": "x", KEY: "1"})),
            ("REQUIRED_FIELD_MISSING", lambda: self.sf.Event.create(event)),
            ("FIELD_INTEGRITY_EXCEPTION", lambda: self.sf.Event.create({**event, "EndDateTime": "2031-05-06T08:00:00Z"})),
            ("JSON_PARSER_ERROR", lambda: self.sf.restful("sobjects/Contact", method="POST", data="{")),
            ("MALFORMED_SEARCH", lambda: self.sf.search("FIND {x")),
        ]:
            with self.subTest(error_code):
                self.refused(SalesforceMalformedRequest, error_code, act, 400)
        switch("POST", "faults", {"method": "GET", "path": "/limits", "kind": "fail", "status": 500, "times": 1})
        self.refused(SalesforceGeneralError, "UNKNOWN_EXCEPTION", self.sf.limits, 500)
        switch("POST", "api", {"enabled": False})
        self.refused(SalesforceRefusedRequest, "API_DISABLED_FOR_ORG", lambda: contact.get(row), 403)
        switch("POST", "api", {"enabled": True})
        contact.delete(row)
        self.refused(SalesforceResourceNotFound, "ENTITY_IS_DELETED", lambda: contact.get(row), 404)

    def test_an_address_has_an_end(self):
        with self.assertRaises(SalesforceGeneralError) as refusal:
            self.sf.query(f"SELECT Id FROM Contact WHERE LastName = '{'x' * 16_384}'")
        self.assertEqual(refusal.exception.status, 414)


class Searches(Org):
    def test_what_is_written_is_found_after_a_while(self):
        switch("POST", "search", {"lag_seconds": 30})
        account = self.sf.Account.create({"Name": "Quicksilver Ltd"})["id"]
        contact = self.sf.Contact.create({"LastName": "Quick", "Email": "q@quicksilver.example"})["id"]
        sosl = "FIND {q@quicksilver.example} IN EMAIL FIELDS RETURNING Contact(Id, Email), Lead(Id)"
        self.assertEqual(self.sf.search(sosl), {"searchRecords": []})
        switch("POST", "clock", {"advance": "PT31S"})
        record = self.sf.search(sosl)["searchRecords"][0]
        self.assertEqual((record["Id"], record["Email"], record["attributes"]["type"]), (contact, "q@quicksilver.example", "Contact"))
        self.assertEqual({each["Id"] for each in self.sf.quick_search("Quick*")["searchRecords"]}, {account, contact})
        got = self.sf.restful(
            "parameterizedSearch", params={"q": "Quick*", "sobject": "Contact", "Contact.fields": "id,lastname", "Contact.limit": "10"}
        )
        body = {"q": "Quick*", "fields": ["Id", "LastName"], "sobjects": [{"name": "Contact", "limit": 10}]}
        posted = self.sf.restful("parameterizedSearch", method="POST", json=body)
        for answer in (got, posted):
            self.assertEqual([(each["Id"], each["LastName"]) for each in answer["searchRecords"]], [(contact, "Quick")])


class Files(Org):
    def test_a_file_is_uploaded_linked_and_read(self):
        contact = self.sf.Contact.create({"LastName": "Filed"})["id"]
        content = bytes(range(256)) * 8
        version = self.sf.ContentVersion.create(
            {
                "Title": "Offer",
                "PathOnClient": "Offer.bin",
                "VersionData": base64.b64encode(content).decode(),
                "FirstPublishLocationId": contact,
            }
        )["id"]
        self.assertEqual(self.sf.ContentVersion.get_base64(version, base64_field="VersionData"), content)
        soql = "SELECT ContentDocumentId, ContentSize, FileExtension, VersionNumber FROM ContentVersion WHERE Id = {}"
        row = self.sf.query(format_soql(soql, version))["records"][0]
        self.assertEqual((row["ContentSize"], row["FileExtension"], row["VersionNumber"]), (len(content), "bin", "1"))
        document = row["ContentDocumentId"]
        account = self.sf.Account.create({"Name": "Filed too"})["id"]
        link = {"ContentDocumentId": document, "LinkedEntityId": account, "ShareType": "V"}
        self.sf.ContentDocumentLink.create(link)
        self.refused(SalesforceMalformedRequest, "DUPLICATE_VALUE", lambda: self.sf.ContentDocumentLink.create(link))
        soql = format_soql("SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = {}", document)
        linked = {row["LinkedEntityId"] for row in self.sf.query(soql)["records"]}
        self.assertTrue(linked >= {contact, account})
        unfiltered = lambda: self.sf.query("SELECT Id FROM ContentDocumentLink")
        self.refused(SalesforceMalformedRequest, "MALFORMED_QUERY", unfiltered, 400)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "nameless"
            path.write_bytes(b"x")
            nameless = lambda: self.sf.ContentVersion.upload_base64(str(path), base64_field="VersionData")
            self.refused(SalesforceMalformedRequest, "REQUIRED_FIELD_MISSING", nameless, 400)


class Meetings(Org):
    def test_an_invited_user_has_an_event_of_his_own(self):
        event = self.sf.Event.create({"Subject": "Review", "StartDateTime": "2031-05-06T09:00:00Z", "DurationInMinutes": 30})["id"]
        ben = user(self.sf, BEN)
        relation = self.sf.EventRelation.create({"EventId": event, "RelationId": ben})["id"]
        self.assertEqual(self.sf.Event.get(event)["GroupEventType"], "1")
        soql = "SELECT Id, OwnerId, IsChild, EndDateTime FROM Event WHERE IsChild = {} AND Subject = 'Review'"
        child = self.sf.query(format_soql(soql, True))["records"][0]
        self.assertEqual((child["OwnerId"], child["EndDateTime"]), (ben, "2031-05-06T09:30:00.000+0000"))
        self.sf.Event.update(event, {"Location": "Room 1"})
        self.assertEqual(self.sf.Event.get(child["Id"])["Location"], "Room 1")
        self.assertEqual(self.ids(format_soql(soql, False)), [event])
        client(BEN).Event.delete(child["Id"])
        self.assertEqual(self.sf.EventRelation.get(relation)["Status"], "Declined")
        self.sf.Event.delete(event)
        self.refused(SalesforceResourceNotFound, "ENTITY_IS_DELETED", lambda: self.sf.EventRelation.get(relation))


class Sums(Org):
    def test_rows_are_grouped_counted_and_summed(self):
        for name, amount in [("a", 10), ("a", 20), ("b", 5)]:
            self.sf.Opportunity.create({"Name": name, "StageName": "Prospecting", "CloseDate": "2031-06-01", "Amount": amount})
        soql = "SELECT Name, COUNT(Id) many, SUM(Amount), MAX(Amount) most FROM Opportunity GROUP BY Name HAVING COUNT(Id) > 0 ORDER BY Name"
        answer = self.sf.query(soql)
        self.assertEqual((answer["totalSize"], answer["done"]), (2, True))
        rows = [(row["Name"], row["many"], row["expr0"], row["most"]) for row in answer["records"]]
        self.assertEqual(rows, [("a", 2, 30.0, 20.0), ("b", 1, 5.0, 5.0)])
        self.assertEqual(answer["records"][0]["attributes"], {"type": "AggregateResult"})
        ungrouped = lambda: self.sf.query("SELECT Name, COUNT(Id) FROM Opportunity")
        self.refused(SalesforceMalformedRequest, "MALFORMED_QUERY", ungrouped, 400)


class Transactions(Org):
    def test_what_one_asks_for_from_the_last_covered_date_misses_nothing(self):
        start = now() - datetime.timedelta(minutes=5)
        switch("POST", "commits", {"next_seconds": "120 0"})
        late = self.sf.Contact.create({"LastName": "Late"})["id"]
        early = self.sf.Contact.create({"LastName": "Early"})["id"]
        found, covered = set(), start
        for _ in range(3):
            answer = self.sf.Contact.updated(covered, now() + datetime.timedelta(minutes=1))
            found |= set(answer["ids"])
            covered = datetime.datetime.strptime(answer["latestDateCovered"], "%Y-%m-%dT%H:%M:%S.%f%z")
            switch("POST", "clock", {"advance": "PT90S"})
        self.assertTrue({late, early} <= found)

    def test_a_locked_row_is_told_of_by_itself_in_a_list(self):
        free, held = (self.sf.Contact.create({"LastName": name})["id"] for name in ("Free", "Held"))
        switch("POST", "locks", {"id": held, "times": 1})
        records = [{"attributes": {"type": "Contact"}, "id": each, "Title": "x"} for each in (free, held)]
        told = self.sf.restful("composite/sobjects", method="PATCH", json={"records": records})
        self.assertEqual([each["success"] for each in told], [True, False])
        self.assertEqual(told[1]["errors"][0]["statusCode"], "UNABLE_TO_LOCK_ROW")


class Notices(Org):
    def receiver(self, usual=ACK):
        receiver = Receiver(usual)
        self.addCleanup(receiver.close)
        return receiver

    def notices(self, envelope):
        """What it tells: of each notification its id, and the row's id and name."""
        message = etree.fromstring(envelope.encode()).find(f"{SOAP}Body/{OUTBOUND}notifications")
        self.assertTrue(message.findtext(f"{OUTBOUND}OrganizationId").startswith("00D"))
        return [
            (each.findtext(f"{OUTBOUND}Id"), each.findtext(f"{OUTBOUND}sObject/{SF}Id"), each.findtext(f"{OUTBOUND}sObject/{SF}LastName"))
            for each in message.findall(f"{OUTBOUND}Notification")
        ]

    def test_an_outbound_message_comes_until_it_is_acknowledged(self):
        receiver = self.receiver()
        receiver.planned.extend([(503, ""), (200, ACK.replace("true", "false"))])
        switch("POST", "outbound-messages", {"name": "Told", "object": "Contact", "url": receiver.url, "fields": "LastName"})
        row = self.sf.Contact.create({"LastName": "Ä & <b>"})["id"]
        first = self.notices(receiver.next())
        self.assertEqual([notice[1:] for notice in first], [(row, "Ä & <b>")])
        for pause in ("PT1M", "PT2H"):
            switch("POST", "clock", {"advance": pause})
            self.assertEqual(self.notices(receiver.next()), first)
        self.sf.Contact.update(row, {"LastName": "Changed"})
        ((again, _, name),) = self.notices(receiver.next())
        self.assertEqual((name, again != first[0][0]), ("Changed", True))
        self.assertTrue(receiver.bodies.empty())

    def test_change_events_are_relayed_and_tell_who_made_them(self):
        receiver = self.receiver("{}")
        switch("POST", "event-relay", {"url": receiver.url})
        row = self.sf.Contact.create({"LastName": "Told", "FirstName": "First"})["id"]
        mine = {"Sforce-Call-Options": "client=MySync"}
        acts = [
            ("CREATE", None, lambda: None),
            ("UPDATE", "com/salesforce/api/rest/59.0;client=MySync", lambda: self.sf.Contact.update(row, {"FirstName": None}, headers=mine)),
            ("DELETE", None, lambda: self.sf.Contact.delete(row)),
        ]
        for kind, origin, act in acts:
            act()
            event = json.loads(receiver.next())
            header = event["detail"]["payload"]["ChangeEventHeader"]
            self.assertEqual((header["changeType"], header["recordIds"], header["entityName"]), (kind, [row], "Contact"))
            if origin:
                self.assertEqual((header["changeOrigin"], header["nulledFields"]), (origin, ["Name.FirstName"]))
        self.assertEqual(event["detail-type"], "ContactChangeEvent")
