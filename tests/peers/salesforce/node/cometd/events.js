// Change data capture, platform events and generic channels.
'use strict';

const { Stream, Inbox } = require('./client');

async function judge(CometD, org, rest, report) {
  await judgeChanges(CometD, org, rest, report);
  await judgePlatformEvents(CometD, org, rest, report);
  await judgeGeneric(CometD, org, rest, report);
}

async function judgeChanges(CometD, org, rest, report) {
  report.at('POST /cometd/NN.0 /meta/connect: changes');
  const inbox = new Inbox();
  const stream = new Stream(CometD, org);
  await stream.handshake();
  await stream.subscribe('/data/AccountChangeEvent', inbox);
  const id = await rest.create('Account', { Name: 'Captured', BillingCity: 'Roma' });
  await rest.update('Account', id, { Phone: '1', BillingCity: null });
  await rest.remove('Account', id);
  const events = (await inbox.first(3)).map(({ data }) => data);
  const headers = events.map(({ payload }) => payload.ChangeEventHeader);
  await report.answers('what happened to which record', () => headers.map(({ changeType, entityName, recordIds }) => [
    changeType, entityName, recordIds]), ['CREATE', 'UPDATE', 'DELETE'].map((type) => [type, 'Account', [id]]));
  await report.answers('an update carries what changed', () => {
    const { Phone, BillingAddress, Name } = events[1].payload;
    return [Phone, BillingAddress, Name];
  }, ['1', { City: null }, undefined]);
  await report.answers('and names it', () => [...headers[1].changedFields].sort(),
    ['BillingAddress.City', 'LastModifiedDate', 'Phone']);
  await report.answers('a delete carries nothing else', () => Object.keys(events[2].payload), ['ChangeEventHeader']);
  await report.answers('who, when and by which API', () => [headers[0].commitUser, headers[0].changeOrigin,
    Math.abs(headers[0].commitTimestamp - Date.now()) < 600000, typeof headers[0].transactionKey],
  [org.user_id, 'com/salesforce/api/rest/60.0', true, 'string']);
  await report.answers('the schema of the payload', () => events.every(({ schema }) => schema.length === 22));
  await stream.disconnect();
}

async function judgePlatformEvents(CometD, org, rest, report) {
  report.at('POST /services/data/vNN.0/sobjects/{event}');
  const inbox = new Inbox();
  const stream = new Stream(CometD, org, { positions: { '/event/Order_Event__e': -1 } });
  await stream.handshake();
  await stream.subscribe('/event/Order_Event__e', inbox);
  const publish = (fields) => rest.call('POST', '/services/data/v60.0/sobjects/Order_Event__e', fields);
  await report.answers('an event is taken', async () => {
    const { success, errors: [{ statusCode }] } = await publish({ Order_Number__c: 'SO-1', Amount__c: 12.5 });
    return [success, statusCode];
  }, [true, 'OPERATION_ENQUEUED']);
  await report.refuses('an unknown field', () => publish({ Nonsense__c: 1 }), '400', 'INVALID_FIELD');
  await report.refuses('text that is too long', () => publish({ Order_Number__c: 'x'.repeat(81) }), '400', 'STRING_TOO_LONG');
  report.at('POST /cometd/NN.0 /meta/connect: platform events');
  const [{ data }] = await inbox.first(1);
  await report.answers('the payload', () => [data.payload.Order_Number__c, data.payload.Amount__c, data.payload.CreatedById],
    ['SO-1', 12.5, org.user_id]);
  await report.answers('its number and its unique id', () => [Number.isInteger(data.event.replayId),
    /^[0-9a-f-]{36}$/.test(data.event.EventUuid)], [true, true]);
  await stream.disconnect();
}

async function judgeGeneric(CometD, org, rest, report) {
  report.at('POST /services/data/vNN.0/sobjects/StreamingChannel/{id}/push');
  const id = await rest.create('StreamingChannel', { Name: '/u/notes' });
  const inbox = new Inbox();
  const stream = new Stream(CometD, org);
  await stream.handshake();
  await stream.subscribe('/u/notes', inbox);
  await report.answers('a message is taken', async () => Array.isArray(await rest.call(
    'POST', `/services/data/v60.0/sobjects/StreamingChannel/${id}/push`, { pushEvents: [{ payload: 'hello', userIds: [] }] })));
  await report.answers('and arrives', async () => (await inbox.first(1))[0].data.payload, 'hello');
  await report.refuses('a channel that there is not', () => rest.call('POST',
    '/services/data/v60.0/sobjects/StreamingChannel/0M6000000000000AAA/push', { pushEvents: [{ payload: 'x' }] }), '404');
  await stream.disconnect();
}

module.exports = { judge };
