'use strict';

// What Salesforce adds to Bayeux, as an extension of faye: a subscription names its place in a channel and is sent what
// lies behind it; the session that a server has lost is called unknown in Salesforce's words.

class Replay {
  constructor(bayeux, store, transports) {
    this.engine = bayeux._server._engine;
    this.store = store;
    this.transports = transports;
    this.subscribed = 0;
    // What a subscription that is being answered is to be sent, by session and message.
    this.due = new Map();
  }

  publish(channel, data) {
    const event = this.store.append(channel, data);
    this.engine.publish(structuredClone(event));
  }

  incoming(message, request, callback) {
    if (message.channel === '/meta/subscribe') {
      const places = (message.ext && message.ext.replay) || {};
      for (const channel of [].concat(message.subscription)) {
        const place = channel in places ? places[channel] : -1;
        const events = this.store.after(channel, place);
        if (events === undefined) {
          message.error =
            `400::The replayId {${place}} you provided was invalid.  Please provide a valid ID, ` +
            '-2 to replay all events, or -1 to replay only new events.';
        } else {
          this.due.set(`${message.clientId} ${message.id}`, events);
        }
      }
    }
    callback(message);
  }

  outgoing(message, request, callback) {
    if (message.channel === '/meta/handshake') {
      message.ext = { replay: true, 'payload.format': true };
      message.supportedConnectionTypes = this.transports;
      delete message.advice;
    }
    if (message.successful === false && /^401:.*:Unknown client/.test(message.error || '')) {
      message.error = '403::Unknown client';
      message.advice = { interval: 0, reconnect: 'handshake' };
    }
    if (message.channel === '/meta/subscribe') {
      const key = `${message.clientId} ${message.id}`;
      if (message.successful) {
        this.subscribed += 1;
        this.send(message.clientId, this.due.get(key));
      }
      this.due.delete(key);
    }
    callback(message);
  }

  // In front of all that is published from now on, and behind the answer that is on its way. faye itself sends only to
  // all subscribers of a channel.
  send(client, events) {
    const memory = this.engine._engine;
    const waiting = memory._messages.get(client) || [];
    memory._messages.set(client, waiting.concat(structuredClone(events)));
    setImmediate(() => memory.emptyQueue(client));
  }

  // The server knows none of its sessions any more.
  forgetSessions() {
    const memory = this.engine._engine;
    for (const client of [...memory._clients.keys()]) memory.destroyClient(client);
  }
}

module.exports = { Replay };
