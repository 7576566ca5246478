"""Logins, subscriptions, replay and lost sessions, as a user of aiosfstream meets them."""
import asyncio

import aiohttp
from aiosfstream_ng import Client, PasswordAuthenticator, RefreshTokenAuthenticator, ReplayMarker, ReplayOption
from aiosfstream_ng.exceptions import AuthenticationError, ServerError

CHANNEL = "/topic/AioAccounts"
LONGEST_WAIT_S = 20


class ToOrg:
    """The token URL of an authenticator is a constant of the package; this leads it to the org."""

    org_url = None

    @property
    def _token_url(self):
        return f"{self.org_url}/services/oauth2/token"


class Password(ToOrg, PasswordAuthenticator):
    """User name and password."""


class Refresh(ToOrg, RefreshTokenAuthenticator):
    """A refresh token."""


def password(org, **wrong):
    """An authenticator for the password flow."""
    made = Password(**{"consumer_key": org["client_id"], "consumer_secret": org["client_secret"],
                       "username": org["username"], "password": org["password"] + org["security_token"], **wrong})
    made.org_url = org["login_url"]
    return made


def client(org, replay=ReplayOption.NEW_EVENTS, auth=None, **options):
    """A client; its own connection time-out does not work on this Python."""
    return Client(auth or password(org), replay=replay, connection_timeout=0, **options)


async def soon(work):
    """`work`, or an error when it takes too long."""
    return await asyncio.wait_for(work, LONGEST_WAIT_S)


class Rest:
    """REST calls that make changes."""

    def __init__(self, org, session, token):
        self.org, self.session, self.token = org, session, token

    async def call(self, method, path, body=None):
        """The JSON of an answer."""
        url = self.org["login_url"] + path
        async with self.session.request(method, url, json=body,
                                        headers={"Authorization": f"Bearer {self.token}"}) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json() if answer.status not in (202, 204) and answer.content_length != 0 else None

    async def create(self, kind, **fields):
        """The id of a new record."""
        return (await self.call("POST", f"/services/data/v45.0/sobjects/{kind}", fields))["id"]


async def judge(org, report):
    """Everything, in order."""
    known = password(org)
    await known.authenticate()
    async with aiohttp.ClientSession() as session:
        rest = Rest(org, session, known.access_token)
        await rest.create("PushTopic", Name="AioAccounts", Query="SELECT Id, Name, Phone FROM Account", ApiVersion=45.0,
                          NotifyForFields="All")
        await judge_logins(org, report)
        await judge_events(org, rest, report)
        await judge_refusals(org, report)
        await judge_lost(org, rest, report)


async def opened(org, **wrong):
    """Opens and closes a client."""
    async with client(org, auth=password(org, **wrong)) as stream:
        return not stream.closed


async def judge_logins(org, report):
    """The two flows of the package."""
    report.at("POST /services/oauth2/token password")
    await answers(report, "user name and password", opened(org))
    for check, wrong, text in [("a wrong password", {"password": "wrong"}, "authentication failure"),
                               ("a wrong secret", {"consumer_secret": "wrong"}, "invalid client credentials"),
                               ("an unknown client", {"consumer_key": "wrong"}, "client identifier invalid")]:
        await refuses(report, check, AuthenticationError, opened(org, **wrong), text)
    report.at("POST /services/oauth2/token refresh_token")
    wrong = Refresh(consumer_key=org["client_id"], consumer_secret=org["client_secret"], refresh_token="wrong")
    wrong.org_url = org["login_url"]
    await refuses(report, "a refresh token that is none", AuthenticationError, client(org, auth=wrong).open(),
                  "expired access/refresh token")


async def judge_events(org, rest, report):
    """Live events, then those that are kept."""
    report.at("POST /cometd/NN.0 /meta/connect")
    async with client(org) as stream:
        await stream.subscribe(CHANNEL)
        record = await rest.create("Account", Name="Live")
        await rest.call("PATCH", f"/services/data/v45.0/sobjects/Account/{record}", {"Phone": "1"})
        await rest.call("DELETE", f"/services/data/v45.0/sobjects/Account/{record}")
        events = [await soon(stream.receive()) for _ in range(3)]
        await answers(report, "create, update, delete, in order", [event["data"]["event"]["type"] for event in events],
                      ["created", "updated", "deleted"])
        await answers(report, "all fields of the query", events[1]["data"]["sobject"],
                      {"Id": record, "Name": "Live", "Phone": "1"})
        await answers(report, "a deleted record is only its id", events[2]["data"]["sobject"], {"Id": record})
        report.at("POST /cometd/NN.0 /meta/unsubscribe")
        await answers(report, "a subscription ends", unsubscribed(stream))
    first = events[0]["data"]["event"]["replayId"]
    report.at("POST /cometd/NN.0 /meta/subscribe")
    await answers(report, "-2: all that is kept", types(org, ReplayOption.ALL_EVENTS, 3), ["created", "updated", "deleted"])
    stored = await remembered(org)
    await answers(report, "the oldest event kept is the first one", stored[CHANNEL].replay_id, first)
    await answers(report, "a stored id: what came behind it", types(org, stored, 2), ["updated", "deleted"])


