// CometD's own JavaScript client, as a user of the Streaming API sets it up, and the REST calls that make changes.
'use strict';

const path = require('node:path');
const { pathToFileURL } = require('node:url');

const VERSION = '60.0';
const LONGEST_WAIT_MS = 15000;

/** Loads the client; it is an ES module, which NODE_PATH does not reach by name. */
async function load() {
  const module = (name) => import(pathToFileURL(path.join(process.env.NODE_PATH, name, `${name}.js`)).href);
  const [{ adapt }, { CometD }] = [await module('cometd-nodejs-client'), await module('cometd')];
  adapt();
  return CometD;
}

/** The replay extension, as Salesforce describes it: where each subscription starts, and what came last. */
class Replay {
  constructor(positions) {
    this.positions = positions;
    this.offered = false;
  }

  outgoing(message) {
    if (message.channel === '/meta/handshake') message.ext = { ...message.ext, replay: true };
    if (message.channel === '/meta/subscribe' && this.offered) message.ext = { ...message.ext, replay: this.positions };
    return message;
  }

  incoming(message) {
    if (message.channel === '/meta/handshake') this.offered = Boolean(message.ext && message.ext.replay);
    const number = message.data && message.data.event && message.data.event.replayId;
    if (number !== undefined && message.channel in this.positions) this.positions[message.channel] = number;
    return message;
  }
}

/** One streaming session. */
class Stream {
  constructor(CometD, org, { token, version = VERSION, positions = {}, suffix = '', scheme = 'Bearer ' } = {}) {
    this.cometd = new CometD();
    this.cometd.unregisterTransport('websocket');
    const headers = token === null ? {} : { Authorization: `${scheme}${token ?? org.token}` };
    this.cometd.configure({
      url: `${org.login_url}/cometd/${version}${suffix}`, requestHeaders: headers, appendMessageTypeToURL: false, logLevel: 'error',
    });
    this.cometd.registerExtension('replay', new Replay(positions));
    this.meta = [];
    for (const channel of ['/meta/handshake', '/meta/connect', '/meta/subscribe', '/meta/disconnect']) {
      this.cometd.addListener(channel, (message) => { this.meta.push(message); });
    }
  }

  handshake() {
    return new Promise((resolve) => { this.cometd.handshake(resolve); });
  }

  /** The reply to a subscription, and where its events go. */
  subscribe(channel, inbox) {
    return new Promise((resolve) => { this.cometd.subscribe(channel, (event) => inbox.put(event), resolve); });
  }

  /** The first reply on this channel, as soon as it is there. */
  async reply(channel, fits = () => true) {
    for (;;) {
      const found = this.meta.find((message) => message.channel === channel && fits(message));
      if (found) return found;
      await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
  }

  disconnect() {
    return new Promise((resolve) => {
      if (this.cometd.isDisconnected()) resolve();
      else this.cometd.disconnect(resolve);
    });
  }
}

/** Collects events and waits until there are enough. */
class Inbox {
  constructor() {
    this.events = [];
    this.waiting = [];
  }

  put(event) {
    this.events.push(event);
    this.waiting = this.waiting.filter(({ count, resolve }) => {
      if (this.events.length < count) return true;
      resolve(this.events);
      return false;
    });
  }

  /** The events, once there are so many. */
  first(count) {
    if (this.events.length >= count) return Promise.resolve(this.events);
    return new Promise((resolve, reject) => {
      this.waiting.push({ count, resolve });
      const late = () => reject(new Error(`${this.events.length} of ${count} events in ${LONGEST_WAIT_MS} ms`));
      setTimeout(late, LONGEST_WAIT_MS).unref();
    });
  }
}

/** REST calls with a session of the password flow. */
class Rest {
  static async login(org) {
    const body = new URLSearchParams({
      grant_type: 'password', client_id: org.client_id, client_secret: org.client_secret,
      username: org.username, password: `${org.password}${org.security_token}`,
    });
    const answer = await fetch(`${org.login_url}/services/oauth2/token`, { method: 'POST', body });
    return new Rest(org, (await answer.json()).access_token);
  }

  constructor(org, token) {
    this.org = org;
    this.token = token;
  }

  async call(method, url, body) {
    const answer = await fetch(`${this.org.login_url}${url}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (answer.status >= 400) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async create(object, fields) {
    return (await this.call('POST', `/services/data/v${VERSION}/sobjects/${object}`, fields)).id;
  }

  update(object, id, fields) {
    return this.call('PATCH', `/services/data/v${VERSION}/sobjects/${object}/${id}`, fields);
  }

  remove(object, id) {
    return this.call('DELETE', `/services/data/v${VERSION}/sobjects/${object}/${id}`);
  }
}

module.exports = { load, Stream, Inbox, Rest };
