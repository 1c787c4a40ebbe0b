"""simple-salesforce, as most Python programs reach Salesforce."""

import datetime
import pathlib
import unittest
from email.utils import format_datetime

from simple_salesforce import Salesforce, SalesforceLogin, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id

from simulator import (
    ANNA,
    BASE,
    BEN,
    CLIENT_ID,
    CLIENT_SECRET,
    KEY,
    MAILBOX_ID,
    PASSWORD,
    SECURITY_TOKEN,
    UTC,
    Checks,
    ToSimulator,
    client,
    now,
    switch,
)

# The private key of the simulated connected app, which nothing else knows.
DEMO_KEY = pathlib.Path(__file__).parents[3] / "simulators" / "salesforce" / "demo" / "private-key.pem"


class SignIn(Checks):
    def test_by_password_and_security_token(self):
        sf = Salesforce(username=ANNA, password=PASSWORD, security_token=SECURITY_TOKEN, session=ToSimulator())
        self.assertEqual(sf.oauth2("userinfo")["preferred_username"], ANNA)
        self.assertEqual(f"http://{sf.sf_instance}", BASE)

    def test_by_password_within_an_org(self):
        org = self.sf.oauth2("userinfo")["organization_id"]
        sf = Salesforce(username=BEN, password=PASSWORD, organizationId=org, session=ToSimulator())
        self.assertEqual(sf.oauth2("userinfo")["preferred_username"], BEN)

    def test_by_the_address_of_a_scratch_org(self):
        token, instance = SalesforceLogin(
            username=ANNA, password=PASSWORD, security_token=SECURITY_TOKEN, scratch_url=BASE
        )
        self.assertEqual(f"http://{instance}", BASE)
        self.assertEqual(client(token=token).query("SELECT COUNT() FROM User")["totalSize"], 4)

    def test_by_password_as_a_connected_app(self):
        sf = Salesforce(
            username=ANNA, password=PASSWORD, consumer_key=CLIENT_ID, consumer_secret=CLIENT_SECRET, session=ToSimulator()
        )
        self.assertEqual(sf.oauth2("userinfo")["email"], ANNA)

    def test_as_the_app_itself(self):
        sf = Salesforce(
            consumer_key=CLIENT_ID, consumer_secret=CLIENT_SECRET, domain="northwind.my", session=ToSimulator()
        )
        self.assertTrue(sf.limits()["DailyApiRequests"]["Max"])

    def test_with_an_assertion_that_the_app_has_signed(self):
        with_key = {"consumer_key": CLIENT_ID, "privatekey_file": DEMO_KEY, "session": ToSimulator()}
        sf = Salesforce(username=BEN, **with_key)
        self.assertEqual(sf.oauth2("userinfo")["preferred_username"], BEN)
        with self.assertRaises(SalesforceAuthenticationFailed) as refusal:
            Salesforce(username="nobody@northwind.example", **with_key)
        self.assertEqual(refusal.exception.code, "invalid_grant")

    def test_a_wrong_password_or_secret_is_refused(self):
        for more, expected in [
            ({"password": "wrong", "security_token": ""}, "INVALID_LOGIN"),
            ({"password": "<&>", "security_token": ""}, "INVALID_LOGIN"),
            ({"password": "wrong", "consumer_key": CLIENT_ID, "consumer_secret": CLIENT_SECRET}, "invalid_grant"),
            ({"password": PASSWORD, "consumer_key": CLIENT_ID, "consumer_secret": "wrong"}, "invalid_client"),
            ({"password": PASSWORD, "consumer_key": "nobody", "consumer_secret": CLIENT_SECRET}, "invalid_client_id"),
        ]:
            with self.subTest(more), self.assertRaises(SalesforceAuthenticationFailed) as refusal:
                Salesforce(username=ANNA, session=ToSimulator(), **more)
            self.assertEqual(refusal.exception.code, expected)

    def test_a_session_that_ended_begins_anew_if_the_client_knows_the_password(self):
        sf = Salesforce(username=ANNA, password=PASSWORD, security_token=SECURITY_TOKEN, session=ToSimulator())
        borrowed = client(token=sf.session_id)
        self.assertTrue(borrowed.limits())
        switch("POST", "sessions/expire", {"username": ANNA})
        self.refused(SalesforceExpiredSession, "INVALID_SESSION_ID", borrowed.limits, 401)
        self.assertEqual(sf.User.metadata()["objectDescribe"]["name"], "User")
        self.assertNotEqual(sf.session_id, borrowed.session_id)

    def test_a_new_password_takes_the_place_of_the_old_one(self):
        def sign_in(password):
            return Salesforce(username=BEN, password=password, security_token=SECURITY_TOKEN, session=ToSimulator())

        ben = self.sf.query(format_soql("SELECT Id FROM User WHERE Username = {}", BEN))["records"][0]["Id"]
        self.addCleanup(self.sf.set_password, ben, PASSWORD)
        self.sf.set_password(ben, "another-password")
        self.assertTrue(sign_in("another-password").limits())
        with self.assertRaises(SalesforceAuthenticationFailed):
            sign_in(PASSWORD)

    def test_a_token_of_nobody_is_refused(self):
        self.refused(SalesforceExpiredSession, "INVALID_SESSION_ID", client(token="00Dxx!none").describe, 401)


