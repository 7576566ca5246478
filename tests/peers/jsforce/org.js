// One org through jsforce: the calls a scenario makes, its pace, and what was done.
'use strict';

const jsforce = require('jsforce');
const { setTimeout: sleep } = require('node:timers/promises');

const MOST_PER_CALL = 200;
const OBJECTS = ['Account', 'Contact', 'Lead'];

class Org {
  /** Logs in. `pace` is the most changes a second; without it there is no limit. */
  static async login({ login_url: loginUrl, username, password, security_token: token = '', pace }) {
    const connection = new jsforce.Connection({ loginUrl, version: '60.0' });
    await connection.login(username, `${password}${token}`);
    return new Org(connection, pace);
  }

  constructor(connection, pace) {
    this.connection = connection;
    this.pace = pace;
    this.started = Date.now();
    this.changes = 0;
    this.done = Object.fromEntries(['created', 'updated', 'deleted', 'undeleted'].map(
      (kind) => [kind, Object.fromEntries(OBJECTS.map((object) => [object, []]))],
    ));
  }

  describe(object) {
    return this.connection.sobject(object).describe();
  }

  /** All living rows with these fields, by Id. */
  async rows(object, fields) {
    const soql = `SELECT Id, ${fields.join(', ')} FROM ${object} ORDER BY Id`;
    const { records } = await this.connection.query(soql, { autoFetch: true, maxFetch: 10000000 });
    return records;
  }

  async count(object) {
    const { totalSize } = await this.connection.query(`SELECT COUNT() FROM ${object}`);
    return totalSize;
  }

  /** One row, or null when there is none. */
  async read(object, id) {
    const [row] = await this.retrieve(object, [id]);
    return row;
  }

  async retrieve(object, ids) {
    const rows = await this.chunks(ids, (some) => this.connection.sobject(object).retrieve(some));
    return rows.map((row) => {
      if (row === null) return null;
      const { attributes, ...fields } = row;
      return fields;
    });
  }

  async create(object, records) {
    const results = await this.changing('created', object, records, (some) => this.connection.sobject(object).create(some));
    return results.map((result) => result.id);
  }

  update(object, records) {
    return this.changing('updated', object, records, (some) => this.connection.sobject(object).update(some));
  }

  remove(object, ids) {
    return this.changing('deleted', object, ids, (some) => this.connection.sobject(object).destroy(some));
  }

  undelete(object, ids) {
    return this.changing('undeleted', object, ids, (some) => this.connection.soap.undelete(some));
  }

  async changing(kind, object, items, call) {
    return this.chunks(items, async (some) => {
      await this.keepPace(some.length);
      const results = await call(some);
      const refused = results.find((result) => !result.success);
      if (refused) throw new Error(`${object} not ${kind}: ${JSON.stringify(refused.errors)}`);
      this.done[kind][object].push(...results.map((result) => result.id));
      return results;
    });
  }

  async chunks(items, call) {
    const size = this.pace ? Math.max(1, Math.min(MOST_PER_CALL, Math.floor(this.pace / 4))) : MOST_PER_CALL;
    const results = [];
    for (let from = 0; from < items.length; from += size) {
      results.push(...await call(items.slice(from, from + size)));
    }
    return results;
  }

  async keepPace(changes) {
    this.changes += changes;
    if (!this.pace) return;
    const due = this.started + (this.changes / this.pace) * 1000;
    if (due > Date.now()) await sleep(due - Date.now());
  }
}

module.exports = { Org, OBJECTS };
