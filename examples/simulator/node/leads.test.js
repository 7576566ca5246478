// What a test of your own code may look like: an org for the file, a PushTopic, and a lead that comes through it.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { createInterface } = require('node:readline');
const { after, before, test } = require('node:test');
const jsforce = require('jsforce');

let sandbox;
let connection;

before(async () => {
  sandbox = spawn(process.env.ORGSTREAM ?? 'orgstream', ['sandbox', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: sandbox.stdout }), 'line');
  const org = JSON.parse(line);
  connection = new jsforce.Connection({ loginUrl: org.login_url, version: '60.0' });
  await connection.login(org.username, org.password + org.security_token);
});

after(async () => {
  sandbox.kill();
  await once(sandbox, 'exit');
});

test('a lead needs a company', async () => {
  await assert.rejects(connection.sobject('Lead').create({ LastName: 'Babbage' }), { errorCode: 'REQUIRED_FIELD_MISSING' });
});

test('a new lead comes through the PushTopic', async () => {
  await connection.sobject('PushTopic').create({
    Name: 'NewLeads', Query: 'SELECT Id, LastName FROM Lead', ApiVersion: 60.0, NotifyForOperationUpdate: false,
  });
  const client = connection.streaming.createClient();
  let arrived;
  const event = new Promise((resolve) => { arrived = resolve; });
  await client.subscribe('/topic/NewLeads', arrived);
  const { id } = await connection.sobject('Lead').create({ LastName: 'Babbage', Company: 'Engines' });
  assert.deepEqual((await event).sobject, { Id: id, LastName: 'Babbage' });
  await client.disconnect();
});
