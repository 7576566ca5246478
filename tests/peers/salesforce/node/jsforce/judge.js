// jsforce judges an org.
//
//   NODE_PATH=… node judge.js ORG_JSON
//
// ORG_JSON is what `orgstream sandbox` announces, with `org_id` and `user_id`.
'use strict';

const { Report } = require('../report');
const logins = require('./logins');
const records = require('./records');
const many = require('./many');
const streaming = require('./streaming');

async function main() {
  const org = JSON.parse(process.argv[2]);
  const report = new Report();
  const connection = await logins.judge(org, report);
  await records.judge(connection, report);
  await many.judge(connection, report);
  await streaming.judge(connection, report);
  await logins.judgeLostSessions(org, report);
  report.done();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(2);
});
