#!/usr/bin/env node
// Changes records in an org with an unmodified jsforce, deterministically from a seed.
//
//   scenario.js run   --config JSON [--seed N] [--pace P] [--phases create,update,delete,undelete]
//   scenario.js flow  --config JSON --changes N [--seed N] [--pace P]
//   scenario.js count --config JSON OBJECT
//   scenario.js read  --config JSON OBJECT ID
//
// The config is JSON text or the path of a JSON file: login_url, username, password, security_token (the line that
// `orgstream sandbox` prints will do), seed, pace (changes a second), phases, changes, and counts, for instance
// {"Account": 500, "Contact": 500, "Lead": 500}. Options win over it.
//
// `run` and `flow` print one line of JSON at the end: the ids created, updated, deleted and undeleted by object, in
// order and as often as it happened, the number of changes and of living records.
// Exit codes: 0 done, 1 the org refused something, 2 usage.
'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const { Dice } = require('./dice');
const { Org, OBJECTS } = require('./org');
const { Records } = require('./records');

const PHASES = ['create', 'update', 'delete', 'undelete'];

async function main() {
  const { command, operands, config } = parse();
  const org = await Org.login(config);
  if (command === 'count') return print(await org.count(operands[0]));
  if (command === 'read') return print(await org.read(operands[0], operands[1]));
  const dice = new Dice(Number(config.seed ?? 1));
  const records = await Records.of(org, dice);
  await (command === 'run' ? run(records, config) : flow(records, dice, Number(config.changes)));
  const living = Object.fromEntries(OBJECTS.map((object) => [object, records.ids(object).length]));
  return print({ ...org.done, changes: org.changes, living });
}

/** Phase after phase, over all objects. */
async function run(records, config) {
  const counts = { Account: 500, Contact: 500, Lead: 500, ...config.counts };
  for (const phase of config.phases ?? PHASES) await PHASE[phase](records, counts);
}

const PHASE = {
  // In rounds, so that later records find parents among earlier ones of both objects.
  async create(records, counts) {
    const rounds = 10;
    for (let round = 0; round < rounds; round += 1) {
      for (const object of OBJECTS) {
        await records.create(object, share(counts[object], rounds, round));
      }
    }
  },
  async update(records) {
    for (const object of ['Lead', 'Contact', 'Account']) await records.update(object, records.ids(object));
  },
  async delete(records) {
    for (const object of ['Contact', 'Lead', 'Account']) {
      const ids = records.ids(object);
      await records.remove(object, records.dice.sample(ids, Math.floor(ids.length / 5)));
    }
  },
  // Accounts first: a contact whose account is gone stays in the bin. Some of what is back is changed again.
  async undelete(records) {
    for (const object of OBJECTS) {
      const ids = await records.undelete(object, Math.ceil(records.bin[object].size / 2));
      await records.update(object, records.dice.sample(ids, Math.ceil(ids.length / 3)));
    }
  },
};

/** At least `changes` changes of all kinds, in small calls, one object after the other. */
async function flow(records, dice, changes) {
  const { org } = records;
  while (org.changes < changes) {
    const object = dice.pick(['Account', 'Contact', 'Lead']);
    const size = Math.min(dice.integer(1, 25), changes - org.changes);
    const ids = records.ids(object);
    const what = dice.next();
    if (ids.length < 10 || what < 0.3) await createFamily(records, object, size);
    else if (what < 0.75) await records.update(object, dice.sample(ids, size));
    else if (what < 0.88) await records.remove(object, dice.sample(ids, Math.ceil(size / 3)));
    else await records.undelete(object, Math.ceil(size / 6));
  }
}

// Contacts follow their new accounts at once: two channels, so they may well overtake them on the way.
async function createFamily(records, object, size) {
  const ids = await records.create(object, size);
  if (object === 'Account') await records.create('Contact', Math.ceil(size / 2), { AccountId: ids });
}

function share(count, rounds, round) {
  return Math.floor((count * (round + 1)) / rounds) - Math.floor((count * round) / rounds);
}

function parse() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { config: text, seed: text, pace: text, phases: text, changes: text },
  });
  const [command, ...operands] = positionals;
  const config = { ...readConfig(values.config), ...values };
  if (values.pace) config.pace = Number(values.pace);
  if (values.phases) config.phases = values.phases.split(',');
  const operandsOf = { run: 0, flow: 0, count: 1, read: 2 };
  if (operandsOf[command] !== operands.length) throw new Usage('a command is missing or has other operands');
  if (command === 'flow' && !(Number(config.changes) > 0)) throw new Usage('flow needs --changes');
  for (const phase of config.phases ?? []) if (!(phase in PHASE)) throw new Usage(`no phase \`${phase}\``);
  return { command, operands, config };
}

function readConfig(source) {
  if (!source) throw new Usage('--config is missing');
  return JSON.parse(source.trimStart().startsWith('{') ? source : fs.readFileSync(source, 'utf8'));
}

class Usage extends Error {}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

main().catch((error) => {
  const usage = error instanceof Usage || error.code?.startsWith?.('ERR_PARSE_ARGS');
  process.stderr.write(`scenario.js: ${usage ? `${error.message}; see the head of the file` : error.stack}\n`);
  process.exitCode = usage ? 2 : 1;
});
