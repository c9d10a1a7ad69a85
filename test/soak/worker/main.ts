// The process under test: node --expose-gc main.js <config as JSON>. Ends by itself after `close`.
import { setMaxListeners } from 'node:events';
import { EtcdClient } from '#src/index.js';
import { Random } from '../../sim/random.js';
import type { Command, Report, WorkerConfig, WorkerSample } from '../messages.js';
import { SteadyCalls } from './calls.js';
import { churn } from './churn.js';
import { writeEvents } from './events.js';
import { ProcessReader, readGauges } from './figures.js';
import { leak } from './leak.js';
import { emptyCounts, type LoadContext } from './load.js';
import { campaign, takeLocks } from './ownership.js';
import { Permanent } from './permanent.js';

const config = JSON.parse(process.argv[2] ?? '') as WorkerConfig;
const report = (of: Report) => void process.send?.(of);
const onUnexpected = (error: unknown) =>
  report({
    type: 'unexpected',
    text: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
process.on('unhandledRejection', onUnexpected);
process.on('SIGINT', () => {}); // of a terminal, to the whole group; the run ends this process
process.on('disconnect', onDisconnect);

const figures = new ProcessReader();
const counts = emptyCounts();
const stop = new AbortController();
setMaxListeners(0, stop.signal); // each loop of the load sleeps with it
const client = new EtcdClient({ endpoints: config.endpoints, name: 'permanent' });
const random = new Random(config.seed);
const context: LoadContext = { client, config, counts, random, signal: stop.signal, onUnexpected };
const permanent = await Permanent.open(client, config, counts, onUnexpected);
const calls = new SteadyCalls(context);
let isClosing = false;
let load: Promise<unknown> = Promise.resolve();
process.on('message', (command: Command) => void act(command).catch(onUnexpected));
report({ type: 'ready' });

async function act({ type }: Command): Promise<void> {
  switch (type) {
    case 'sample':
      report({ type: 'sample', sample: await calls.whileQuiet(takeSample) });
      return permanent.check();
    case 'start-load':
      load = startLoad();
      return report({ type: 'load-started' });
    case 'stop-load':
      stop.abort();
      await load;
      await permanent.checkEnd();
      return report({ type: 'load-stopped' });
    case 'close':
      isClosing = true;
      await permanent.close();
      await client.close();
      process.disconnect();
  }
}

function takeSample(): WorkerSample {
  return { gauges: readGauges(calls.inFlight), process: figures.read(), counts: { ...counts } };
}

function startLoad(): Promise<unknown> {
  return Promise.all([
    calls.run(),
    writeEvents(context),
    takeLocks(context),
    campaign(context),
    churn(context),
    permanent.callSteadily(context),
    ...(config.leak === undefined ? [] : [leak(context, config.leak)]),
  ]).catch(onUnexpected);
}

/** The run has ended unexpectedly. After `close` the process must end without this. */
function onDisconnect(): void {
  if (!isClosing) process.exit(1);
}
