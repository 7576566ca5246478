"""Describe, and single records: created, read, changed, upserted, deleted, and everything refused on the way."""
from datetime import datetime, timedelta, timezone

from simple_salesforce.exceptions import (SalesforceGeneralError, SalesforceMalformedRequest,
                                          SalesforceMoreThanOneRecord, SalesforceResourceNotFound)

EXTERNAL_ID = "OrgA_Id__c"


def judge(sf, report):
    """Single records."""
    judge_describe(sf, report)
    judge_writes(sf, report)
    judge_upserts(sf, report)
    judge_deletes(sf, report)


def judge_describe(sf, report):
    """Objects and fields."""
    report.at("GET /services/data/vNN.0/sobjects")
    listed = sf.describe()
    names = {entry["name"] for entry in listed["sobjects"]}
    report.answers("the standard objects are listed", lambda: {"Account", "Contact", "Lead", "Opportunity", "Case", "Task",
                                                               "Event", "Campaign", "CampaignMember", "Product2",
                                                               "Pricebook2", "User", "Group", "Profile", "RecordType",
                                                               "Organization", "PushTopic"} - names, set())
    report.answers("the batch size is 200", lambda: listed["maxBatchSize"], 200)

    report.at("GET /services/data/vNN.0/sobjects/{object}/describe")
    lead = sf.Lead.describe()
    fields = {field["name"]: field for field in lead["fields"]}
    report.answers("a required name", lambda: (fields["LastName"]["nillable"], fields["LastName"]["length"]), (False, 80))
    report.answers("an e-mail field", lambda: (fields["Email"]["type"], fields["Email"]["length"]), ("email", 80))
    report.answers("an owner that is a user or a queue", lambda: sorted(fields["OwnerId"]["referenceTo"]), ["Group", "User"])
    report.answers("a picklist has its values",
                   lambda: [value["value"] for value in fields["Rating"]["picklistValues"]], ["Hot", "Warm", "Cold"])
    report.answers("audit fields cannot be written", lambda: fields["CreatedDate"]["createable"], False)
    report.answers("a compound address", lambda: fields["Address"]["type"], "address")
    report.answers("a unique external id",
                   lambda: (fields[EXTERNAL_ID]["externalId"], fields[EXTERNAL_ID]["unique"]), (True, True))
    account = sf.Account.describe()
    report.answers("the children of an account",
                   lambda: {"Contacts", "Opportunities", "Cases"}
                   - {child["relationshipName"] for child in account["childRelationships"]}, set())
    report.answers("the master record type",
                   lambda: [kind["recordTypeId"] for kind in account["recordTypeInfos"] if kind["master"]],
                   ["012000000000000AAA"])
    report.refuses("an unknown object", SalesforceResourceNotFound, lambda: sf.Nonsense__c.describe(), "NOT_FOUND",
                   "The requested resource does not exist", status=404)

    report.at("GET /services/data/vNN.0/sobjects/{object}")
    report.answers("what an object is", lambda: sf.Lead.metadata()["objectDescribe"]["keyPrefix"], "00Q")