class Describe(Checks):
    def test_the_org_tells_its_objects(self):
        described = self.sf.describe()
        self.assertEqual((described["encoding"], described["maxBatchSize"]), ("UTF-8", 200))
        objects = {each["name"]: each for each in described["sobjects"]}
        for name, prefix in [("Account", "001"), ("Contact", "003"), ("Lead", "00Q"), ("Task", "00T"), ("Event", "00U")]:
            self.assertEqual(objects[name]["keyPrefix"], prefix)
            self.assertTrue(objects[name]["urls"]["rowTemplate"].endswith(f"/sobjects/{name}/{{ID}}"))
        self.assertFalse(objects["User"]["deletable"])

    def test_the_org_tells_what_kind_it_is(self):
        self.assertIs(self.sf.is_sandbox(), False)

    def test_an_object_tells_its_fields(self):
        described = self.sf.Contact.describe()
        fields = {field["name"]: field for field in described["fields"]}
        required = {
            name for name, it in fields.items() if it["createable"] and not it["nillable"] and not it["defaultedOnCreate"]
        }
        self.assertEqual(required, {"LastName"})
        self.assertEqual((fields["LastName"]["type"], fields["LastName"]["length"]), ("string", 80))
        self.assertEqual((fields["AccountId"]["referenceTo"], fields["AccountId"]["relationshipName"]), (["Account"], "Account"))
        key = fields[KEY]
        self.assertEqual((key["externalId"], key["unique"], key["caseSensitive"], key["length"]), (True, True, False, 80))
        self.assertEqual(self.sf.contact.metadata()["objectDescribe"]["name"], "Contact")

    def test_an_object_tells_how_it_is_laid_out(self):
        layouts = self.sf.restful("sobjects/Contact/describe/layouts")
        record_type = layouts["recordTypeMappings"][0]["recordTypeId"]
        self.assertEqual(self.sf.Contact.describe_layout(record_type), layouts["layouts"][0])

    def test_what_has_not_changed_is_not_sent_again(self):
        since = {"If-Modified-Since": format_datetime(now() + datetime.timedelta(minutes=1), usegmt=True)}
        for ask in [lambda: self.sf.describe(headers=since), lambda: self.sf.Contact.describe(headers=since)]:
            with self.assertRaises(SalesforceGeneralError) as refusal:
                ask()
            self.assertEqual(refusal.exception.status, 304)
        early = {"If-Modified-Since": "Wed, 01 Jan 2014 00:00:00 GMT"}
        self.assertEqual(self.sf.Contact.describe(headers=early)["name"], "Contact")

    def test_an_unknown_object_is_not_found(self):
        self.refused(SalesforceResourceNotFound, "NOT_FOUND", self.sf.Nobody__c.describe, 404)


