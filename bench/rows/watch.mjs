// The events of a watch: as they are written, and from the history.
import { prepareWriter, putAll } from '../harness/load.mjs';
import { countdown, measured } from '../harness/measure.mjs';

const cpu = { name: 'cpu', title: 'CPU µs/event' };
const perTxn = 100;

const live = {
  name: 'watch-live',
  title: 'watch live, transactions of 100 puts',
  metrics: [{ name: 'perSecond', title: 'events/s' }, cpu],
  settings: { full: { txns: 200, rounds: 9 }, quick: { txns: 30, rounds: 2 } },

  async start({ client, address, cores, settings: { txns } }) {
    const writer = await prepareWriter({ address, core: cores.others, prefix: 'live/', perTxn });
    let counting;
    const watch = await client.watch({ prefix: 'live/', onEvents: (count) => counting.received(count) });
    const receive = () => {
      counting = countdown(txns * perTxn);
      writer.write(txns);
      return counting.done;
    };
    await receive();
    return {
      async measure() {
        const { ms, cpu } = await measured(receive);
        return { perSecond: ((txns * perTxn) / ms) * 1_000, cpu: cpu / (txns * perTxn) };
      },
      async close() {
        writer.close();
        await watch.close();
      },
    };
  },
};

const replay = {
  name: 'watch-replay',
  title: 'replay of the history, 10 events in a revision',
  metrics: [{ name: 'ms', title: 'ms' }, cpu],
  settings: { full: { revisions: 10_000, rounds: 5 }, quick: { revisions: 1_000, rounds: 1 } },

  async prepare({ address, settings: { revisions } }) {
    const { firstRevision } = await putAll(address, 'replay/', revisions * 10, 10);
    return { firstRevision };
  },

  async start({ client, prepared: { firstRevision }, settings: { revisions } }) {
    return {
      async measure() {
        const { done, received } = countdown(revisions * 10);
        let watch;
        const { ms, cpu } = await measured(async () => {
          watch = await client.watch({ prefix: 'replay/', startRevision: firstRevision, onEvents: received });
          await done;
        });
        await watch.close();
        return { ms, cpu: cpu / (revisions * 10) };
      },
    };
  },
};

export const rows = [live, replay];
