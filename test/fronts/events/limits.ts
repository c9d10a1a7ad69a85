import { underLoad } from '../workload/under-load.js';
import { type FrontEvent, needsLimit, needsRequests, usable } from './event.js';

const mebibyte = 1_048_576;

/** Each connection ends with GOAWAY after a few requests. */
const requests: FrontEvent = {
  name: 'requests per connection',
  limits: { requestsPerConnection: 20 },
  excluded: needsLimit('requestsPerConnection'),
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: async () => {
        const count = (await environment.logged()).length;
        return count < 60 ? `only ${count} requests for 20 on a connection` : undefined;
      },
      async inject({ traffic }) {
        for (let i = 0; i < 100; i++) await traffic.put('many');
        return [];
      },
    }),
};

/** More calls at a time than streams. */
const streams: FrontEvent = {
  name: 'concurrent streams',
  limits: { concurrentStreams: 8 },
  excluded: needsRequests,
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: () => undefined,
      async inject({ traffic }) {
        const puts = await Promise.all(Array.from({ length: 60 }, (_, i) => traffic.put(`at-once-${i}`)));
        const failed = puts.filter((value) => value === undefined).length;
        return failed > 0 ? [`${failed} of 60 puts at the same time failed`] : [];
      },
    }),
};

/** A read whose answer is larger than all buffers between etcd and the client. */
const largeAnswer: FrontEvent = {
  name: 'large answer',
  run: (environment, etcdctl) =>
    underLoad(environment, etcdctl, {
      missed: () => undefined,
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
        (await environment.logged()).some((line) => line.startsWith('413'))
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
