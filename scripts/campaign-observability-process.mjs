// A process of the drill, with its metrics: a server, or the caller. Its options are in the environment; commands come
// over the channel to its parent.

import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import {
  channelTarget,
  EtcdClient,
  InvalidInputError,
  registerEtcdResolver,
  registerServer,
} from '@org/etcd-naming';
import { serveMetrics } from '../examples/observability/prometheus.js';
import { bytesMethod, callBytesMethod } from './bytes-method.mjs';

const { role, name, clientOptions, target } = JSON.parse(process.env.DRILL);
const method = bytesMethod('/drill.Service/Ask');
const client = new EtcdClient({ ...clientOptions, name, metrics: { histograms: true } });
const metrics = await serveMetrics(0);
const stop = await (role === 'server' ? serve() : call());
process.on('message', async ({ command }) => {
  if (command === 'drain') {
    await stop();
    await client.close();
    process.exit(0);
  } else commands[command]();
});
process.once('disconnect', () => process.exit()); // the drill has ended
process.send({ port: metrics.address().port });

async function serve() {
  const server = new grpc.Server();
  server.addService({ ask: method }, { ask: (_call, reply) => reply(null, Buffer.from(name)) });
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const registration = await registerServer(server, client, { target, id: name, addr: `127.0.0.1:${port}` });
  return () => registration.drain();
}

/** Calls the service, reads and writes, holds a lock again and again, and has a reader that can be slow. */
async function call() {
  registerEtcdResolver(client, { balance: {} });
  const { target: uri, options } = channelTarget(target);
  const caller = new grpc.Client(uri, grpc.credentials.createInsecure(), options);
  void repeat(20, () => callBytesMethod(caller, method, 5_000));
  void repeat(50, (i) => client.kv.put(`${target}-keys/${i % 10}`, 'a value', { timeoutMs: 5_000 }));
  void repeat(50, (i) => client.kv.get(`${target}-keys/${i % 10}`, { timeoutMs: 5_000 }));
  void repeat(100, () =>
    client.withLock(`${target}-lock`, ({ signal }) => sleep(20_000, undefined, { signal })),
  );
  void repeat(100, read);
  return () => caller.close();
}

let gate = Promise.resolve();
let open = () => {};
const commands = {
  slow: () => {
    gate = new Promise((resolve) => {
      open = resolve;
    });
  },
  fast: () => open(),
};

async function read() {
  const watch = client.watch({ prefix: `${target}-slow/` }, { maxBufferedEvents: 100 });
  for await (const _ of watch) await gate;
}

/** Repeats a task, whose failures the metrics have to show. A wrong call is a mistake of the drill, and ends the process. */
async function repeat(pauseMs, task) {
  for (let i = 0; ; i++) {
    await task(i).catch((error) => {
      if (error instanceof InvalidInputError || error instanceof TypeError) throw error;
    });
    await sleep(pauseMs);
  }
}
