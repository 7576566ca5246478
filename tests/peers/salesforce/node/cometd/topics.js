// PushTopics: every operation, filters, replay, and what is refused.
'use strict';

const { Stream, Inbox } = require('./client');

const CHANNEL = '/topic/CometdAccounts';

async function judge(CometD, org, rest, report) {
  await rest.create('PushTopic', {
    Name: 'CometdAccounts', Query: 'SELECT Id, Name, Phone, BillingAddress FROM Account', ApiVersion: 60.0, NotifyForFields: 'All',
  });
  await judgeLive(CometD, org, rest, report);
  await judgeReplay(CometD, org, rest, report);
  await judgeRefused(CometD, org, report);
}

async function judgeLive(CometD, org, rest, report) {
  const all = new Inbox();
  const stream = new Stream(CometD, org);
  await stream.handshake();
  report.at('POST /cometd/NN.0 /meta/subscribe');
  await report.answers('a channel', async () => {
    const { successful, subscription } = await stream.subscribe(CHANNEL, all);
    return [successful, subscription];
  }, [true, CHANNEL]);

  report.at('POST /cometd/NN.0 /meta/connect');
  const id = await rest.create('Account', { Name: 'Four', BillingCity: 'Roma' });
  await rest.update('Account', id, { Phone: '7' });
  await rest.remove('Account', id);
  const events = await all.first(3);
  await report.answers('create, update, delete, in order', () => events.map(({ data }) => data.event.type),
    ['created', 'updated', 'deleted']);
  await report.answers('an event says what channel it is of', () => events[0].channel, CHANNEL);
  await report.answers('all fields of the query, null where empty', () => {
    const { Name, Phone, BillingAddress: { City, Street } } = events[0].data.sobject;
    return [Name, Phone, City, Street];
  }, ['Four', null, 'Roma', null]);
  await report.answers('a deleted record is only its id', () => events[2].data.sobject, { Id: id });
  await report.answers('a time in UTC', () => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(events[0].data.event.createdDate));
  await report.answers('numbers that rise', () => events.every(({ data }, at) => at === 0
    || events[at - 1].data.event.replayId < data.event.replayId));

  report.at('POST /cometd/NN.0 /meta/unsubscribe');
  await report.answers('nothing comes any more', async () => {
    const subscription = stream.cometd.subscribe('/topic/CometdAccounts', () => {});
    await new Promise((resolve) => { stream.cometd.unsubscribe(subscription, resolve); });
    return true;
  });
  await stream.disconnect();
}

async function judgeReplay(CometD, org, rest, report) {
  report.at('POST /cometd/NN.0 /meta/subscribe');
  const from = async (position, count, more = async () => {}) => {
    const inbox = new Inbox();
    const stream = new Stream(CometD, org, { positions: { [CHANNEL]: position } });
    await stream.handshake();
    await stream.subscribe(CHANNEL, inbox);
    await more();
    const events = await inbox.first(count);
    await stream.disconnect();
    return events;
  };
  const everything = await from(-2, 3);
  await report.answers('-2: all that is kept', () => everything.map(({ data }) => data.event.type), ['created', 'updated', 'deleted']);
  await report.answers('an id: what came behind it', async () => (await from(everything[0].data.event.replayId, 2))
    .map(({ data }) => data.event.type), ['updated', 'deleted']);
  await report.answers('-1: only what is new', async () => (await from(-1, 1, () => rest.create('Account', { Name: 'New' })))
    .map(({ data }) => data.sobject.Name), ['New']);
}

async function judgeRefused(CometD, org, report) {
  const refused = async (channel, positions = {}) => {
    const stream = new Stream(CometD, org, { positions });
    await stream.handshake();
    const reply = await stream.subscribe(channel, new Inbox());
    await stream.disconnect();
    if (reply.successful) return reply;
    throw new Error(reply.error);
  };
  report.at('POST /cometd/NN.0 /meta/subscribe');
  await report.refuses('an id of the future', () => refused(CHANNEL, { [CHANNEL]: 2000000000 }),
    '400::The replayId {2000000000} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to');
  await report.refuses('a number below -2', () => refused(CHANNEL, { [CHANNEL]: -3 }), '400::The replayId {-3}');
  await report.refuses('a topic that there is not', () => refused('/topic/Nonsense'),
    '400::The channel you requested to subscribe to does not exist {/topic/Nonsense}');
  await report.refuses('a topic in other letters', () => refused('/topic/cometdaccounts'), 'does not exist');
  await report.refuses('an event that is not defined', () => refused('/event/Nonsense__e'), '40');
  await report.refuses('changes of an object that there is not', () => refused('/data/NonsenseChangeEvent'), '40');
  await report.refuses('a generic channel that there is not', () => refused('/u/nonsense'), '40');
  await report.refuses('a channel of no kind', () => refused('/nonsense/x'), '403:denied_by_security_policy:create_denied');
  await report.refuses('every topic at once', () => refused('/topic/*'), '40');
}

module.exports = { judge };
