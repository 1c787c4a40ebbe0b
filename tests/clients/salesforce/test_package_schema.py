"""The package in infra/salesforce against Salesforce's own schema of its metadata, which simple-salesforce brings along."""

import pathlib
import unittest

import simple_salesforce
from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"
METADATA = "http://soap.sforce.com/2006/04/metadata"
PACKAGE = pathlib.Path(__file__).parents[3] / "infra" / "salesforce"


def schema(names):
    """The schema of the service description, with an element for each of these types."""
    wsdl = etree.parse(pathlib.Path(simple_salesforce.__file__).with_name("metadata.wsdl"))
    schema = wsdl.find(f".//{XSD}schema")
    for name in names:
        etree.SubElement(schema, f"{XSD}element", name=name, type=f"meta:{name}", nsmap={"meta": METADATA})
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = {path: etree.parse(path) for path in sorted(PACKAGE.rglob("*-meta.xml"))}
        cls.schema = schema({etree.QName(tree.getroot()).localname for tree in cls.files.values()})

    def test_every_file_is_valid(self):
        self.assertGreaterEqual(len(self.files), 20)
        for path, tree in self.files.items():
            with self.subTest(path.name):
                self.assertTrue(self.schema.validate(tree), self.schema.error_log)

    def test_the_schema_finds_mistakes(self):
        good = next(path for path in self.files if path.name == "Syncline_Key__c.field-meta.xml").read_text()
        for old, new in [("<type>Text<", "<type>String<"), ("<length>80<", "<length>long<"), ("externalId", "external")]:
            broken = etree.ElementTree(etree.fromstring(good.replace(old, new).encode()))
            self.assertFalse(self.schema.validate(broken), new)
