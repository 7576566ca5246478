// Chance from a seed: the same seed throws the same dice on every machine.
'use strict';

class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** A number in [0, 1), by the mulberry32 generator. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }

  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /** `count` different members of a list, or all of it when it is shorter. */
  sample(list, count) {
    const rest = [...list];
    const wanted = Math.min(count, rest.length);
    for (let i = 0; i < wanted; i += 1) {
      const j = this.integer(i, rest.length - 1);
      [rest[i], rest[j]] = [rest[j], rest[i]];
    }
    return rest.slice(0, wanted);
  }
}

module.exports = { Dice };