def judge_writes(sf, report):
    """Create, read, update."""
    report.at("POST /services/data/vNN.0/sobjects/{object}")
    made = sf.Account.create({"Name": " Acme & Söhne ", "AnnualRevenue": 1500000, "BillingCity": "Roma"})
    report.answers("the answer names the new record", lambda: (len(made["id"]), made["success"], made["errors"]), (18, True, []))
    create = lambda **fields: lambda: sf.Account.create(fields)
    refused = lambda check, work, *texts: report.refuses(check, SalesforceMalformedRequest, work, *texts, status=400)
    refused("a missing name", create(Phone="1"), "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]",
            "'fields': ['Name']")
    refused("an unknown field", create(Name="x", Nonsense__c=1), "INVALID_FIELD",
            "No such column 'Nonsense__c' on sobject of type Account")
    refused("a field that the org writes", create(Name="x", CreatedDate="2026-01-01T00:00:00Z"),
            "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: CreatedDate")
    refused("text that is too long", create(Name="x" * 256), "STRING_TOO_LONG", "(max length=255)")
    refused("a lookup to nothing", create(Name="x", ParentId="001000000000000AAA"), "INVALID_CROSS_REFERENCE_KEY")
    refused("a lookup to another object's record",
            lambda: sf.Contact.create({"LastName": "x", "AccountId": sf.query("SELECT Id FROM User LIMIT 1")
                                       ["records"][0]["Id"]}), "id value of incorrect type")
    refused("a number that is none", create(Name="x", AnnualRevenue="much"), "JSON_PARSER_ERROR",
            "Cannot deserialize instance of currency")
    refused("a date that is none", lambda: sf.Contact.create({"LastName": "x", "Birthdate": "2026-13-01"}),
            "JSON_PARSER_ERROR")
    refused("an e-mail address that is none", lambda: sf.Contact.create({"LastName": "x", "Email": "foo"}),
            "INVALID_EMAIL_ADDRESS", "invalid email address: foo")

    report.at("GET /services/data/vNN.0/sobjects/{object}/{id}")
    read = sf.Account.get(made["id"])
    report.answers("text is trimmed", lambda: read["Name"], "Acme & Söhne")
    report.answers("a number has its decimal point", lambda: repr(read["AnnualRevenue"]), "1500000.0")
    report.answers("an address is put together",
                   lambda: (read["BillingAddress"]["city"], read["BillingAddress"]["postalCode"]), ("Roma", None))
    report.answers("a point in time has milliseconds and an offset", lambda: read["CreatedDate"][-9:], ".000+0000")
    report.answers("a 15-character id is as good", lambda: sf.Account.get(made["id"][:15])["Id"], made["id"])
    report.answers("only the fields asked for, and the id",
                   lambda: sorted(sf.Account.get(made["id"], params={"fields": "Name"})), ["Id", "Name", "attributes"])
    report.refuses("an unknown id", SalesforceResourceNotFound, lambda: sf.Account.get("001000000000000AAA"), "NOT_FOUND",
                   status=404)

    report.at("PATCH /services/data/vNN.0/sobjects/{object}/{id}")
    report.answers("a change is answered 204", lambda: sf.Account.update(made["id"], {"Phone": "1", "Site": None}), 204)
    report.answers("and stands", lambda: sf.Account.get(made["id"])["Phone"], "1")
    report.answers("null empties a field", lambda: sf.Account.update(made["id"], {"Phone": None})
                   and sf.Account.get(made["id"])["Phone"], None)
    refused("a required field cannot be emptied", lambda: sf.Account.update(made["id"], {"Name": None}),
            "REQUIRED_FIELD_MISSING")
    refused("a boolean cannot be null", lambda: sf.Contact.update(
        sf.Contact.create({"LastName": "Flag"})["id"], {"DoNotCall": None, "HasOptedOutOfEmail": None}),
        "errorCode")
    report.refuses("a record that is not there", SalesforceResourceNotFound,
                   lambda: sf.Account.update("001000000000000AAA", {"Phone": "1"}), status=404)


