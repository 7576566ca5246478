"""Every way of logging in that simple-salesforce has, right and wrong, and a session that ends."""
from pathlib import Path

import requests
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from reach import session

VERSION = "60.0"
SOAP = "POST /services/Soap/u/{version} login"
TOKEN = "POST /services/oauth2/token"


def judge(org, report):
    """Logs in by each flow; answers a connection."""
    user = {"username": org["username"], "password": org["password"]}
    app = {"consumer_key": org["client_id"], "consumer_secret": org["client_secret"]}
    reached = session(org)

    report.at(SOAP)
    connection = Salesforce(**user, security_token=org["security_token"], session=reached, version=VERSION)
    report.answers("a session id starts with the 15-character org id",
                   lambda: connection.session_id.startswith(org["org_id"][:15] + "!"))
    report.answers("the server URL leads to the org that was asked",
                   lambda: connection.sf_instance == org["login_url"].split("//")[1])
    report.answers("password without token from a trusted address, with the organisation's id",
                   lambda: Salesforce(**user, organizationId=org["org_id"], session=session(org)).limits())
    report.answers("any host, by scratch_url",
                   lambda: SalesforceLogin(**user, security_token=org["security_token"], sf_version="58.0",
                                           scratch_url=org["login_url"], session=session(org))[0])
    soap = lambda **wrong: lambda: SalesforceLogin(
        **{**user, "security_token": org["security_token"], "session": session(org), "sf_version": VERSION, **wrong})
    wrong_user = ("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
    report.refuses("a wrong password", SalesforceAuthenticationFailed, soap(password="wrong"), *wrong_user)
    report.refuses("a wrong security token", SalesforceAuthenticationFailed, soap(security_token="wrong"), *wrong_user)
    report.refuses("an unknown user", SalesforceAuthenticationFailed, soap(username="nobody@acme.test"), *wrong_user)
    report.refuses("a version that has no login() any more", SalesforceAuthenticationFailed, soap(sf_version="65.0"),
                   "UNSUPPORTED_API_VERSION")

    report.at(f"{TOKEN} password")
    report.answers("user name, password, key and secret",
                   lambda: Salesforce(**user, **app, session=session(org), version=VERSION).limits())
    report.refuses("a wrong password", SalesforceAuthenticationFailed,
                   lambda: Salesforce(**{**user, "password": "wrong"}, **app, session=session(org)),
                   "invalid_grant", "authentication failure")
    report.refuses("a wrong secret", SalesforceAuthenticationFailed,
                   lambda: Salesforce(**user, **{**app, "consumer_secret": "wrong"}, session=session(org)),
                   "invalid_client", "invalid client credentials")
    report.refuses("an unknown consumer key", SalesforceAuthenticationFailed,
                   lambda: Salesforce(**user, **{**app, "consumer_key": "wrong"}, session=session(org)),
                   "invalid_client_id", "client identifier invalid")

    report.at(f"{TOKEN} jwt-bearer")
    key = {"consumer_key": org["client_id"], "privatekey_file": org["private_key_file"]}
    report.answers("a key file",
                   lambda: Salesforce(username=user["username"], **key, session=session(org), version=VERSION).limits())
    report.answers("a key as text, at the test host",
                   lambda: Salesforce(username=user["username"], consumer_key=org["client_id"], domain="test",
                                      privatekey=Path(org["private_key_file"]).read_text(),
                                      session=session(org)).limits())
    report.refuses("a user that the app does not know", SalesforceAuthenticationFailed,
                   lambda: Salesforce(username="nobody@acme.test", **key, session=session(org)), "invalid_grant")
    report.refuses("an unknown issuer", SalesforceAuthenticationFailed,
                   lambda: Salesforce(username=user["username"], session=session(org),
                                      **{**key, "consumer_key": "wrong"}), "client identifier invalid")

    report.at(f"{TOKEN} client_credentials")
    report.answers("key and secret at My Domain",
                   lambda: Salesforce(**app, domain="acme.my", session=session(org)).limits())
    report.refuses("a wrong secret", SalesforceAuthenticationFailed,
                   lambda: Salesforce(consumer_key=org["client_id"], consumer_secret="wrong", domain="acme.my",
                                      session=session(org)), "invalid client credentials")

    report.at("GET /services/oauth2/userinfo")
    report.answers("who the user is", lambda: connection.oauth2("userinfo")["organization_id"], org["org_id"])
    report.refuses("a token that is none", requests.HTTPError, lambda: bad_token(org), "Bad_OAuth_Token")
    return connection


def bad_token(org):
    """Asks who the user is, with a token that nobody gave out."""
    answer = session(org).get("https://login.salesforce.com/services/oauth2/userinfo",
                              headers={"Authorization": "Bearer wrong"})
    if answer.status_code == 403:
        raise requests.HTTPError(answer.text)
    return answer.status_code


def judge_lost_session(org, report):
    """A session that ends is replaced by the client, unless it has no way to log in."""
    user = {"username": org["username"], "password": org["password"]}
    logged_in = Salesforce(**user, security_token=org["security_token"], session=session(org), version=VERSION)
    lent = Salesforce(session_id=logged_in.session_id, instance_url=org["login_url"], session=session(org))
    report.at("GET /services/oauth2/revoke")
    report.answers("the lent session works before", lambda: lent.limits())
    report.answers("a session is revoked",
                   lambda: logged_in.oauth2("revoke", params={"token": logged_in.session_id}), None)
    report.refuses("a client with nothing but that session", SalesforceExpiredSession, lent.limits,
                   "INVALID_SESSION_ID", "Session expired or invalid", status=401)
    report.at(SOAP)
    report.answers("a client that can log in again does so by itself",
                   lambda: logged_in.limits()["DailyApiRequests"]["Max"] > 0)
