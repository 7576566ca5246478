"""A Salesforce org for the tests of a Python project: one for the session, emptied of faults after each test."""
import json
import os
import subprocess

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceLogin


@pytest.fixture(scope="session")
def org(tmp_path_factory):
    """What a client needs to log in. The org is new at every start, with the same 60 records."""
    folder = tmp_path_factory.mktemp("org")
    command = [os.environ.get("ORGSTREAM", "orgstream"), "sandbox", "--port", "0", "--tls", "--records", "60",
               "--seed", "1"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
def salesforce(org):
    """A connection of simple-salesforce, which speaks https only."""
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would win over the certificate of the org.
    session.verify = org["ca_certificate_file"]
    session_id, instance = SalesforceLogin(username=org["username"], password=org["password"],
                                           security_token=org["security_token"], scratch_url=org["login_url"],
                                           session=session)
    return Salesforce(session_id=session_id, instance=instance, session=session)


@pytest.fixture
def faults(org):
    """Adds faults to the org; they end with the test."""
    url = f"{org['login_url']}/simulator/faults"

    def add(**fault):
        requests.post(url, json=fault, verify=org["ca_certificate_file"], timeout=10).raise_for_status()

    yield add
    requests.delete(url, verify=org["ca_certificate_file"], timeout=10).raise_for_status()
