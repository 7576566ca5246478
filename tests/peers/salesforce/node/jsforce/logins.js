// Every way of logging in that jsforce has, right and wrong, and sessions that end.
'use strict';

const { createSign } = require('node:crypto');
const { readFileSync } = require('node:fs');
const jsforce = require('jsforce');

const VERSION = '60.0';
const SOAP = 'POST /services/Soap/u/{version} login';
const TOKEN = 'POST /services/oauth2/token';
const REDIRECT = 'http://localhost:1717/callback';
const WRONG_USER = 'INVALID_LOGIN: Invalid username, password, security token; or user locked out.';

/** A connection that has not logged in. */
function connect(org, options = {}) {
  return new jsforce.Connection({ loginUrl: org.login_url, version: VERSION, ...options });
}

/** The connected app, with what is wrong about it. */
function app(org, wrong = {}) {
  return {
    oauth2: {
      loginUrl: org.login_url, clientId: org.client_id, clientSecret: org.client_secret, redirectUri: REDIRECT, ...wrong,
    },
  };
}

/** A signed assertion for the JWT bearer flow. */
function assertion(org, wrong = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: org.client_id, sub: org.username, aud: 'https://login.salesforce.com', exp: Math.floor(Date.now() / 1000) + 180, ...wrong,
  };
  const text = `${part({ alg: 'RS256' })}.${part(claims)}`;
  const signature = createSign('RSA-SHA256').update(text).sign(readFileSync(org.private_key_file), 'base64url');
  return `${text}.${signature}`;
}

const jwt = (org, wrong) => ({
  grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion(org, wrong),
});

/** The code that the browser would bring back to the redirect URI. */
async function code(org, oauth2) {
  const url = oauth2.getAuthorizationUrl({ scope: 'api refresh_token', login_hint: org.username });
  const answer = await fetch(url, { redirect: 'manual' });
  return new URL(answer.headers.get('location')).searchParams.get('code');
}

/** Logs in by each flow; answers a connection. */
async function judge(org, report) {
  const password = `${org.password}${org.security_token}`;
  const connection = connect(org);
  report.at(SOAP);
  await report.answers('user and org by their 18-character ids', () => connection.login(org.username, password),
    { id: org.user_id, organizationId: org.org_id, url: `${org.login_url}/id/${org.org_id}/${org.user_id}` });
  await report.answers('the instance is the server that was asked', () => connection.instanceUrl, org.login_url);
  await report.refuses('a wrong password', () => connect(org).login(org.username, 'wrong'), WRONG_USER);
  await report.refuses('an unknown user', () => connect(org).login('nobody@acme.test', password), WRONG_USER);
  await report.refuses('a version that has no login() any more',
    () => connect(org, { version: '66.0' }).login(org.username, password), 'UNSUPPORTED_API_VERSION');

  await judgeTokens(org, report, password);

  report.at('GET /id/{org}/{user}');
  await report.answers('who the user is', async () => {
    const { user_id: user, organization_id: organization, username } = await connection.identity();
    return { user, organization, username };
  }, { user: org.user_id, organization: org.org_id, username: org.username });
  return connection;
}

