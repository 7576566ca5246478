'use strict';

// The events of a server, in a file of JSON lines that outlives it: one {channel, data} each, in the order of their
// replay ids.

const fs = require('fs');

class EventStore {
  constructor(path) {
    this.events = [];
    this.forgotten = 0;
    if (fs.existsSync(path)) {
      const lines = fs.readFileSync(path, 'utf8').split('\n');
      // A server that was killed in the middle of a line had told nobody of that event.
      const whole = lines.slice(0, -1);
      this.events = whole.map((line) => JSON.parse(line));
      fs.truncateSync(path, Buffer.byteLength(whole.map((line) => `${line}\n`).join('')));
    }
    this.file = fs.openSync(path, 'a');
  }

  get last() {
    return this.events.length === 0 ? 0 : this.events[this.events.length - 1].data.event.replayId;
  }

  // Ids have holes, as Salesforce's do.
  append(channel, data) {
    data.event.replayId = this.last + 1 + (this.events.length % 3);
    const event = { channel, data };
    fs.writeSync(this.file, `${JSON.stringify(event)}\n`);
    this.events.push(event);
    return event;
  }

  // From now on nothing up to this id can be replayed, nor asked for.
  forget(replayId) {
    this.forgotten = replayId;
  }

  // The events behind a place in a channel; undefined when there is no such place.
  after(channel, replayId) {
    const kept = this.events.filter(
      (event) => event.channel === channel && event.data.event.replayId > this.forgotten,
    );
    if (replayId === -1) return [];
    if (replayId === -2) return kept;
    const place = kept.findIndex((event) => event.data.event.replayId === replayId);
    return place < 0 ? undefined : kept.slice(place + 1);
  }
}

module.exports = { EventStore };
