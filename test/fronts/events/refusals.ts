import { type EtcdClient, EtcdError } from '#src/index.js';
import type { Environment } from '../environment.js';
import { type EventResult, type FrontEvent, needsLimit, needsRequests, speaksHttp2ToEtcd } from './event.js';

/** No front end may receive more requests than that in a call's time: each attempt waits longer than the one before. */
const maxRequests = 60;
const timeoutMs = 3_000;
/** How late a deadline may be on a busy machine. */
const maxLateMs = 3_000;

/** Describes what is wrong with a call that must fail, and how the front end was asked meanwhile. */
async function mustFail(
  environment: Environment,
  call: () => Promise<unknown>,
  text: RegExp,
): Promise<EventResult> {
  const startedAt = performance.now();
  const error = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const tookMs = performance.now() - startedAt;
  const message = String(error);
  const problems = [
    ...(error instanceof EtcdError ? [] : [`the error has no type: ${message}`]),
    ...(text.test(message) ? [] : [`the error does not say ${text}: ${message}`]),
    ...(tookMs > timeoutMs + maxLateMs ? [`the call ended after ${Math.round(tookMs)} ms`] : []),
    ...(await checkRequests(environment)),
  ];
  return { problems, missed: undefined, errors: [message], writes: 0, ambiguous: 0 };
}

async function checkRequests(environment: Environment): Promise<string[]> {
  const { length } = await environment.logged();
  return length > maxRequests ? [`the front end received ${length} requests for one call`] : [];
}

const http1: FrontEvent = {
  name: 'HTTP/1.1 only',
  limits: { http1: true },
  excluded: needsRequests,
  run: (environment) =>
    mustFail(
      environment,
      () => environment.connect().kv.get('a', { timeoutMs }),
      /does not speak HTTP\/2|without HTTP\/2|ALPN/,
    ),
};

const longToken = 'a'.repeat(20_000);
const connectWithToken = (environment: Environment, token: string): EtcdClient =>
  environment.connect({ auth: { tokenProvider: () => token } });

const headers: FrontEvent = {
  name: 'header limit',
  limits: { headerBytes: 8_192 },
  excluded: needsRequests,
  run: (environment) =>
    mustFail(
      environment,
      () => connectWithToken(environment, longToken).kv.get('a', { timeoutMs }),
      // The header is not answered: nginx resets with ENHANCE_YOUR_CALM, HAProxy with COMPRESSION_ERROR.
      /memory limit exceeded|RST_STREAM with code 9/,
    ),
};

/** With the example configuration. */
const token: FrontEvent = {
  name: 'long token',
  excluded: needsRequests,
  async run(environment) {
    const client = connectWithToken(environment, longToken);
    const errors = await client.kv.put('a', 'b').then(
      () => [],
      (error: unknown) => [String(error)],
    );
    return { problems: errors, missed: undefined, errors, writes: 1, ambiguous: 0 };
  },
};

const stalled: FrontEvent = {
  name: 'etcd stalled',
  limits: { answerSeconds: 1 },
  excluded: needsRequests,
  async run(environment) {
    const client = environment.connect();
    await client.kv.get('a');
    await environment.etcd.server.pause();
    try {
      return await mustFail(
        environment,
        () => client.kv.get('a', { timeoutMs }),
        /gateway answered with HTTP status 50[34]/,
      );
    } finally {
      await environment.etcd.server.resume();
    }
  },
};

const starved: FrontEvent = {
  name: 'too few streams',
  limits: { concurrentStreams: 1 },
  excluded: needsLimit('concurrentStreams'),
  async run(environment) {
    const client = environment.connect();
    await using watcher = client.watch('a', { startRevision: 1n });
    await watcher.ready;
    // Awaited here: the watch must be open meanwhile.
    return await mustFail(environment, () => client.kv.get('a', { timeoutMs }), /no stream was free/);
  },
};

/** etcd speaks HTTP/1.1 to a client that does not offer HTTP/2 in its TLS handshake. */
const noAlpn: FrontEvent = {
  name: 'no HTTP/2 to etcd',
  excluded: (placement) => (speaksHttp2ToEtcd(placement) ? 'it offers HTTP/2' : undefined),
  run: (environment) =>
    mustFail(environment, () => environment.connect().kv.get('a', { timeoutMs }), /does not speak HTTP\/2/),
};

/** Events after which a call cannot succeed: it must say why. */
export const refusals: readonly FrontEvent[] = [http1, headers, token, stalled, starved, noAlpn];