async def unsubscribed(stream):
    """Unsubscribes; true when that was confirmed."""
    await stream.unsubscribe(CHANNEL)
    return CHANNEL not in stream.subscriptions


async def remembered(org):
    """A replay storage that has seen the oldest event."""
    async with client(org, replay=ReplayOption.ALL_EVENTS) as stream:
        await stream.subscribe(CHANNEL)
        event = (await soon(stream.receive()))["data"]["event"]
    return {CHANNEL: ReplayMarker(date=event["createdDate"], replay_id=event["replayId"])}


async def types(org, replay, count):
    """The kinds of the first events from a place on."""
    async with client(org, replay=replay) as stream:
        await stream.subscribe(CHANNEL)
        return [(await soon(stream.receive()))["data"]["event"]["type"] for _ in range(count)]


async def judge_refusals(org, report):
    """What cannot be subscribed to."""
    report.at("POST /cometd/NN.0 /meta/subscribe")

    async def subscribed(channel, replay=ReplayOption.NEW_EVENTS, **options):
        async with client(org, replay=replay, **options) as stream:
            await stream.subscribe(channel)
            return channel in stream.subscriptions

    lost = {CHANNEL: ReplayMarker(date="2000-01-01T00:00:00Z", replay_id=1999999999)}
    await refuses(report, "an id that is not kept", ServerError, subscribed(CHANNEL, lost),
                  "The replayId {1999999999} you provided was invalid")
    await answers(report, "the client falls back to everything by itself",
                  subscribed(CHANNEL, dict(lost), replay_fallback=ReplayOption.ALL_EVENTS))
    await refuses(report, "a topic that there is not", ServerError, subscribed("/topic/Nonsense"), "does not exist")
    await refuses(report, "a channel of no kind", ServerError, subscribed("/nonsense/x"), "denied_by_security_policy")
    report.at("POST /cometd/NN.0 publish")

    async def published():
        async with client(org) as stream:
            await stream.subscribe(CHANNEL)
            return await stream.publish(CHANNEL, {"x": 1})

    await refuses(report, "a client publishes", ServerError, published(), "40")


async def judge_lost(org, rest, report):
    """A session that the org forgets, a token that dies: the client goes on by itself."""
    report.at("POST /cometd/NN.0 /meta/handshake")
    storage = {}
    async with client(org, replay=storage) as stream:
        await stream.subscribe(CHANNEL)
        await rest.create("Account", Name="Before")
        first = await soon(stream.receive())
        await rest.call("POST", "/simulator/cometd/drop")
        await rest.create("Account", Name="After the drop")
        second = await soon(stream.receive())
        await answers(report, "a dropped session: nothing lost, nothing twice",
                      [event["data"]["sobject"]["Name"] for event in (first, second)], ["Before", "After the drop"])
        await rest.call("POST", "/simulator/tokens/expire")
        fresh = password(org)
        await fresh.authenticate()
        rest.token = fresh.access_token
        await rest.create("Account", Name="After the login")
        third = await soon(stream.receive())
        await answers(report, "a dead token: the client logs in again", third["data"]["sobject"]["Name"], "After the login")


async def answers(report, check, work, expected=True):
    """As `Report.answers`, for work that is awaited."""
    try:
        found = await soon(work) if asyncio.iscoroutine(work) else work
        report.answers(check, found if expected is not True else bool(found), expected)
    except Exception as raised:
        failure = raised
        report.answers(check, lambda: (_ for _ in ()).throw(failure), expected)


async def refuses(report, check, error, work, *texts):
    """As `Report.refuses`, for work that is awaited."""
    try:
        done = await soon(work)
        report.refuses(check, error, lambda: done)
    except Exception as raised:
        failure = raised
        report.refuses(check, error, lambda: (_ for _ in ()).throw(failure), *texts)
