// Sessions: opened, refused, kept over a dropped connection, ended.
'use strict';

const { Stream, Inbox, Rest } = require('./client');

/** Handshake and first connect. */
async function judge(CometD, org, rest, report) {
  report.at('POST /cometd/NN.0 /meta/handshake');
  const stream = new Stream(CometD, org);
  const shaken = await stream.handshake();
  await report.answers('a session', () => [shaken.successful, shaken.version, shaken.minimumVersion], [true, '1.0', '1.0']);
  await report.answers('a client id of lower-case letters and digits', () => /^[0-9a-z]{20,32}$/.test(shaken.clientId));
  await report.answers('replay is offered', () => shaken.ext.replay, true);
  await report.answers('long polling is the way', () => shaken.supportedConnectionTypes, ['long-polling']);
  await report.answers('without advice', () => shaken.advice, undefined);
  report.at('POST /cometd/NN.0 /meta/connect');
  await report.answers('the first one is answered at once, with the advice', async () => (await stream.reply('/meta/connect')).advice,
    { interval: 0, timeout: 110000, reconnect: 'retry' });
  report.at('POST /cometd/NN.0 /meta/disconnect');
  await report.answers('a session ends', async () => (await stream.disconnect()).successful);
  report.at('POST /cometd/NN.0 /meta/handshake');
  for (const [name, options] of [['the bare session id', { scheme: '' }], ['the scheme OAuth', { scheme: 'OAuth ' }],
    ['a slash at the end', { suffix: '/' }], ['version 37.0', { version: '37.0' }]]) {
    const other = new Stream(CometD, org, options);
    await report.answers(`${name} will do`, async () => (await other.handshake()).successful);
    await other.disconnect();
  }
  await judgeRefused(CometD, org, report);
}

async function judgeRefused(CometD, org, report) {
  const refused = async (options) => {
    const stream = new Stream(CometD, org, options);
    const reply = await stream.handshake();
    await stream.disconnect();
    if (reply.successful) return reply;
    const { error, ext, advice, failure } = reply;
    throw new Error(JSON.stringify({ error, ext, advice, status: failure && failure.httpCode, failure }));
  };
  await report.refuses('a token that is dead', () => refused({ token: 'dead' }), '403::Handshake denied',
    '"failureReason":"401::Authentication invalid"', '"reconnect":"none"');
  await report.refuses('no token', () => refused({ token: null }), '403::Handshake denied',
    '"failureReason":"401::Request requires authentication"');
  await report.refuses('a version from before', () => refused({ version: '22.0' }), '"status":400');
  await report.refuses('no version', () => refused({ version: 'nonsense' }), '"status":400');
}

/** Sessions that the org loses or ends. */
async function judgeLost(CometD, org, rest, report) {
  const channel = '/topic/CometdAccounts';
  report.at('POST /cometd/NN.0 /meta/connect');
  const inbox = new Inbox();
  const positions = { [channel]: -1 };
  const stream = new Stream(CometD, org, { positions });
  let handshakes = 0;
  stream.cometd.addListener('/meta/handshake', (message) => {
    if (!message.successful) return;
    handshakes += 1;
    stream.cometd.subscribe(channel, (event) => inbox.put(event));
  });
  await stream.handshake();
  await stream.reply('/meta/subscribe');
  await rest.create('Account', { Name: 'Before' });
  await inbox.first(1);
  await rest.call('POST', '/simulator/cometd/drop');
  await report.refuses('a session that the org has forgotten', async () => {
    const reply = await stream.reply('/meta/connect', ({ successful }) => !successful);
    throw new Error(JSON.stringify([reply.error, reply.advice.reconnect]));
  }, '403::Unknown client', 'handshake');
  await report.answers('the client comes back by itself', async () => {
    while (handshakes < 2) await new Promise((resolve) => { setTimeout(resolve, 10); });
    return handshakes;
  }, 2);
  await rest.create('Account', { Name: 'Behind' });
  await report.answers('and goes on behind its last event, nothing lost, nothing twice',
    async () => (await inbox.first(2)).map(({ data }) => data.sobject.Name), ['Before', 'Behind']);
  await stream.disconnect();

  const doomed = await Rest.login(org);
  const last = new Stream(CometD, org, { token: doomed.token, positions: { [channel]: -1 } });
  await last.handshake();
  await last.subscribe(channel, new Inbox());
  await rest.call('POST', '/simulator/tokens/expire');
  await report.refuses('a session whose token has died', async () => {
    const reply = await last.reply('/meta/connect', ({ successful }) => !successful);
    throw new Error(JSON.stringify([reply.error, reply.advice.reconnect]));
  }, '401::Authentication invalid', 'none');
  await last.disconnect();
}

module.exports = { judge, judgeLost };
