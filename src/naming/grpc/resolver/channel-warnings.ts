import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { getChannelzHandlers } from '@grpc/grpc-js';
import { escapeControls } from '../../../errors/index.js';
import { parseUri } from '../../target/index.js';

/** Named in the warnings, because grpc-js's own text does not mention a resolver: `Failed to parse DNS address dns:etcd:///…`. */
const guide = 'docs/troubleshooting.md of @org/etcd-naming';
const grpcEntry = `${sep}@grpc${sep}grpc-js${sep}build${sep}src${sep}index.js`;
const maxChannels = 1_000;

let hasWarned = false;
/** The number of modules at the last check, which is repeated only after further modules were loaded. */
let checkedModules = 0;
const knownSchemes = new Set<string>();

/**
 * Warns once about another copy of grpc-js in this process. Detects copies that were loaded as CommonJS, as grpc-js is,
 * but not those in a bundle.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `registeredResolvers` of resolver.ts): a scheme is registered in
 * one copy only, and channels of other copies give the target to DNS. Remove when copies share their registry.
 */
export function warnOfOtherGrpc(): void {
  if (hasWarned) return;
  try {
    const { cache } = createRequire(process.execPath); // the same for any file
    const loaded = Object.keys(cache);
    if (loaded.length === checkedModules) return;
    checkedModules = loaded.length;
    const copies = loaded.filter((file) => file.endsWith(grpcEntry));
    const own = copies.find((file) => cache[file]?.exports?.getChannelzHandlers === getChannelzHandlers);
    const other = copies.find((file) => file !== own);
    if (own === undefined || other === undefined) return;
    hasWarned = true;
    warn(
      'ETCD_NAMING_GRPC_COPY',
      `two copies of @grpc/grpc-js are loaded: ${packageFolder(own)} resolves etcd's targets, and clients made with ${packageFolder(other)} do not ('Failed to parse DNS address'): have one copy installed, or make clients with the first; see ${guide}`,
    );
  } catch {
    // A runtime other than Node may have no such cache.
  }
}

/**
 * Warns about channels that were made before the scheme was first registered. Finds them in the channel list of channelz,
 * which omits channels with `grpc.enable_channelz: 0`.
 *
 * Workaround (grpc-js 1.14.7; no public issue found, `mapUriDefaultScheme` of resolver.ts): grpc-js gives a target of
 * an unknown scheme to DNS permanently, instead of an error. Remove when it refuses such a target.
 */
export function warnOfEarlyChannels(scheme: string): void {
  if (knownSchemes.has(scheme)) return;
  knownSchemes.add(scheme);
  const request = { start_channel_id: '0', max_results: String(maxChannels) };
  const { GetTopChannels } = getChannelzHandlers();
  GetTopChannels({ request } as never, (_, found) => {
    const targets = (found?.channel ?? []).map(({ data }) => data?.target ?? '');
    const early = targets.find((target) => parseUri(target, [scheme.toLowerCase()]));
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
