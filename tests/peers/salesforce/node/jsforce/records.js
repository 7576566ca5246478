// Describe, single records and queries.
'use strict';

const { SfDate } = require('jsforce');

const EXTERNAL_ID = 'OrgA_Id__c';

async function judge(connection, report) {
  await judgeDescribe(connection, report);
  await judgeRecords(connection, report);
  await judgeUpserts(connection, report);
  await judgeQueries(connection, report);
}

async function judgeDescribe(connection, report) {
  report.at('GET /services/data/vNN.0/sobjects');
  await report.answers('objects that can be listed', async () => (await connection.describeGlobal()).sobjects
    .some(({ name, keyPrefix, createable }) => name === 'Contact' && keyPrefix === '003' && createable));
  report.at('GET /services/data/vNN.0/sobjects/{object}/describe');
  const { fields, childRelationships } = await connection.describe('Contact');
  const field = (name) => fields.find((each) => each.name === name);
  await report.answers('a lookup and its relationship', () => [field('AccountId').referenceTo, field('AccountId').relationshipName],
    [['Account'], 'Account']);
  await report.answers('an external id', () => [field(EXTERNAL_ID).externalId, field(EXTERNAL_ID).idLookup], [true, true]);
  await report.answers('every key that field descriptions have', () => ['aggregatable', 'byteLength', 'calculated', 'digits',
    'filterable', 'groupable', 'inlineHelpText', 'mask', 'nameField', 'permissionable', 'picklistValues', 'precision',
    'relationshipOrder', 'restrictedPicklist', 'scale', 'soapType', 'sortable', 'updateable', 'writeRequiresMasterRead']
    .filter((key) => !fields.every((each) => key in each)), []);
  await report.answers('children', () => childRelationships.some(({ childSObject }) => childSObject === 'Case'));
  await report.refuses('an unknown object', () => connection.describe('Nonsense__c'), 'NOT_FOUND',
    'The requested resource does not exist');
}

async function judgeRecords(connection, report) {
  const contacts = connection.sobject('Contact');
  report.at('POST /services/data/vNN.0/sobjects/{object}');
  const { id, success, errors } = await contacts.create({ FirstName: 'Ada', LastName: 'Lovelace', Birthdate: '1815-12-10' });
  await report.answers('the new record’s id', () => [id.length, success, errors], [18, true, []]);
  const refused = (check, fields, ...texts) => report.refuses(check, () => contacts.create(fields), ...texts);
  await refused('a missing name', { FirstName: 'x' }, 'REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]');
  await refused('an unknown field', { LastName: 'x', Nonsense__c: 1 }, 'INVALID_FIELD',
    "No such column 'Nonsense__c' on sobject of type Contact");
  await refused('text that is too long', { LastName: 'x'.repeat(81) }, 'STRING_TOO_LONG', '(max length=80)');
  await refused('a parent of another object', { LastName: 'x', AccountId: id }, 'id value of incorrect type');
  await refused('a boolean that is none', { LastName: 'x', HasOptedOutOfEmail: 'perhaps' }, 'JSON_PARSER_ERROR');

  report.at('GET /services/data/vNN.0/sobjects/{object}/{id}');
  const read = await contacts.retrieve(id);
  await report.answers('a name made of its parts, a date as it was', () => [read.Name, read.Birthdate],
    ['Ada Lovelace', '1815-12-10']);
  await report.answers('type and URL', () => [read.attributes.type, read.attributes.url.endsWith(id)], ['Contact', true]);
  await report.answers('only some fields', async () => Object.keys(await contacts.retrieve(id, { fields: ['LastName'] })).sort(),
    ['Id', 'LastName', 'attributes']);
  await report.refuses('nothing there', () => contacts.retrieve('003000000000000AAA'), 'NOT_FOUND');

  report.at('PATCH /services/data/vNN.0/sobjects/{object}/{id}');
  await report.answers('a change', async () => (await contacts.update({ Id: id, Title: 'Countess', Phone: null })).id, id);
  await report.refuses('a field that the org writes', () => contacts.update({ Id: id, SystemModstamp: '2026-01-01T00:00:00Z' }),
    'INVALID_FIELD_FOR_INSERT_UPDATE');
  await report.refuses('a required field emptied', () => contacts.update({ Id: id, LastName: null }), 'REQUIRED_FIELD_MISSING');

  report.at('DELETE /services/data/vNN.0/sobjects/{object}/{id}');
  await report.answers('a delete', async () => (await contacts.destroy(id)).success);
  await report.refuses('a second delete', () => contacts.destroy(id), 'ENTITY_IS_DELETED', 'entity is deleted');
  report.at('POST /services/Soap/u/{version} undelete');
  await report.answers('back from the recycle bin', async () => {
    const [{ id: back, success: done }] = await connection.soap.undelete([id]);
    return [back, done, (await contacts.retrieve(id)).LastName];
  }, [id, true, 'Lovelace']);
  await report.answers('a record that is not in the bin is its own error', async () => {
    const [{ success: done, errors: why }] = [].concat(await connection.soap.undelete([id]));
    return [done, [].concat(why)[0].statusCode];
  }, [false, 'UNDELETE_FAILED']);
}

async function judgeUpserts(connection, report) {
  const accounts = connection.sobject('Account');
  report.at('PATCH /services/data/vNN.0/sobjects/{object}/{field}/{value}');
  const first = await accounts.upsert({ Name: 'Upserted', [EXTERNAL_ID]: 'j 1' }, EXTERNAL_ID);
  await report.answers('a new record', () => [first.success, first.created], [true, true]);
  await report.answers('a known one', async () => {
    const { id, created } = await accounts.upsert({ Name: 'Again', [EXTERNAL_ID]: 'j 1' }, EXTERNAL_ID);
    return [id, created];
  }, [first.id, false]);
  await report.answers('the parent by its external id', async () => {
    const { id } = await connection.sobject('Contact').upsert(
      { LastName: 'Child', [EXTERNAL_ID]: 'jc1', Account: { [EXTERNAL_ID]: 'j 1' } }, EXTERNAL_ID);
    return (await connection.sobject('Contact').retrieve(id)).AccountId;
  }, first.id);
  await report.refuses('a field that is no external id', () => accounts.upsert({ Name: 'x', Phone: '1' }, 'Phone'), 'NOT_FOUND',
    'Provided external ID field does not exist or is not accessible: Phone');
}

async function judgeQueries(connection, report) {
  report.at('GET /services/data/vNN.0/query');
  await report.answers('built queries', () => connection.sobject('Contact')
    .find({ LastName: { $like: 'Love%' }, CreatedDate: { $gte: SfDate.YESTERDAY } }, 'Id, Name')
    .then((rows) => rows.map(({ Name }) => Name)), ['Ada Lovelace']);
  await report.answers('aggregates', async () => (await connection.query(
    "SELECT LastName, COUNT(Id) FROM Contact WHERE LastName = 'Lovelace' GROUP BY LastName")).records
    .map(({ LastName, expr0 }) => [LastName, expr0]), [['Lovelace', 1]]);
  await report.answers('children', async () => (await connection.query(
    "SELECT Name, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'Again'")).records[0].Contacts.records[0].LastName,
  'Child');
  await report.refuses('an unknown field', () => connection.query('SELECT Bacon__c FROM Account'), 'INVALID_FIELD',
    'ERROR at Row:1:Column:8');
  await report.refuses('broken text', () => connection.query('SELECT FROM Account'), 'MALFORMED_QUERY');
}


module.exports = { judge };
