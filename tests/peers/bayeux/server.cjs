'use strict';

// A Bayeux server made of npm's faye, in front of a simulated org: /cometd is served here, everything else there.
//
//   node server.cjs PORT STORE UPSTREAM TRANSPORTS HOLD
//
// PORT 0 takes any. STORE is a file that keeps the events. TRANSPORTS, separated by commas, are what a handshake offers.
// HOLD is how long a connect is held, in seconds. Each message that comes in is a JSON line on stdout.
//
//   POST /admin/publish?channel=&n=&every=   so many events, one every so many milliseconds; answers before
//   POST /admin/forget-sessions              as a server that lost them
//   POST /admin/forget?replay_id=            events up to this one are no longer retained
//   POST /admin/cut                          close every connection
//   POST /admin/spoil?how=&times=            how the next HTTP requests of /cometd end: hang, garbage, refuse
//   GET  /admin/state                        {subscribed, published}

const http = require('http');
const faye = require('faye');
const { EventStore } = require('./store.cjs');
const { Replay } = require('./replay.cjs');

const [port, storePath, upstream, transports, hold] = process.argv.slice(2);
const store = new EventStore(storePath);
const bayeux = new faye.NodeAdapter({ mount: '/cometd', timeout: Number(hold) });
const replay = new Replay(bayeux, store, transports.split(','));
const sockets = new Set();
let spoil = { how: '', times: 0 };

bayeux.addExtension({
  incoming(message, request, callback) {
    const via = request.headers.upgrade ? 'websocket' : 'http';
    console.log(JSON.stringify({ via, channel: message.channel }));
    callback(message);
  },
});
bayeux.addExtension(replay);

// A PushTopic's word of a new lead, whose id tells its number.
function lead(number) {
  const id = `00Q5e${String(number).padStart(10, '0')}EAA`;
  return {
    event: { createdDate: new Date().toISOString(), type: 'created' },
    sobject: { Id: id, LastName: `Lead ${number}`, Company: 'Acme' },
  };
}

async function publish(channel, count, every) {
  for (let done = 0; done < count; done += 1) {
    replay.publish(channel, lead(store.events.length + 1));
    if (every > 0) await new Promise((resolve) => setTimeout(resolve, every));
  }
}

function administer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const text = (name) => url.searchParams.get(name);
  const number = (name) => Number(text(name));
  switch (url.pathname) {
    case '/admin/publish':
      publish(text('channel'), number('n'), number('every'));
      break;
    case '/admin/forget-sessions':
      replay.forgetSessions();
      break;
    case '/admin/forget':
      store.forget(number('replay_id'));
      break;
    case '/admin/cut':
      response.on('finish', () => sockets.forEach((socket) => socket.destroy()));
      break;
    case '/admin/spoil':
      spoil = { how: text('how'), times: number('times') };
      break;
    case '/admin/state':
      break;
    default:
      response.writeHead(404);
  }
  response.end(JSON.stringify({ subscribed: replay.subscribed, published: store.events.length }));
}

// Passes a request on, and its answer back. Tokens are to be used here, not there.
function pass(request, response) {
  const headers = { ...request.headers, host: new URL(upstream).host };
  delete headers['accept-encoding'];
  const target = new URL(request.url, upstream);
  const passed = http.request(target, { method: request.method, headers }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part));
    answer.on('end', () => {
      const here = `http://127.0.0.1:${server.address().port}`;
      const body = Buffer.concat(parts).toString().replaceAll(upstream, here);
      const kept = { ...answer.headers };
      delete kept['transfer-encoding'];
      response.writeHead(answer.statusCode, { ...kept, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  });
  passed.on('error', () => response.destroy());
  request.pipe(passed);
}

// Whether the request is ended as ordered.
function spoiled(request, response) {
  if (spoil.times === 0 || !request.url.startsWith('/cometd')) return false;
  spoil.times -= 1;
  switch (spoil.how) {
    case 'hang':
      break;
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('[{"channel":"/meta/conn');
      break;
    default:
      response.writeHead(503);
      response.end('down for maintenance');
  }
  return true;
}

const server = http.createServer((request, response) =>
  request.url.startsWith('/admin/') ? administer(request, response) : pass(request, response),
);
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
bayeux.attach(server);
const [serve] = server.listeners('request');
server.removeAllListeners('request');
server.on('request', (request, response) => {
  if (!spoiled(request, response)) serve(request, response);
});
server.listen(Number(port), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
