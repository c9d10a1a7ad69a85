import { callSafely, processWarning } from '../async/index.js';
import {
  callback,
  duration,
  listOf,
  noOptions,
  oneOf,
  optionsChecker,
  signal,
  text,
  wrongValueError,
} from '../model/index.js';
import { type Reporter, StderrReporter } from './progress.js';

/** Where an etcd comes from. `external` is one that somebody else runs; it is never broken, compacted or wiped. */
export type EtcdSource = 'binary' | 'docker' | 'fetch' | 'external';

const SOURCES = ['auto', 'binary', 'docker', 'fetch', 'external'] as const;

/**
 * The release that is fetched, and the tag of the default image. The 3.5 line is the one most clusters run; from
 * 3.5.23 on a keep-alive of a lease that was just revoked is answered truthfully, and 3.5.25 is published both as
 * an archive and as an image.
 */
export const DEFAULT_ETCD_VERSION = '3.5.25';

/** What {@link startEtcd} takes. Every option wins over the environment variable named beside it. */
export interface StartEtcdOptions {
  /**
   * Where to take etcd from; `ETCD_TEST_SOURCE`. Default `auto`: a binary (`ETCD_BIN`, `PATH`, the cache), then a
   * running Docker engine, then a fetch into the cache. `external` is only ever chosen by name.
   */
  source?: EtcdSource | 'auto';
  /** Extra flags for each etcd, after ours, so that they win: `['--auth-token-ttl', '3']`. Not for `external`. */
  args?: readonly string[];
  /**
   * The exact release wanted, as `3.5.25`. Default: a binary of any version, and {@link DEFAULT_ETCD_VERSION} for
   * fetch and Docker. When given, a binary of another version is passed over rather than used in its place.
   */
  version?: string;
  /** Docker image; `ETCD_TEST_IMAGE`. Default `quay.io/coreos/etcd:v<version>`. */
  image?: string;
  /** How long one start may take until `/health` answers, in milliseconds. Default 30 000; fetching is not counted. */
  startTimeoutMs?: number;
  /** Gives up the start; what was begun is removed, and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives one line per step of a fetch or an image pull. Default: those lines go to stderr. */
  onProgress?: (line: string) => void;
  /** `host:port` of each member of an external etcd; `ETCD_TEST_ENDPOINTS`, comma separated. */
  endpoints?: readonly string[];
}

/** Of everything that finds or starts an etcd. */
export const locateChecks = { version: text, signal, onProgress: callback };

export const startChecks = {
  source: oneOf(...SOURCES),
  args: listOf(text),
  image: text,
  startTimeoutMs: duration({ min: 1 }),
  endpoints: listOf(text),
  ...locateChecks,
};

export const checkStart = optionsChecker<StartEtcdOptions>(startChecks);

/** {@link StartEtcdOptions} with environment and defaults filled in. */
export interface Settings {
  readonly source: EtcdSource | 'auto';
  readonly args: readonly string[];
  readonly version: string | undefined;
  readonly image: string;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly progress: Reporter;
  readonly endpoints: readonly string[];
}

/**
 * Fills in environment and defaults of options that were checked.
 * @throws {InvalidInputError} for a source of the environment that there is not.
 */
export function resolveSettings(options: StartEtcdOptions = noOptions): Settings {
  const version = options.version?.replace(/^v/, '');
  return {
    source: options.source ?? sourceFromEnv() ?? 'auto',
    args: options.args ?? [],
    version,
    image:
      options.image ??
      fromEnv('ETCD_TEST_IMAGE') ??
      `quay.io/coreos/etcd:v${version ?? DEFAULT_ETCD_VERSION}`,
    startTimeoutMs: options.startTimeoutMs ?? 30_000,
    signal: options.signal,
    progress: options.onProgress ? lineReporter(options.onProgress) : new StderrReporter(),
    endpoints: options.endpoints ?? fromEnv('ETCD_TEST_ENDPOINTS')?.split(',').filter(isNotBlank) ?? [],
  };
}

/** An environment variable; one that is set to nothing counts as not set, as CI systems cannot always unset. */
export function fromEnv(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === '' ? undefined : value;
}

function sourceFromEnv(): EtcdSource | 'auto' | undefined {
  const name = fromEnv('ETCD_TEST_SOURCE');
  if (name === undefined) return undefined;
  const found = SOURCES.find((source) => source === name);
  if (!found) throw wrongValueError('ETCD_TEST_SOURCE', name, `one of ${SOURCES.join(', ')}`);
  return found;
}

function lineReporter(onProgress: (line: string) => void): Reporter {
  return {
    line: (line) => callSafely(() => onProgress(line), processWarning('onProgress')),
    update: () => {},
  };
}

function isNotBlank(text: string): boolean {
  return text.trim() !== '';
}
