// CometD's own client for JavaScript judges the Streaming API of an org.
//
//   NODE_PATH=… node judge.js ORG_JSON
//
// ORG_JSON is what `orgstream sandbox` announces, with `org_id` and `user_id`.
'use strict';

const { Report } = require('../report');
const { load, Rest } = require('./client');
const sessions = require('./sessions');
const topics = require('./topics');
const events = require('./events');

async function main() {
  const org = JSON.parse(process.argv[2]);
  const report = new Report();
  const CometD = await load();
  const rest = await Rest.login(org);
  org.token = rest.token;
  await sessions.judge(CometD, org, rest, report);
  await topics.judge(CometD, org, rest, report);
  await events.judge(CometD, org, rest, report);
  await sessions.judgeLost(CometD, org, rest, report);
  report.done();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(2);
});
