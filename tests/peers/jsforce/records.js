// The records of an org as a scenario knows them, and the changes it makes to them.
//
// Every change is one that the org announces. What the org would do in silence is done by hand before: contacts
// are deleted before their account, and no living record points at one that is deleted.
'use strict';

const { writableFields, clearable, defaultOf, valueFor } = require('./values');
const { OBJECTS } = require('./org');

const REFERENCES = {
  Account: { ParentId: 'Account' },
  Contact: { AccountId: 'Account', ReportsToId: 'Contact' },
  Lead: {},
};

class Records {
  /** Takes over the living records of the org. */
  static async of(org, dice) {
    const records = new Records(org, dice);
    for (const object of OBJECTS) {
      const fields = writableFields(await org.describe(object));
      records.fields[object] = fields;
      const names = [...fields.keys(), ...Object.keys(REFERENCES[object])];
      for (const row of await org.rows(object, names)) records.living[object].set(row.Id, records.known(object, row));
    }
    return records;
  }

  constructor(org, dice) {
    this.org = org;
    this.dice = dice;
    this.fields = {};
    this.living = Object.fromEntries(OBJECTS.map((object) => [object, new Map()]));
    this.bin = Object.fromEntries(OBJECTS.map((object) => [object, new Map()]));
    this.serial = 0;
  }

  ids(object) {
    return [...this.living[object].keys()];
  }

  /** Creates records; `among` narrows the parents of a reference field to some ids. */
  async create(object, count, among = {}) {
    const rows = [];
    while (rows.length < count) rows.push(this.newRow(object, among));
    const ids = await this.org.create(object, rows);
    const defaults = Object.fromEntries([...this.fields[object]].map(([name, field]) => [name, defaultOf(field)]));
    ids.forEach((id, i) => this.living[object].set(id, { ...defaults, ...rows[i] }));
    return ids;
  }

  async update(object, ids) {
    await this.apply(object, ids.map((id) => ({ Id: id, ...this.newValues(object, id) })));
  }

  /** Deletes these records and answers which it deleted: one that a record in the bin points at stays. */
  async remove(object, ids) {
    const going = ids.filter((id) => !this.binnedChildren(object, id));
    for (const [child, field] of childrenOf(object)) await this.letGo(child, field, new Set(going), object);
    const order = [...going].reverse();
    await this.org.remove(object, order);
    for (const id of order) {
      this.bin[object].set(id, this.living[object].get(id));
      this.living[object].delete(id);
    }
    return order;
  }

  /** Undeletes up to `count` records whose parents live, and reads them again. */
  async undelete(object, count) {
    const able = [...this.bin[object]].filter(([, row]) => Object.entries(REFERENCES[object]).every(
      ([field, parent]) => !row[field] || this.living[parent].has(row[field]),
    ));
    const ids = this.dice.sample(able.map(([id]) => id), count);
    await this.org.undelete(object, ids);
    for (const row of await this.org.retrieve(object, ids)) {
      this.living[object].set(row.Id, this.known(object, row));
      this.bin[object].delete(row.Id);
    }
    return ids;
  }

  known(object, row) {
    const names = [...this.fields[object].keys(), ...Object.keys(REFERENCES[object])];
    return Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
  }

  async apply(object, changes) {
    await this.org.update(object, changes);
    for (const { Id, ...values } of changes) Object.assign(this.living[object].get(Id), values);
  }

  newRow(object, among) {
    this.serial += 1;
    const row = {};
    for (const [name, field] of this.fields[object]) {
      const required = !field.nillable && !field.defaultedOnCreate;
      if (required || this.dice.chance(0.6)) row[name] = valueFor(field, this.dice, this.serial);
    }
    for (const [field, parent] of Object.entries(REFERENCES[object])) {
      const parents = among[field] ?? this.ids(parent);
      if (parents.length > 0 && this.dice.chance(0.8)) row[field] = this.dice.pick(parents);
    }
    return row;
  }

  /** One to five fields with values other than they have, some of them cleared, now and then another parent. */
  newValues(object, id) {
    const row = this.living[object].get(id);
    const values = {};
    for (const [name, field] of this.dice.sample([...this.fields[object]], this.dice.integer(1, 5))) {
      const present = row[name] ?? null;
      if (present !== null && clearable(field) && this.dice.chance(0.25)) values[name] = null;
      else do values[name] = valueFor(field, this.dice, this.serial); while (values[name] === present);
    }
    for (const [field, parent] of Object.entries(REFERENCES[object])) {
      if (!this.dice.chance(0.15)) continue;
      // Only an older record may become a parent: Ids grow, so no hierarchy closes into a ring.
      const others = this.ids(parent).filter((other) => (parent !== object || other < id) && other !== row[field]);
      if (others.length > 0) values[field] = this.dice.pick(others);
    }
    return values;
  }

  // A record in the bin that pointed at a deleted one would come back different from what it was.
  binnedChildren(object, id) {
    return childrenOf(object).some(([child, field]) => child === object
      && [...this.bin[child].values()].some((row) => row[field] === id));
  }

  // Contacts of an account go before it; a child that stays loses its reference.
  async letGo(child, field, parents, object) {
    let ids = [...this.living[child]].filter(([, row]) => parents.has(row[field])).map(([id]) => id);
    if (child !== object) {
      const gone = new Set(await this.remove(child, ids));
      ids = ids.filter((id) => !gone.has(id));
    }
    await this.apply(child, ids.map((id) => ({ Id: id, [field]: null })));
  }
}

function childrenOf(object) {
  return Object.entries(REFERENCES).flatMap(([child, references]) => Object.entries(references)
    .filter(([, parent]) => parent === object)
    .map(([field]) => [child, field]));
}

module.exports = { Records };
