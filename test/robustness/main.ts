// npm run robustness: etcd's own validators judge what the clients of this library observe while etcd is broken.
import { GoMissingError } from '../interop/support/go-build.js';
import { runCampaign } from './campaign.js';
import { help, parseSettings, type Settings } from './settings.js';

class Interrupted extends Error {}

async function main(): Promise<number> {
  const settings = readSettings();
  if (!settings) return 2;
  if (settings.help) {
    console.log(help);
    return 0;
  }
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Interrupted());
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await runCampaign(settings, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) {
      console.log('interrupted; no process is left');
      return 130;
    }
    if (error instanceof GoMissingError) {
      console.log(`skipped: ${error.message}; the validators are written in Go`);
      return 2;
    }
    console.error('the campaign itself failed:', error);
    return 3;
  }
}

function readSettings(): Settings | undefined {
  try {
    return parseSettings(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    return undefined;
  }
}

process.exitCode = await main();
