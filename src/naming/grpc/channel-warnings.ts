import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { getChannelzHandlers } from '@grpc/grpc-js';
import { escapeControls } from '../../errors/index.js';
import { readUri } from '../target/index.js';

/** What grpc-js says in both cases has nothing of a resolver in it: `Failed to parse DNS address dns:etcd:///…`. */
const guide = 'docs/troubleshooting.md of @org/etcd-naming';
const grpcEntry = `${sep}@grpc${sep}grpc-js${sep}build${sep}src${sep}index.js`;
const maxChannels = 1_000;

let hasWarned = false;
/** How many modules were checkedModules at: there is nothing new while no other is loaded. */
let checkedModules = 0;
const knownSchemes = new Set<string>();

/**
 * Warns, once, of another copy of grpc-js in this process: schemes are registered in one copy alone, and channels of the
 * others ask DNS for the target. Sees those that were loaded as CommonJS, as grpc-js itself is, and not those inside of
 * a bundle.
 */
export function warnOfOtherGrpc(): void {
  if (hasWarned) return;
  try {
    const require = createRequire(import.meta.url);
    const loaded = Object.keys(require.cache);
    if (loaded.length === checkedModules) return;
    checkedModules = loaded.length;
    const own = require.resolve('@grpc/grpc-js');
    const other = loaded.find((file) => file.endsWith(grpcEntry) && file !== own);
    if (other === undefined || !loaded.includes(own)) return;
    hasWarned = true;
    warn(
      'ETCD_NAMING_GRPC_COPY',
      `two copies of @grpc/grpc-js are loaded: ${packageFolder(own)} resolves etcd's targets, and clients made with ${packageFolder(other)} do not ('Failed to parse DNS address'): have one copy installed, or make clients with the first; see ${guide}`,
    );
  } catch {
    // A bundle has no place in the file system to look from.
  }
}

/**
 * Warns of the channels that were made before the scheme was first registered: grpc-js has given them to DNS for good.
 * It keeps a list of channels for channelz, where that is not switched off for one.
 */
export function warnOfEarlyChannels(scheme: string): void {
  if (knownSchemes.has(scheme)) return;
  knownSchemes.add(scheme);
  const request = { start_channel_id: '0', max_results: String(maxChannels) };
  const { GetTopChannels } = getChannelzHandlers();
  GetTopChannels({ request } as never, (_, found) => {
    const targets = (found?.channel ?? []).map(({ data }) => data?.target ?? '');
    const early = targets.find((target) => readUri(target, [scheme.toLowerCase()]));
    if (early !== undefined)
      warn(
        'ETCD_NAMING_EARLY_CHANNEL',
        `a channel for '${escapeControls(early)}' was made before registerEtcdResolver(), and asks DNS ('Failed to parse DNS address'): register first, then make clients; see ${guide}`,
      );
  });
}

function warn(code: string, text: string): void {
  process.emitWarning(text, { code });
}

function packageFolder(file: string): string {
  return dirname(dirname(dirname(file)));
}
