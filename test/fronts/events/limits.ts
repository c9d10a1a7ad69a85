import { until } from '#src/testing/wait.js';
import { missedLargeAnswer, missedRequestLimit } from '../check/limits.js';
import { underLoad } from '../workload/under-load.js';
import { type FrontEvent, needsLimit, needsRequests, usable } from './event.js';

const mebibyte = 1_048_576;
const requestsPerConnection = 20;
/** Less than the time in which HAProxy's health checks notice that etcd is paused. */
const waitMs = 300;
const logTimeoutMs = 5_000;

/** Each connection ends with GOAWAY after a few requests. */
const requests: FrontEvent = {
  name: 'requests per connection',
  limits: { requestsPerConnection },
  excluded: needsLimit('requestsPerConnection'),
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: async () => missedRequestLimit(await environment.logged(), requestsPerConnection),
      async inject({ traffic }) {
        for (let i = 0; i < 100; i++) await traffic.put('many');
        return [];
      },
    }),
};

/** More calls at a time than streams. While etcd is paused, none of them ends: another one must wait for a stream. */
const streams: FrontEvent = {
  name: 'concurrent streams',
  limits: { concurrentStreams: 8 },
  excluded: needsRequests,
  run: (environment, etcdctl) => {
    let answer = '';
    return underLoad(environment, etcdctl, {
      missed: () =>
        /no stream was free/.test(answer) ? undefined : `no call waited for a stream: ${answer}`,
      async inject({ client, traffic }) {
        await environment.etcd.server.pause();
        const calls = Array.from({ length: 60 }, (_, i) => traffic.put(`at-once-${i}`));
        answer = await client.kv.get('waiting', { timeoutMs: waitMs }).then(() => 'it was answered', String);
        await environment.etcd.server.resume();
        const puts = await Promise.all(calls);
        const failed = puts.filter((value) => value === undefined).length;
        return failed > 0 ? [`${failed} of 60 puts at the same time failed`] : [];
      },
    });
  },
};

/** A read whose answer is larger than all buffers between etcd and the client. */
const largeAnswer: FrontEvent = {
  name: 'large answer',
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      async missed({ client }) {
        await client.close(); // a TCP proxy logs a connection at its end
        const missed = async () =>
          missedLargeAnswer(await environment.logged(), 8 * mebibyte, environment.placement.mode);
        await until('the answer is logged', { timeoutMs: logTimeoutMs }, async () => !(await missed())).catch(
          () => {},
        );
        return missed();
      },
      async inject({ client, traffic }) {
        const text = 'x'.repeat(mebibyte);
        for (let i = 0; i < 8; i++) await traffic.put(`large-${i}`, text);
        const { kvs } = await client.kv.range({ prefix: 'traffic/large-' });
        const bytes = kvs.reduce((sum, { value }) => sum + value.length, 0);
        return bytes < 8 * mebibyte ? [`a read of 8 MiB returned ${bytes} bytes`] : [];
      },
    }),
};

/** A request larger than the front end permits is refused; the others continue. */
const body: FrontEvent = {
  name: 'body limit',
  limits: { bodyBytes: 4_096 },
  excluded: needsLimit('bodyBytes'),
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: async () =>
        (await environment.logged()).some(({ status }) => status === '413')
          ? undefined
          : 'no request was refused with 413',
      async inject({ traffic }) {
        const value = await traffic.put('large', 'x'.repeat(10_000));
        if (value !== undefined) return ['a put over the limit succeeded'];
        const named = [...traffic.errors].some((error) => error.includes('HTTP status 413'));
        return named ? [] : [`no error names the HTTP status 413: ${[...traffic.errors].join('; ')}`];
      },
    }),
};

/** Events at the limits of a front end, after which the client works on. */
export const limits: readonly FrontEvent[] = [requests, streams, largeAnswer, body].map(usable);
