// Many records: collections, pages, Bulk API 2.0.
'use strict';

const EXTERNAL_ID = 'OrgA_Id__c';
const ROWS = 2500;

async function judge(connection, report) {
  await judgeCollections(connection, report);
  await judgePages(connection, report);
  await judgeBulk(connection, report);
}

async function judgeCollections(connection, report) {
  const accounts = connection.sobject('Account');
  report.at('POST /services/data/vNN.0/composite/sobjects');
  const made = await accounts.create([{ Name: 'C1' }, { Name: '' }, { Name: 'C3' }]);
  await report.answers('one outcome for each record', () => made.map(({ success }) => success), [true, false, true]);
  await report.answers('a code for the refused one', () => made[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
  await report.answers('all or none', async () => (await accounts.create([{ Name: 'C4' }, {}], { allOrNone: true }))
    .map(({ errors }) => errors[0].statusCode), ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'REQUIRED_FIELD_MISSING']);
  const [one, , three] = made.map(({ id }) => id);
  report.at('PATCH /services/data/vNN.0/composite/sobjects');
  await report.answers('changes', async () => (await accounts.update([
    { Id: one, Phone: '1' }, { Id: '001000000000000AAA', Phone: '1' }])).map(({ success, errors }) => [
    success, errors.map(({ statusCode }) => statusCode)]), [[true, []], [false, ['INVALID_CROSS_REFERENCE_KEY']]]);
  report.at('PATCH /services/data/vNN.0/composite/sobjects/{object}/{field}');
  await report.answers('upserts', async () => (await accounts.upsert([
    { Name: 'U1', [EXTERNAL_ID]: 'm1' }, { Name: 'U2', [EXTERNAL_ID]: 'm2' }], EXTERNAL_ID)).map(({ created }) => created),
  [true, true]);
  report.at('POST /services/data/vNN.0/composite/sobjects/{object}');
  await report.answers('reads, null for what is not there', async () => (await accounts.retrieve([
    three, '001000000000000AAA'])).map((row) => row && row.Name), ['C3', null]);
  report.at('DELETE /services/data/vNN.0/composite/sobjects');
  await report.answers('deletes', async () => (await accounts.destroy([one, one])).map(({ success, errors }) => [
    success, errors.map(({ statusCode }) => statusCode)]), [[true, []], [false, ['ENTITY_IS_DELETED']]]);
  await report.answers('an id that is none', async () => (await accounts.destroy([three, 'nonsense']))
    .map(({ success }) => success), [true, false]);
  report.at('POST /services/data/vNN.0/composite');
  await report.answers('a step that refers to another', async () => {
    const { compositeResponse } = await connection.requestPost('/composite', { compositeRequest: [
      { method: 'POST', url: '/services/data/v60.0/sobjects/Account', referenceId: 'a', body: { Name: 'Step' } },
      { method: 'GET', url: '/services/data/v60.0/sobjects/Account/@{a.id}?fields=Name', referenceId: 'b' }] });
    return compositeResponse.map(({ httpStatusCode, body }) => [httpStatusCode, body.Name]);
  }, [[201, undefined], [200, 'Step']]);
  await report.refuses('no steps', () => connection.requestPost('/composite', { nonsense: 1 }), 'JSON_PARSER_ERROR');
}

async function judgePages(connection, report) {
  const leads = Array.from({ length: ROWS }, (_, number) => (
    { LastName: `Page ${String(number).padStart(5, '0')}`, Company: 'Acme' }));
  await connection.sobject('Lead').create(leads, { allowRecursive: true });
  const soql = "SELECT LastName FROM Lead WHERE LastName LIKE 'Page %' ORDER BY LastName";
  report.at('GET /services/data/vNN.0/query/{locator}');
  const first = await connection.query(soql);
  await report.answers('a first page', () => [first.totalSize, first.done, first.records.length], [ROWS, false, 2000]);
  await report.answers('the rest', async () => {
    const next = await connection.queryMore(first.nextRecordsUrl);
    return [next.done, next.records.length, next.nextRecordsUrl];
  }, [true, ROWS - 2000, undefined]);
  await report.answers('all pages as one stream', async () => (await connection.query(soql, { autoFetch: true, maxFetch: 10000 }))
    .records.length, ROWS);
  await report.refuses('a locator that is none', () => connection.queryMore('01gnonsense-2000'), 'INVALID_QUERY_LOCATOR');
}

async function judgeBulk(connection, report) {
  const bulk = connection.bulk2;
  bulk.pollInterval = 50;
  bulk.pollTimeout = 20000;
  report.at('POST /services/data/vNN.0/jobs/ingest');
  const input = Array.from({ length: 250 }, (_, number) => (
    { LastName: `Bulk ${number}`, Company: 'Acme "Ltd", Rome', Email: number === 3 ? 'wrong' : `p${number}@acme.test` }));
  const outcome = await bulk.loadAndWaitForResults({ object: 'Lead', operation: 'insert', input });
  await report.answers('rows that were written', () => [
    outcome.successfulResults.length, outcome.successfulResults[0].sf__Created], [249, 'true']);
  await report.answers('rows that were refused, with the reason', () => outcome.failedResults.map((row) => [
    row.LastName, row.sf__Error]), [['Bulk 3', 'INVALID_EMAIL_ADDRESS:Email: invalid email address: wrong:Email --']]);
  await report.answers('rows that were left out', () => outcome.unprocessedRecords, []);
  await report.refuses('an unknown object', () => bulk.loadAndWaitForResults({ object: 'Nonsense__c', operation: 'insert', input }),
    'INVALIDENTITY');
  report.at('DELETE /services/data/vNN.0/jobs/ingest/{id}');
  const job = bulk.createJob({ object: 'Lead', operation: 'insert' });
  await job.open();
  await report.refuses('an open job cannot be deleted', () => job.delete(), 'errorCode');
  await job.abort();
  await report.answers('an aborted one can', async () => (await job.delete(), true));
  await report.refuses('and is gone', () => job.check(), 'NOT_FOUND');
  report.at('GET /services/data/vNN.0/jobs/query/{id}/results');
  await report.answers('rows of a query', async () => {
    const stream = await bulk.query("SELECT Id, Company FROM Lead WHERE LastName LIKE 'Bulk %'");
    const rows = await stream.toArray();
    return [rows.length, rows[0].Company];
  }, [249, 'Acme "Ltd", Rome']);
  report.at('POST /services/data/vNN.0/jobs/query');
  await report.refuses('a query that cannot be', () => bulk.query('SELECT Nonsense__c FROM Lead'), 'INVALID_FIELD');
}

module.exports = { judge };
