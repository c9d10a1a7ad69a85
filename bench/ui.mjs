#!/usr/bin/env node
// The page of `etcd-naming ui` under load: the time from a change to the DOM, and what the page and its server cost.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findChromium, launch } from '../build/test/support/chromium.js';
import { startEtcd } from '../dist/testing.js';
import { reply, start } from './harness/processes.mjs';
import { machineLine } from './support.mjs';
import { Measurement } from './ui/measurement.mjs';
import { openPage } from './ui/page.mjs';
import { toText } from './ui/report.mjs';
import { startServer } from './ui/server.mjs';
import { prefix } from './ui/services.mjs';

const help = `npm run bench:ui [-- options]

  --endpoints <n>     endpoints in 50 services, two fifths of them in the one that the pages show: default 10000
  --rate <n>          changes a second: default 200
  --probes <n>        how many of these change a visible row: default 20
  --seconds <n>       default 60
  --pages <n>         pages at once: default 1
  --throttled <n>     seconds with the processor of the pages throttled by 4, after the first: default 20; 0: none
  --memory-every <s>  also measures the memory after each s seconds, and prints its growth; it stops the processes for
                      some 100 ms each time
  --seed <n>          default: random
  --profiles <folder> writes server.cpuprofile and page.cpuprofile; the figures are then those of profiled processes
  --json <file>       the figures

Starts an etcd, the command, and Chromium. bench/README.md explains the figures.`;

const { values } = parseArgs({
  options: {
    endpoints: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '200' },
    probes: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    pages: { type: 'string', default: '1' },
    throttled: { type: 'string', default: '20' },
    'memory-every': { type: 'string' },
    seed: { type: 'string' },
    profiles: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const chromium = await findChromium();
if (values.help) console.log(help);
else if (chromium === undefined) {
  console.error('there is no Chromium; CHROME_BIN=/path/to/chromium chooses one');
  process.exitCode = 2;
} else await main();

async function main() {
  const options = {
    ...Object.fromEntries(
      ['endpoints', 'rate', 'probes', 'seconds', 'pages', 'throttled'].map((name) => [
        name,
        Number(values[name]),
      ]),
    ),
    memoryEveryMs: values['memory-every'] && Number(values['memory-every']) * 1_000,
    seed: values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed),
  };
  if (values.profiles) mkdirSync(values.profiles, { recursive: true });
  if (existsSync('/dev/shm')) process.env.TMPDIR = '/dev/shm';
  const machine = machineLine();
  const closing = [];
  try {
    const result = { machine, options, ...(await run(options, closing)) };
    console.log(toText(result));
    if (values.json) writeFileSync(values.json, JSON.stringify(result, undefined, 2));
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** @param closing gets what ends that which was started, in order. */
async function run(options, closing) {
  const etcd = await startEtcd();
  closing.push(() => etcd.close());
  const writer = start('../ui/writer.mjs', { task: { etcd: etcd.endpoints, ...options } });
  closing.push(() => writer.connected && writer.disconnect());
  await reply(writer);
  const server = await startServer({ etcd: etcd.endpoints, prefix });
  closing.push(() => server.stop());
  const session = await server.openSession();
  const browser = await launch(chromium);
  closing.push(() => browser.close());
  const programs = { etcd: etcd.version, chromium: browser.version() };

  const firstRows = await timesToFirstRow(browser, session);
  const pages = [];
  for (let i = 0; i < options.pages; i++) pages.push(await openPage(browser, await session.link()));
  const measurement = new Measurement({ etcd, writer, server, browser, pages, options });
  const normal = await measurement.load({ seconds: options.seconds, profiles: values.profiles });
  const throttled =
    options.throttled > 0 ? await measurement.load({ seconds: options.throttled, throttle: 4 }) : undefined;
  return { programs, firstRows, normal, throttled };
}

/** Of five pages, one after the other, before the load. */
async function timesToFirstRow(browser, session) {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const page = await openPage(browser, await session.link());
    times.push(await page.firstRowMs());
    await page.close();
  }
  return times;
}
