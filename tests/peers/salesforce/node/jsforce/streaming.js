// The streaming half of jsforce: PushTopics over faye, live, from the past, and refused.
'use strict';

const jsforce = require('jsforce');

const { StreamingExtension: { Replay, AuthFailure } } = require('jsforce/lib/api/streaming');

const LONGEST_WAIT_MS = 15000;

/** Collects messages and waits until there are enough. */
class Inbox {
  constructor() {
    this.messages = [];
    this.waiting = [];
  }

  put(message) {
    this.messages.push(message);
    this.waiting = this.waiting.filter(({ count, resolve }) => {
      if (this.messages.length < count) return true;
      resolve(this.messages);
      return false;
    });
  }

  /** The messages, once there are so many. */
  first(count) {
    if (this.messages.length >= count) return Promise.resolve(this.messages);
    return new Promise((resolve, reject) => {
      this.waiting.push({ count, resolve });
      const late = () => reject(new Error(`${this.messages.length} of ${count} events in ${LONGEST_WAIT_MS} ms`));
      setTimeout(late, LONGEST_WAIT_MS).unref();
    });
  }
}

async function judge(connection, report) {
  const topic = { Name: 'JsforceAccounts', Query: 'SELECT Id, Name, Phone FROM Account', ApiVersion: 60.0,
    NotifyForFields: 'All' };
  report.at('POST /services/data/vNN.0/sobjects/PushTopic');
  await report.answers('a PushTopic', async () => (await connection.sobject('PushTopic').create(topic)).id.slice(0, 3), '0IF');
  const create = (fields) => connection.sobject('PushTopic').create({ ...topic, Name: 'Other', ...fields });
  await report.refuses('its name again', () => connection.sobject('PushTopic').create(topic), 'DUPLICATE');
  await report.refuses('a query with a limit', () => create({ Query: `${topic.Query} LIMIT 1` }), 'INVALID_FIELD',
    "'LIMIT' is not allowed");
  await report.refuses('a name of 26 characters', () => create({ Name: 'x'.repeat(26) }), 'STRING_TOO_LONG');
  await judgeDelivery(connection, report);
  await judgeRefusals(connection, report);
}

async function judgeDelivery(connection, report) {
  const accounts = connection.sobject('Account');
  const inbox = new Inbox();
  const client = connection.streaming.createClient([new Replay('/topic/JsforceAccounts', -1)]);
  report.at('POST /cometd/NN.0 /meta/subscribe');
  await report.answers('a subscription stands', async () => {
    await client.subscribe('/topic/JsforceAccounts', (message) => inbox.put(message));
    return true;
  });
  report.at('POST /cometd/NN.0 /meta/connect');
  const { id } = await accounts.create({ Name: 'Live' });
  await accounts.update({ Id: id, Phone: '1' });
  await accounts.destroy(id);
  await report.answers('changes arrive in order', async () => (await inbox.first(3)).map(({ event }) => event.type),
    ['created', 'updated', 'deleted']);
  await report.answers('with the fields of the query', () => inbox.messages[1].sobject,
    { Id: id, Name: 'Live', Phone: '1' });
  await report.answers('a deleted record is only its id', () => inbox.messages[2].sobject, { Id: id });
  await report.answers('numbered upwards', () => {
    const numbers = inbox.messages.map(({ event }) => event.replayId);
    return numbers.every((number, at) => Number.isInteger(number) && (at === 0 || numbers[at - 1] < number));
  });
  client.disconnect();
  const from = inbox.messages[0].event.replayId;
  for (const [name, start, types] of [['everything', -2, ['created', 'updated', 'deleted']],
    ['behind an event', from, ['updated', 'deleted']]]) {
    const past = new Inbox();
    const again = connection.streaming.createClient([new Replay('/topic/JsforceAccounts', start)]);
    again.subscribe('/topic/JsforceAccounts', (message) => past.put(message));
    await report.answers(`${name} is replayed`, async () => (await past.first(types.length)).map(({ event }) => event.type), types);
    again.disconnect();
  }
}

async function judgeRefusals(connection, report) {
  const refusal = (start, channel) => {
    const client = connection.streaming.createClient([new Replay(channel, start)]);
    return Promise.resolve(client.subscribe(channel, () => {})).finally(() => client.disconnect());
  };
  report.at('POST /cometd/NN.0 /meta/subscribe');
  await report.refuses('an id that was never given out', () => refusal(999999999, '/topic/JsforceAccounts'),
    'The replayId {999999999} you provided was invalid');
  await report.refuses('a topic that there is not', () => refusal(-1, '/topic/Nonsense'), 'does not exist');
  await report.refuses('a channel of no kind', () => refusal(-1, '/nonsense/x'), 'denied_by_security_policy');
  report.at('POST /cometd/NN.0 /meta/handshake');
  await report.answers('a dead session is told to the client', () => new Promise((resolve) => {
    const dead = new jsforce.Connection({ instanceUrl: connection.instanceUrl, accessToken: 'dead', version: '60.0' });
    const client = dead.streaming.createClient([new AuthFailure(() => resolve(true))]);
    client.subscribe('/topic/JsforceAccounts', () => {});
  }));
}

module.exports = { judge };
