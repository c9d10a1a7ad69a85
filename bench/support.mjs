import { once } from 'node:events';
import { cpus, release } from 'node:os';
import { until } from '../build/src/testing/wait.js';
import { startEtcd } from '../dist/testing.js';
import grpc from './harness/own-grpc.mjs';

export const MiB = 1024 * 1024;

/** An etcd with enough space for a benchmark. */
export async function bigEtcd(version) {
  const etcd = await startEtcd({
    args: ['--quota-backend-bytes', String(8 * 1024 * MiB)],
    ...(version === undefined ? {} : { version }),
  });
  console.log(`etcd ${etcd.version}, node ${process.version}, ${process.platform} ${process.arch}`);
  return etcd;
}

/** Memory in use after garbage collection; exact only with --expose-gc. */
export function heapUsed() {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Samples the process's memory until stopped; returns the maximum of each kind, in MiB. */
export function watchMemory(everyMs = 100) {
  const most = { rss: 0, heapUsed: 0, external: 0 };
  const series = [];
  const sample = () => {
    const now = process.memoryUsage();
    for (const kind of Object.keys(most)) most[kind] = Math.max(most[kind], now[kind]);
    series.push(now.rss);
  };
  const timer = setInterval(sample, everyMs);
  return {
    stop() {
      clearInterval(timer);
      sample();
      const tenth = Math.max(1, Math.floor(series.length / 10));
      const tenths = [];
      for (let i = 0; i < series.length; i += tenth)
        tenths.push(mib(Math.max(...series.slice(i, i + tenth))));
      return {
        text: `maximum: rss ${mib(most.rss)}, heap ${mib(most.heapUsed)}, buffers ${mib(most.external)} MiB; rss over time: ${tenths.join(' ')} MiB`,
        most,
      };
    },
  };
}

export function mib(bytes) {
  return Math.round(bytes / MiB);
}

export function eventually(what, holds, timeoutMs = 120_000) {
  return until(what, { timeoutMs }, holds);
}

/** Resolves to the next message of a child process. Rejects if the child ends before, whose own output says why. */
export async function messageOf(child) {
  // Not on its exit, which may be reported before its last message.
  const ended = once(child, 'disconnect').then(() => {
    throw new Error(`the process ${child.pid} of the benchmark ended before it sent its message`);
  });
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message;
}

/** Answers the method on every address of the machine, and sends the port to the parent process. */
export function serveOnEveryAddress(method) {
  const server = new grpc.Server();
  server.addService({ ask: method }, { ask: (_call, reply) => reply(null, Buffer.alloc(0)) });
  server.bindAsync('0.0.0.0:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.send(port);
  });
  process.on('disconnect', () => process.exit());
}

/** The machine and Node, on one line. */
export function machineLine() {
  const [cpu] = cpus();
  return `${cpu?.model.trim()}, ${cpus().length} cores, ${process.platform} ${release()}, Node ${process.version}`;
}
