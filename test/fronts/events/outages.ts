import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdError } from '#src/index.js';
import { type Load, underLoad } from '../workload/under-load.js';
import { type FrontEvent, usable } from './event.js';

const awayMs = 1_500;

const streamLost = (load: Load) => (load.streamsLost() > 0 ? undefined : 'no watch stream was lost');

/** Connections and requests on which nothing is sent are ended several times. */
const idle: FrontEvent = {
  name: 'idle timeout',
  limits: { idleSeconds: 2 },
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      isQuiet: true,
      missed: streamLost,
      async inject() {
        await sleep(8_000);
        return [];
      },
    }),
};

/** Old workers end gracefully, so that HTTP/2 connections receive GOAWAY, and are ended by force after a second. */
const reload: FrontEvent = {
  name: 'reload',
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: streamLost,
      async inject() {
        for (let i = 0; i < 2; i++) {
          for (const front of environment.fronts) front.reload();
          await sleep(1_500);
        }
        return [];
      },
    }),
};

const restart: FrontEvent = {
  name: 'restart',
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: streamLost,
      async inject() {
        for (const front of environment.fronts) {
          await front.stop();
          await sleep(awayMs);
          await front.start();
        }
        return [];
      },
    }),
};

const kill: FrontEvent = {
  name: 'kill',
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: streamLost,
      async inject() {
        for (const front of environment.fronts) {
          await front.kill();
          await sleep(awayMs);
          await front.start();
        }
        return [];
      },
    }),
};

/** One of two is away at a time: the client must use the other. */
const killOfTwo: FrontEvent = {
  name: 'kill, one of two',
  fronts: 2,
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: streamLost,
      async inject({ client }) {
        const problems: string[] = [];
        for (const front of environment.fronts) {
          await front.kill();
          await client.kv.get('other', { timeoutMs: 3_000 }).catch((error: unknown) => {
            problems.push(`a read did not use the other front end: ${error}`);
          });
          await front.start();
          await sleep(500);
        }
        return problems;
      },
    }),
};

/** etcd is away and the front end is not: it answers with 502, 503 or 504, or closes connections. */
const etcdAway: FrontEvent = {
  name: 'etcd away',
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: streamLost,
      async inject({ client }) {
        const problems: string[] = [];
        await environment.etcdAway(5_000, async () => {
          const error = await client.kv.get('away', { timeoutMs: 4_000 }).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          problems.push(...checkGatewayError(error, environment.placement.mode));
        });
        return problems;
      },
    }),
};

/** The error must name the HTTP status, which a TCP proxy does not have. */
function checkGatewayError(error: unknown, mode: 'tcp' | 'grpc'): string[] {
  if (!(error instanceof EtcdError)) return [`a read while etcd is away: ${error}`];
  if (mode === 'tcp' || /gateway answered with HTTP status 50[234]/.test(error.message)) return [];
  return [`the error of a read while etcd is away does not name the HTTP status: ${error.message}`];
}

/** Events that end connections. */
export const outages: readonly FrontEvent[] = [idle, reload, restart, kill, killOfTwo, etcdAway].map(usable);