class Rows(Checks):
    def test_a_row_is_made_read_changed_and_deleted(self):
        made = self.sf.Contact.create({"lastname": "Ström", "Email": "strom@fabrikam.example", "Birthdate": "1980-02-29"})
        self.assertEqual((made["success"], made["errors"], len(made["id"])), (True, [], 18))
        row = self.sf.Contact.get(made["id"])
        self.assertEqual(row["attributes"], {"type": "Contact", "url": f"/services/data/v59.0/sobjects/Contact/{made['id']}"})
        self.assertEqual((row["Name"], row["Birthdate"], row["Phone"], row["DoNotCall"]), ("Ström", "1980-02-29", None, False))
        self.assertRegex(row["SystemModstamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$")
        short = self.sf.Contact.get(made["id"][:15], params={"fields": "Id,Email"})
        self.assertEqual({**short, "attributes": None}, {"attributes": None, "Id": made["id"], "Email": "strom@fabrikam.example"})
        self.assertEqual(self.sf.Contact.update(made["id"], {"Email": None, "FirstName": "Åsa"}), 204)
        row = self.sf.Contact.get(made["id"])
        self.assertEqual((row["Name"], row["Email"]), ("Åsa Ström", None))
        self.assertEqual(self.sf.Contact.delete(made["id"]), 204)
        self.refused(SalesforceResourceNotFound, "ENTITY_IS_DELETED", lambda: self.sf.Contact.delete(made["id"]))
        self.refused(
            SalesforceResourceNotFound, "ENTITY_IS_DELETED", lambda: self.sf.Contact.update(made["id"], {"LastName": "x"})
        )

    def test_a_row_is_written_by_its_external_id(self):
        for value in ["plain", "a/b c", "100% #1?", "ümlaut+plus&and", "it's \"q\""]:
            key = format_external_id(KEY, value)
            with self.subTest(value):
                made = self.sf.Contact.upsert(key, {"LastName": "Upsert"}, raw_response=True)
                self.assertEqual((made.status_code, made.json()["created"]), (201, True))
                again = self.sf.Contact.upsert(key, {"FirstName": "Again"}, raw_response=True)
                self.assertIn(again.status_code, (200, 204))
                row = self.sf.Contact.get(key)
                self.assertEqual((row["Id"], row["FirstName"], row[KEY]), (made.json()["id"], "Again", value))
                self.assertEqual(self.sf.Contact.delete(key), 204)

    def test_a_key_of_several_rows_names_them_all(self):
        ids = {self.sf.Contact.create({"LastName": "Twin", MAILBOX_ID: "t-1"})["id"] for _ in range(2)}
        for act in [
            lambda: self.sf.Contact.get_by_custom_id(MAILBOX_ID, "t-1"),
            lambda: self.sf.Contact.upsert(f"{MAILBOX_ID}/t-1", {"LastName": "Third"}),
        ]:
            with self.assertRaises(SalesforceMoreThanOneRecord) as refusal:
                act()
            self.assertEqual({url.rsplit("/", 1)[1] for url in refusal.exception.content}, ids)
            self.assertTrue(all(url.startswith("/services/data/v59.0/sobjects/Contact/") for url in refusal.exception.content))

    def test_a_row_is_related_by_the_external_id_of_its_parent(self):
        account = self.sf.Account.create({"Name": "Keyed", KEY: "acc-1"})["id"]
        contact = self.sf.Contact.create({"LastName": "Child", "Account": {KEY: "ACC-1"}})["id"]
        self.assertEqual(self.sf.Contact.get(contact)["AccountId"], account)

    def test_what_is_wrong_is_refused_as_the_service_refuses_it(self):
        contact = self.sf.Contact
        taken = contact.create({"LastName": "Taken", KEY: "taken"})["id"]
        create = lambda **fields: lambda: contact.create(fields)
        for error_code, fields, act in [
            ("REQUIRED_FIELD_MISSING", ["LastName"], create(FirstName="x")),
            ("STRING_TOO_LONG", ["LastName"], create(LastName="x" * 81)),
            ("INVALID_FIELD", None, create(LastName="x", Nope__c="x")),
            ("INVALID_FIELD_FOR_INSERT_UPDATE", None, create(LastName="x", Name="x")),
            ("INVALID_EMAIL_ADDRESS", ["Email"], create(LastName="x", Email="foo")),
            ("MALFORMED_ID", ["AccountId"], create(LastName="x", AccountId="bogus")),
            ("DUPLICATE_VALUE", None, create(LastName="x", **{KEY: "TAKEN"})),
            ("JSON_PARSER_ERROR", None, create(LastName="x", DoNotCall="perhaps")),
            ("INVALID_FIELD", None, lambda: contact.update(taken, {"Id": taken, "LastName": "x"})),
        ]:
            with self.subTest(error_code):
                error = self.refused(SalesforceMalformedRequest, error_code, act, 400)
                if fields is not None:
                    self.assertEqual(error["fields"], fields)
        for error_code, act in [
            ("NOT_FOUND", lambda: contact.get("003000000000000AAA")),
            ("NOT_FOUND", lambda: contact.get("no-id")),
            ("NOT_FOUND", lambda: contact.upsert("Nope__c/1", {"LastName": "x"})),
            ("NOT_FOUND", lambda: self.sf.restful("nothing")),
        ]:
            self.refused(SalesforceResourceNotFound, error_code, act, 404)
        not_allowed = lambda: self.sf.restful(f"sobjects/Contact/{taken}", method="PUT", json={})
        self.refused(SalesforceGeneralError, "METHOD_NOT_ALLOWED", not_allowed, 405)
        headers = {"Content-Type": "text/csv"}
        unsupported = lambda: self.sf.restful("sobjects/Contact", method="POST", data="a,b", headers=headers)
        self.refused(SalesforceGeneralError, "UNSUPPORTED_MEDIA_TYPE", unsupported, 415)

    def test_only_accounts_are_guarded_by_an_etag(self):
        account = self.sf.Account.create({"Name": "Guarded"})["id"]
        answer = self.sf.session.request(
            "GET", f"{self.sf.base_url}sobjects/Account/{account}", headers=self.sf.headers
        )
        etag = answer.headers["ETag"]
        self.assertEqual(self.sf.Account.update(account, {"Phone": "1"}, headers={"If-Match": etag}), 204)
        with self.assertRaises(SalesforceGeneralError) as refusal:
            self.sf.Account.update(account, {"Phone": "2"}, headers={"If-Match": '"other"'})
        self.assertEqual(refusal.exception.status, 412)


class Queries(Checks):
    def test_pages_follow_each_other_to_the_end(self):
        ids = self.contacts("Page", 450)
        soql = "SELECT Id, FirstName FROM Contact WHERE LastName = 'Page' ORDER BY FirstName"
        headers = {"Sforce-Query-Options": "batchSize=200"}
        page, sizes, found = self.sf.query(soql, headers=headers), [], []
        while True:
            sizes.append(len(page["records"]))
            found += [record["Id"] for record in page["records"]]
            self.assertEqual(page["totalSize"], 450)
            if page["done"]:
                break
            page = self.sf.query_more(page["nextRecordsUrl"].rsplit("/", 1)[1], headers=headers)
        self.assertNotIn("nextRecordsUrl", page)
        self.assertEqual((found, sizes[0], len(sizes) >= 3), (ids, 200, True))
        self.assertEqual([row["Id"] for row in self.sf.query_all(soql, headers=headers)["records"]], ids)
        lazy = self.sf.query_all_iter(soql, headers=headers)
        self.assertEqual(next(lazy)["Id"], ids[0])
        self.assertEqual(len(list(lazy)), 449)
        self.assertEqual(self.sf.query(soql)["done"], True)
        self.refused(
            SalesforceMalformedRequest, "INVALID_QUERY_LOCATOR", lambda: self.sf.query_more("01g000000000000AAA-200")
        )

    def test_the_recycle_bin_is_seen_only_when_asked_for(self):
        kept, deleted = self.contacts("Binned", 2)
        self.sf.Contact.delete(deleted)
        soql = "SELECT Id, IsDeleted FROM Contact WHERE LastName = 'Binned'"
        self.assertEqual([row["Id"] for row in self.sf.query_all(soql)["records"]], [kept])
        all_of_them = self.sf.query_all(soql, include_deleted=True)["records"]
        self.assertEqual({row["Id"]: row["IsDeleted"] for row in all_of_them}, {kept: False, deleted: True})

    def test_relationships_go_up_and_down(self):
        account = self.sf.Account.create({"Name": "Up and down"})["id"]
        for name in ("First", "Second"):
            self.sf.Contact.create({"LastName": name, "AccountId": account})
        lonely = self.sf.Contact.create({"LastName": "Lonely"})["id"]
        soql = "SELECT Account.Name, Account.Owner.Name FROM Contact WHERE Id = {}"
        self.assertIsNone(self.sf.query(format_soql(soql, lonely))["records"][0]["Account"])
        up = self.sf.query(format_soql("SELECT LastName, Account.Owner.Username FROM Contact WHERE AccountId = {} ORDER BY LastName", account))
        self.assertEqual(up["records"][0]["Account"]["Owner"]["Username"], ANNA)
        self.assertEqual(up["records"][0]["Account"]["attributes"]["type"], "Account")
        down = self.sf.query(format_soql("SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Id = {}", account))
        children = down["records"][0]["Contacts"]
        self.assertEqual((children["totalSize"], children["done"]), (2, True))
        self.assertEqual([child["LastName"] for child in children["records"]], ["First", "Second"])
        task = self.sf.Task.create({"Subject": "Who and what", "WhoId": lonely, "WhatId": account})["id"]
        seen = self.sf.query(format_soql("SELECT Who.Name, Who.Type, What.Name FROM Task WHERE Id = {}", task))["records"][0]
        self.assertEqual((seen["Who"]["Name"], seen["Who"]["Type"], seen["What"]["Name"]), ("Lonely", "Contact", "Up and down"))

    def test_columns_come_as_they_were_selected(self):
        account = self.sf.Account.create({"Name": "Columns Ltd"})["id"]
        contact = self.sf.Contact.create({"LastName": "Columns", "AccountId": account})["id"]
        selected = self.sf.query("SELECT Title, LastName, Account.Name, Id FROM Contact WHERE LastName = 'Columns'")
        self.assertEqual(list(selected["records"][0]), ["attributes", "Title", "LastName", "Account", "Id"])
        self.assertEqual(list(self.sf.Contact.get(contact))[:2], ["attributes", "Id"])
        way = f"sobjects/Account/{account}/Contacts"
        found = self.sf.restful(way, params={"fields": "LastName,Id"})
        self.assertEqual([record["Id"] for record in found["records"]], [contact])
        explained = self.sf.restful("query", params={"explain": "SELECT Id FROM Contact WHERE LastName = 'Columns'"})
        self.assertEqual(explained["plans"][0]["cardinality"], 1)

    def test_texts_times_and_lists_are_quoted_as_the_client_quotes_them(self):
        awkward = "O'Neil \\ \"quoted\" 100%_\ttab"
        made = self.sf.Contact.create({"LastName": awkward})["id"]
        like = format_soql("SELECT Id FROM Contact WHERE LastName LIKE '{:like}%'", "O'Neil \\ \"quoted\" 100%_")
        for soql in [
            format_soql("SELECT Id FROM Contact WHERE LastName = {}", awkward),
            format_soql("SELECT Id FROM Contact WHERE LastName IN {}", [awkward, "nobody"]),
            like,
            format_soql("SELECT Id FROM Contact WHERE Id = {} AND CreatedDate > {}", made[:15], datetime.datetime(2014, 1, 1, tzinfo=UTC)),
            format_soql("SELECT Id FROM Contact WHERE Id = {} AND Email = {} AND DoNotCall = {}", made, None, False),
            f"SELECT Id FROM Contact WHERE Id = '{made}' AND CreatedDate >= LAST_N_DAYS:2 AND (NOT LastName LIKE 'x%')",
        ]:
            self.assertEqual([row["Id"] for row in self.sf.query(soql)["records"]], [made], soql)

    def test_counting_gives_no_rows(self):
        self.contacts("Counted", 3)
        self.assertEqual(self.sf.query("select count() from contact where LastName = 'COUNTED'"), {"totalSize": 3, "done": True, "records": []})

    def test_what_is_wrong_is_refused_as_the_service_refuses_it(self):
        for error_code, soql in [
            ("MALFORMED_QUERY", "SELECT Id FROM Contact WHERE"),
            ("MALFORMED_QUERY", "SELECT * FROM Contact"),
            ("MALFORMED_QUERY", "SELECT Id FROM Contact WHERE LastName = 'a' AND Email = 'b' OR Phone = 'c'"),
            ("INVALID_FIELD", "SELECT Nope__c FROM Contact"),
            ("INVALID_FIELD", "SELECT Nobody.Name FROM Contact"),
            ("INVALID_FIELD", "SELECT Id FROM Contact WHERE CreatedDate > '2031-01-01T00:00:00Z'"),
            ("INVALID_FIELD", "SELECT Id FROM Contact WHERE Description = 'x'"),
            ("INVALID_TYPE", "SELECT Id FROM Nobody__c"),
        ]:
            with self.subTest(soql):
                self.refused(SalesforceMalformedRequest, error_code, lambda: self.sf.query(soql), 400)
        message = self.refused(SalesforceMalformedRequest, "MALFORMED_QUERY", lambda: self.sf.query("SELECT Id FROM Contact WHERE"))
        self.assertIn("ERROR at Row:1:Column:29\nunexpected token: '<EOF>'", message["message"])


class Many(Checks):
    def test_collections_tell_of_each_row(self):
        kind = {"attributes": {"type": "Contact"}}
        records = [{**kind, "LastName": "One"}, {**kind, "FirstName": "Nameless"}, {"attributes": {"type": "Account"}, "Name": "Two"}]
        post = lambda whole: self.sf.restful("composite/sobjects", method="POST", json={"allOrNone": whole, "records": records})
        one, bad, two = post(False)
        self.assertEqual((one["success"], bad["success"], two["success"]), (True, False, True))
        self.assertEqual((bad["errors"][0]["statusCode"], bad["errors"][0]["fields"]), ("REQUIRED_FIELD_MISSING", ["LastName"]))
        self.assertEqual(
            [result["errors"][0]["statusCode"] for result in post(True)],
            ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING", "ALL_OR_NONE_OPERATION_ROLLED_BACK"],
        )
        changed = self.sf.restful("composite/sobjects", method="PATCH", json={"records": [{**kind, "id": one["id"], "Title": "Head"}]})
        self.assertEqual(changed, [{"id": one["id"], "success": True, "errors": []}])
        read = self.sf.restful("composite/sobjects/Contact", params={"ids": f"{one['id']},003000000000000AAA", "fields": "Id,Title"})
        self.assertEqual((read[0]["Title"], read[1]), ("Head", None))
        upserted = self.sf.restful(
            f"composite/sobjects/Contact/{KEY}",
            method="PATCH",
            json={"records": [{**kind, KEY: "many-1", "LastName": "New"}, {**kind, KEY: "many-2", "FirstName": "x"}]},
        )
        self.assertEqual([result["success"] for result in upserted], [True, False])
        self.assertTrue(upserted[0]["created"])
        gone = self.sf.restful("composite/sobjects", method="DELETE", params={"ids": f"{one['id']},{two['id']}", "allOrNone": "true"})
        self.assertEqual([result["success"] for result in gone], [True, True])
        with self.assertRaises(SalesforceMalformedRequest):
            self.sf.restful("composite/sobjects", method="POST", json={"records": [{**kind, "LastName": "x"}] * 201})

    def test_a_composite_request_refers_to_its_own_parts(self):
        base = "/services/data/v59.0"
        answer = self.sf.restful(
            "composite",
            method="POST",
            json={
                "allOrNone": False,
                "compositeRequest": [
                    {"method": "POST", "url": f"{base}/sobjects/Account", "referenceId": "a", "body": {"Name": "Composite"}},
                    {"method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "c", "body": {"LastName": "Part", "AccountId": "@{a.id}"}},
                    {"method": "GET", "url": f"{base}/query?q=SELECT Id FROM Contact WHERE AccountId='@{{a.id}}'".replace(" ", "+"), "referenceId": "q"},
                    {"method": "PATCH", "url": f"{base}/sobjects/Contact/@{{q.records[0].Id}}", "referenceId": "p", "body": {"Title": "Found"}},
                    {"method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "bad", "body": {"FirstName": "x"}},
                    {"method": "GET", "url": f"{base}/sobjects/Contact/@{{bad.id}}", "referenceId": "after"},
                ],
            },
        )["compositeResponse"]
        self.assertEqual([part["httpStatusCode"] for part in answer], [201, 201, 200, 204, 400, 400])
        self.assertEqual([part["referenceId"] for part in answer], ["a", "c", "q", "p", "bad", "after"])
        self.assertTrue(answer[0]["httpHeaders"]["Location"].endswith(answer[0]["body"]["id"]))
        self.assertIsNone(answer[3]["body"])
        self.assertEqual(answer[5]["body"][0]["errorCode"], "PROCESSING_HALTED")
        self.assertEqual(self.sf.Contact.get(answer[1]["body"]["id"])["Title"], "Found")

    def test_a_tree_is_planted_whole_or_not_at_all(self):
        def tree(email):
            contact = {"attributes": {"type": "Contact", "referenceId": "leaf"}, "LastName": "Leaf", "Email": email}
            account = {"attributes": {"type": "Account", "referenceId": "root"}, "Name": "Tree Ltd"}
            body = {"records": [account | {"Contacts": {"records": [contact]}}]}
            return self.sf.restful("composite/tree/Account", method="POST", json=body)

        with self.assertRaises(SalesforceMalformedRequest) as refusal:
            tree("no address")
        failed = refusal.exception.content["results"][0]
        self.assertEqual((failed["referenceId"], failed["errors"][0]["statusCode"]), ("leaf", "INVALID_EMAIL_ADDRESS"))
        self.assertEqual(self.sf.query("SELECT COUNT() FROM Account WHERE Name = 'Tree Ltd'")["totalSize"], 0)
        made = {result["referenceId"]: result["id"] for result in tree("leaf@tree.example")["results"]}
        self.assertEqual(self.sf.Contact.get(made["leaf"])["AccountId"], made["root"])

    def test_a_composite_request_is_one_call_and_a_batch_is_many(self):
        used = lambda: self.sf.limits() and self.sf.api_usage["api-usage"].used
        part = {"method": "GET", "url": "/services/data/v59.0/limits"}
        first = used()
        self.sf.restful("composite", method="POST", json={"compositeRequest": [{**part, "referenceId": f"r{n}"} for n in range(3)]})
        self.assertEqual(used() - first, 2)
        first = used()
        batch = self.sf.restful("composite/batch", method="POST", json={"batchRequests": [{"method": "GET", "url": "v59.0/limits"}] * 3})
        self.assertEqual((batch["hasErrors"], [result["statusCode"] for result in batch["results"]]), (False, [200] * 3))
        self.assertGreaterEqual(used() - first, 4)

    def test_a_batch_halts_where_it_is_told_to(self):
        contact = self.sf.Contact.create({"LastName": "Batch"})["id"]
        requests = [
            {"method": "PATCH", "url": f"v59.0/sobjects/Contact/{contact}", "richInput": {"Title": "x"}},
            {"method": "GET", "url": "v59.0/sobjects/Contact/003000000000000AAA"},
            {"method": "GET", "url": "v59.0/limits"},
        ]
        send = lambda halt: self.sf.restful("composite/batch", method="POST", json={"haltOnError": halt, "batchRequests": requests})
        self.assertEqual([result["statusCode"] for result in send(False)["results"]], [204, 404, 200])
        halted = send(True)
        self.assertEqual((halted["hasErrors"], [result["statusCode"] for result in halted["results"]]), (True, [204, 404, 412]))
        self.assertEqual(halted["results"][2]["result"][0]["errorCode"], "BATCH_PROCESSING_HALTED")

    def test_each_graph_is_done_whole_or_not_at_all(self):
        base = "/services/data/v59.0/sobjects"
        graph = lambda name, second: {
            "graphId": name,
            "compositeRequest": [
                {"method": "POST", "url": f"{base}/Account", "referenceId": "a", "body": {"Name": f"Graph {name}"}},
                {"method": "POST", "url": f"{base}/Contact", "referenceId": "c", "body": {"AccountId": "@{a.id}", **second}},
            ],
        }
        answer = self.sf.restful("composite/graph", method="POST", json={"graphs": [graph("good", {"LastName": "x"}), graph("bad", {})]})
        self.assertEqual([(each["graphId"], each["isSuccessful"]) for each in answer["graphs"]], [("good", True), ("bad", False)])
        self.assertEqual(len(answer["graphs"][0]["graphResponse"]["compositeResponse"]), 2)
        self.assertEqual(self.sf.query("SELECT COUNT() FROM Account WHERE Name LIKE 'Graph %'")["totalSize"], 1)


class Replication(Checks):
    def test_what_changed_and_what_went_is_told(self):
        start = now() - datetime.timedelta(minutes=2)
        kept, gone = self.contacts("Replicated", 2)
        self.sf.Contact.delete(gone)
        end = now() + datetime.timedelta(minutes=2)
        updated = self.sf.Contact.updated(start, end)
        self.assertIn(kept, updated["ids"])
        self.assertNotIn(gone, updated["ids"])
        deleted = self.sf.Contact.deleted(start, end)
        self.assertIn(gone, [record["id"] for record in deleted["deletedRecords"]])
        for answer in (updated, deleted):
            covered = datetime.datetime.strptime(answer["latestDateCovered"], "%Y-%m-%dT%H:%M:%S.%f%z")
            self.assertLessEqual(covered, end)
        self.assertIn("earliestDateAvailable", deleted)

    def test_spans_that_cannot_be_told_are_refused(self):
        end = now()
        for start, end in [(end, end), (end - datetime.timedelta(days=40), end), (end, end - datetime.timedelta(hours=1))]:
            for ask in (self.sf.Contact.updated, self.sf.Contact.deleted):
                self.refused(SalesforceMalformedRequest, "INVALID_REPLICATION_DATE", lambda: ask(start, end), 400)


class Limits(Checks):
    def test_every_answer_tells_how_much_is_used(self):
        limits = self.sf.limits()["DailyApiRequests"]
        usage = self.sf.api_usage["api-usage"]
        self.assertEqual((limits["Max"], limits["Remaining"]), (usage.total, usage.total - usage.used))
        self.sf.query("SELECT Id FROM User LIMIT 1")
        self.assertEqual(self.sf.api_usage["api-usage"].used, usage.used + 1)


class Trouble(Checks):
    """Last, because it turns the clock on."""

    def test_a_session_that_is_not_used_ends(self):
        sf = Salesforce(username=ANNA, password=PASSWORD, security_token=SECURITY_TOKEN, session=ToSimulator())
        borrowed = client(token=sf.session_id)
        for minutes in (90, 90):
            switch("POST", "clock", {"advance": f"PT{minutes}M"})
            self.assertTrue(borrowed.limits())
        switch("POST", "clock", {"advance": "PT2H1M"})
        self.refused(SalesforceExpiredSession, "INVALID_SESSION_ID", borrowed.limits, 401)

    def test_when_all_calls_are_used_each_is_refused(self):
        switch("POST", "limits", {"daily": 5, "used": 5})
        try:
            error = self.refused(SalesforceRefusedRequest, "REQUEST_LIMIT_EXCEEDED", lambda: self.sf.query("SELECT Id FROM User"), 403)
            self.assertEqual(error["message"], "TotalRequests Limit exceeded.")
            # A day later they are free again.
            switch("POST", "clock", {"advance": "PT24H1M"})
            self.assertEqual(self.sf.query("SELECT COUNT() FROM User")["totalSize"], 4)
        finally:
            switch("DELETE", "limits")

    def test_a_row_that_somebody_else_holds_is_refused(self):
        row = self.sf.Contact.create({"LastName": "Locked"})["id"]
        switch("POST", "locks", {"id": row, "times": 1})
        change = lambda: self.sf.Contact.update(row, {"Title": "x"})
        self.refused(SalesforceMalformedRequest, "UNABLE_TO_LOCK_ROW", change, 400)
        self.assertEqual(change(), 204)

    def test_a_service_that_is_away_answers_in_json_or_html(self):
        switch("POST", "unavailable", {"times": 1})
        self.refused(SalesforceGeneralError, "SERVER_UNAVAILABLE", self.sf.limits, 503)
        switch("POST", "unavailable", {"times": 1, "html": True})
        with self.assertRaises(SalesforceGeneralError) as refusal:
            self.sf.limits()
        switch("POST", "unavailable", {"html": False})
        self.assertEqual(refusal.exception.status, 503)
        self.assertIn("<html", refusal.exception.content.lower())

    def test_a_long_transaction_is_seen_late_and_behind_its_time(self):
        switch("POST", "commits", {"delay_seconds": 60})
        start = now() - datetime.timedelta(minutes=5)
        self.sf.Contact.create({"LastName": "Late"})
        switch("POST", "commits", {"delay_seconds": 0})
        self.sf.Contact.create({"LastName": "Late"})
        count = lambda: self.sf.query("SELECT COUNT() FROM Contact WHERE LastName = 'Late'")["totalSize"]
        self.assertEqual(count(), 1)
        covered = self.sf.Contact.updated(start, now() + datetime.timedelta(minutes=1))["latestDateCovered"]
        self.assertLess(datetime.datetime.strptime(covered, "%Y-%m-%dT%H:%M:%S.%f%z"), now())
        switch("POST", "clock", {"advance": "PT61S"})
        self.assertEqual(count(), 2)

    def test_pages_may_be_smaller_than_the_client_asked_for(self):
        switch("POST", "pages", {"batch_size": 3})
        try:
            self.assertEqual(len(self.sf.query("SELECT Id FROM User")["records"]), 3)
            self.assertEqual(self.sf.query_all("SELECT Id FROM User")["totalSize"], 4)
        finally:
            switch("POST", "pages", {"batch_size": 0})


if __name__ == "__main__":
    unittest.main()
