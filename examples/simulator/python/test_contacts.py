"""What a test of your own code may look like."""
import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest


def test_a_contact_needs_a_last_name(salesforce):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Contact.create({"FirstName": "Ada"})
    assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_a_contact_can_be_found_by_its_account(salesforce):
    account = salesforce.Account.create({"Name": "Analytical Engines"})["id"]
    salesforce.Contact.create({"LastName": "Lovelace", "AccountId": account})
    found = salesforce.query("SELECT LastName FROM Contact WHERE Account.Name = 'Analytical Engines'")
    assert [row["LastName"] for row in found["records"]] == ["Lovelace"]


def test_a_locked_row_is_refused_once(salesforce, faults):
    faults(kind="write", effect="record_error", code="UNABLE_TO_LOCK_ROW", times=1)
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.Account.create({"Name": "Busy"})
    assert refused.value.content[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert salesforce.Account.create({"Name": "Busy"})["success"]
