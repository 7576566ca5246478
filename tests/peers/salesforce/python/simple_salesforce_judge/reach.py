"""The way from the hosts that simple-salesforce has built in to the org under test.

The client asks `https://login.salesforce.com`, `https://DOMAIN.my.salesforce.com` and `https://HOST:PORT` of the
instance URL. A transport adapter, which `requests` offers for this, sends all of them to the org; the client itself is
untouched.
"""
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter


class ToOrg(HTTPAdapter):
    """Sends a request to the org, whatever host it names; path and query stay as they are."""

    def __init__(self, org_url):
        self.org = urlsplit(org_url)
        super().__init__()

    def send(self, request, **kwargs):
        asked = urlsplit(request.url)
        request.url = urlunsplit((self.org.scheme, self.org.netloc, asked.path, asked.query, ""))
        return super().send(request, **kwargs)


def session(org):
    """A `requests` session that reaches the org."""
    made = requests.Session()
    made.mount("https://", ToOrg(org["login_url"]))
    if org.get("ca_certificate"):
        made.verify = org["ca_certificate"]
    return made
