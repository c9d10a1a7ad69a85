// The process of the traffic of one run, started by `npm run robustness` from the compiled project or from a broken copy.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTraffic, type TrafficOptions } from './run.js';
import { summaryFile } from './summary.js';

class Interrupted extends Error {}

async function main(): Promise<number> {
  const options = JSON.parse(process.argv[2] ?? '') as TrafficOptions;
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Interrupted());
  // A terminal sends SIGINT to both processes, and the parent passes its own on: there may be two.
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const summary = await runTraffic(options, abort.signal, (line) => console.log(line));
    await writeFile(join(options.folder, summaryFile), JSON.stringify(summary));
    return 0;
  } catch (error) {
    if (abort.signal.aborted) return 130;
    console.error(error);
    return 3;
  }
}

process.exitCode = await main();