def judge_upserts(sf, report):
    """By external id."""
    report.at("PATCH /services/data/vNN.0/sobjects/{object}/{field}/{value}")
    by = lambda value, **fields: sf.Contact.upsert(f"{EXTERNAL_ID}/{value}", fields, raw_response=True)
    first = by("k%2F1%20%C3%A4", LastName="Slash")
    report.answers("a new record is answered 201 and created",
                   lambda: (first.status_code, first.json()["created"]), (201, True))
    again = by("k%2F1%20%C3%A4", LastName="Slash", FirstName="Second")
    report.answers("a known one 200, with the same id",
                   lambda: (again.status_code, again.json()["created"], again.json()["id"]), (200, False, first.json()["id"]))
    report.refuses("a field that is no external id", SalesforceResourceNotFound,
                   lambda: sf.Contact.upsert("Phone/1", {"LastName": "x"}), "NOT_FOUND",
                   "Provided external ID field does not exist or is not accessible: Phone", status=404)
    report.refuses("the external id in the body too", SalesforceMalformedRequest,
                   lambda: by("k2", LastName="x", **{EXTERNAL_ID: "k2"}), "INVALID_FIELD",
                   f"The {EXTERNAL_ID} field should not be specified in the sobject data.", status=400)
    report.answers("a parent by its external id",
                   lambda: (sf.Account.upsert(f"{EXTERNAL_ID}/p1", {"Name": "Parent"}),
                            by("c1", LastName="Child", Account={EXTERNAL_ID: "p1"}).status_code), (201, 201))
    report.refuses("a parent that is not there", SalesforceMalformedRequest,
                   lambda: by("c2", LastName="Child", Account={EXTERNAL_ID: "none"}), "INVALID_FIELD",
                   f"Foreign key external ID: none not found for field {EXTERNAL_ID} in entity Account", status=400)
    report.refuses("a value that another record has", SalesforceMalformedRequest,
                   lambda: sf.Contact.create({"LastName": "x", EXTERNAL_ID: "c1"}), "DUPLICATE_VALUE",
                   f"duplicate value found: {EXTERNAL_ID} duplicates value on record with id: ", status=400)

    report.at("GET /services/data/vNN.0/sobjects/{object}/{field}/{value}")
    report.answers("read by a value with a slash, a space and an umlaut",
                   lambda: sf.Contact.get(f"{EXTERNAL_ID}/k%2F1%20%C3%A4")["FirstName"], "Second")
    report.answers("and as the client itself encodes it", lambda: sf.Contact.get_by_custom_id(EXTERNAL_ID, "c1")["LastName"],
                   "Child")
    report.refuses("an unknown value", SalesforceResourceNotFound,
                   lambda: sf.Contact.get_by_custom_id(EXTERNAL_ID, "none"), "NOT_FOUND", status=404)


def judge_deletes(sf, report):
    """Delete, and what can be known of it afterwards."""
    account = sf.Account.create({"Name": "Gone"})["id"]
    contact = sf.Contact.create({"LastName": "With it", "AccountId": account})["id"]
    begin = datetime.now(timezone.utc) - timedelta(minutes=10)
    end = datetime.now(timezone.utc) + timedelta(minutes=10)
    report.at("DELETE /services/data/vNN.0/sobjects/{object}/{id}")
    report.answers("a delete is answered 204", lambda: sf.Account.delete(account), 204)
    report.refuses("a second one", SalesforceResourceNotFound, lambda: sf.Account.delete(account), "ENTITY_IS_DELETED",
                   "entity is deleted", status=404)
    report.refuses("the record is gone", SalesforceResourceNotFound, lambda: sf.Account.get(account), status=404)
    report.refuses("its contacts went with it", SalesforceResourceNotFound, lambda: sf.Contact.get(contact), status=404)
    report.refuses("an id that is none", (SalesforceResourceNotFound, SalesforceMalformedRequest),
                   lambda: sf.Account.delete("nonsense"), "errorCode")
    report.at("GET /services/data/vNN.0/sobjects/{object}/deleted")
    deleted = sf.Account.deleted(begin, end)
    report.answers("the id is among the deleted", lambda: account in [row["id"] for row in deleted["deletedRecords"]])
    report.answers("the answer says how far it reaches",
                   lambda: {"earliestDateAvailable", "latestDateCovered"} - set(deleted), set())
    report.refuses("a window that starts too early", SalesforceMalformedRequest,
                   lambda: sf.Account.deleted(begin - timedelta(days=20), end), "INVALID_REPLICATION_DATE", status=400)
    report.at("GET /services/data/vNN.0/sobjects/{object}/updated")
    report.answers("a deleted record is not among the changed", lambda: account in sf.Account.updated(begin, end)["ids"],
                   False)
    report.refuses("a window that ends before it starts", SalesforceMalformedRequest,
                   lambda: sf.Account.updated(end, begin), status=400)