async function judgeTokens(org, report, password) {
  report.at(`${TOKEN} password`);
  await report.answers('user name and password', async () => (await connect(org, app(org)).login(org.username, password)).id,
    org.user_id);
  await report.refuses('a wrong password', () => connect(org, app(org)).login(org.username, 'wrong'),
    'invalid_grant: authentication failure');
  await report.refuses('a wrong secret', () => connect(org, app(org, { clientSecret: 'wrong' })).login(org.username, password),
    'invalid_client: invalid client credentials');
  await report.refuses('an unknown client', () => connect(org, app(org, { clientId: 'wrong' })).login(org.username, password),
    'invalid_client_id: client identifier invalid');

  report.at(`${TOKEN} jwt-bearer`);
  const bearer = (wrong) => connect(org, app(org)).authorize(jwt(org, wrong));
  await report.answers('a signed assertion', async () => (await bearer()).organizationId, org.org_id);
  await report.answers('the org itself as audience', async () => (await bearer({ aud: org.login_url })).id, org.user_id);
  await report.refuses('another audience', () => bearer({ aud: 'https://example.com' }), 'invalid_grant', 'audience');
  await report.refuses('an assertion that has expired', () => bearer({ exp: Math.floor(Date.now() / 1000) - 3600 }),
    'invalid_grant: expired authorization code');
  await report.refuses('a signature of somebody else', () => {
    const forged = jwt(org);
    forged.assertion = `${forged.assertion.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`;
    return connect(org, app(org)).authorize(forged);
  }, 'invalid_grant: invalid assertion');
  await report.refuses('no assertion at all', () => connect(org, app(org)).authorize({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'x.y.z' }), 'invalid_grant');

  report.at(`${TOKEN} client_credentials`);
  await report.answers('key and secret', async () => (await connect(org, app(org)).authorize({
    grant_type: 'client_credentials' })).id, org.user_id);
  await report.refuses('a wrong secret', () => connect(org, app(org, { clientSecret: 'wrong' })).authorize({
    grant_type: 'client_credentials' }), 'invalid client credentials');
  await report.refuses('a flow that there is not', () => connect(org, app(org)).authorize({ grant_type: 'magic' }),
    'unsupported_grant_type: grant type not supported');

  report.at('GET /services/oauth2/authorize');
  const web = connect(org, app(org, { useVerifier: true }));
  const given = await code(org, web.oauth2).catch((error) => error.message);
  await report.answers('a code comes back to the redirect URI', () => given && !given.includes(' '));
  report.at(`${TOKEN} authorization_code`);
  await report.answers('a code becomes a session with a refresh token', async () => {
    await web.authorize(given);
    return [typeof web.refreshToken, typeof web.accessToken];
  }, ['string', 'string']);
  await report.refuses('a code used twice', () => connect(org, app(org)).authorize(given), 'invalid_grant',
    'invalid authorization code');
  report.at(`${TOKEN} refresh_token`);
  await report.answers('a dead session is replaced by itself', async () => {
    const again = connect(org, {
      ...app(org), instanceUrl: org.login_url, accessToken: 'dead', refreshToken: web.refreshToken,
    });
    const refreshed = new Promise((resolve) => { again.on('refresh', resolve); });
    await again.query('SELECT Id FROM User LIMIT 1');
    return again.accessToken === await refreshed;
  });
  await report.refuses('a refresh token that is none', () => web.oauth2.refreshToken('wrong'),
    'invalid_grant: expired access/refresh token');
}

/** Sessions that end. */
async function judgeLostSessions(org, report) {
  const password = `${org.password}${org.security_token}`;
  report.at('POST /services/oauth2/revoke');
  const open = connect(org, app(org));
  await open.login(org.username, password);
  const token = open.accessToken;
  const lent = connect(org, { instanceUrl: org.login_url, accessToken: token });
  await report.answers('a session is revoked', async () => (await open.logout(), true));
  await report.refuses('and is dead', () => lent.query('SELECT Id FROM User'), 'INVALID_SESSION_ID',
    'Session expired or invalid');
  await report.refuses('nothing to revoke', () => open.oauth2.revokeToken('wrong'), 'token type is not supported');
  report.at('POST /services/Soap/u/{version} logout');
  const soap = connect(org);
  await soap.login(org.username, password);
  const other = connect(org, { instanceUrl: org.login_url, accessToken: soap.accessToken });
  await report.answers('a session is ended', async () => (await soap.logout(), true));
  await report.refuses('and is dead', () => other.soap.undelete(['001000000000000AAA']), 'INVALID_SESSION_ID');
}

module.exports = { judge, judgeLostSessions };
