import { callSafely, processWarning } from '../async/index.js';
import {
  type Check,
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
import { authCheck, type EtcdAuthOptions, type EtcdTlsOptions, tlsCheck } from './security/options.js';
import { Security } from './security/security.js';

/** The source of an etcd. `external` runs independently of the test; it is never broken, compacted or wiped. */
export type EtcdSource = 'binary' | 'docker' | 'fetch' | 'external';

const SOURCES = ['auto', 'binary', 'docker', 'fetch', 'external'] as const;

/**
 * The release that is fetched, and the tag of the default image. Most clusters run the 3.5 line. Since 3.5.23 a
 * keep-alive of a revoked lease is answered correctly, and 3.5.25 is published both as an archive and as an image.
 */
export const DEFAULT_ETCD_VERSION = '3.5.25';

/** The options of {@link startEtcd}. An option takes precedence over its environment variable. */
export interface StartEtcdOptions {
  /**
   * The source of etcd; `ETCD_TEST_SOURCE`. Default `auto`: a binary (`ETCD_BIN`, `PATH`, the cache), then a running
   * Docker engine, then a fetch into the cache. `external` is only used when it is named.
   */
  source?: EtcdSource | 'auto';
  /** Additional flags for each etcd, which override the default flags: `['--auth-token-ttl', '3']`. Not for `external`. */
  args?: readonly string[];
  /**
   * The exact release, such as `3.5.25`. A binary of another version is skipped. Default: a binary of any version, and
   * {@link DEFAULT_ETCD_VERSION} for Docker and for fetch, which uses the distribution's version if it cannot download
   * that one.
   */
  version?: string;
  /** Docker image; `ETCD_TEST_IMAGE`. Default `quay.io/coreos/etcd:v<version>`. */
  image?: string;
  /** The maximum time of one start until `/health` answers, in milliseconds. Default 30,000; fetching is not included. */
  startTimeoutMs?: number;
  /** Aborts the start: what was started is removed, and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Receives one line per step of a fetch or an image pull. Default: those lines go to stderr. */
  onProgress?: (line: string) => void;
  /**
   * TLS between client and etcd, and between the members of a cluster, with certificates that are created in memory and
   * valid for a day; the handle's `clientOptions` contain them. Their names are `localhost` and the addresses of loopback;
   * with Docker also the engine's host. `{}` turns it on. Default: plaintext. Not for `external`.
   */
  tls?: EtcdTlsOptions;
  /**
   * Users and roles, for etcd's authentication; the handle's `clientOptions` are root's, and `clientOptionsOf(user)` those
   * of another user. Passwords are hashed with the lowest cost, which `args: ['--bcrypt-cost', '10']` changes. Default: no
   * authentication. Not for `external`.
   */
  auth?: EtcdAuthOptions;
  /** `host:port` of each member of an external etcd; `ETCD_TEST_ENDPOINTS`, comma separated. Required for `external`. */
  endpoints?: readonly string[];
}

const releasePattern = /^v?\d+\.\d+\.\d+([-+][\w.+-]+)?$/;

/** A release: its name is a part of URLs and of paths in the cache. */
const release: Check = (value, name) => {
  text(value, name);
  if (!releasePattern.test(value as string)) throw wrongValueError(name, value, "a release such as '3.5.25'");
};

/** The options of everything that finds or starts an etcd. */
export const locateChecks = { version: release, signal, onProgress: callback };

export const startChecks = {
  source: oneOf(...SOURCES),
  args: listOf(text),
  image: text,
  startTimeoutMs: duration({ min: 1 }),
  tls: tlsCheck,
  auth: authCheck,
  endpoints: listOf(text),
  ...locateChecks,
};

export const checkStart = optionsChecker<StartEtcdOptions>(startChecks);

/** {@link StartEtcdOptions} with the environment and the defaults applied. */
export interface Settings {
  readonly source: EtcdSource | 'auto';
  readonly args: readonly string[];
  readonly version: string | undefined;
  readonly image: string;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly progress: Reporter;
  readonly security: Security;
  readonly endpoints: readonly string[];
}

/**
 * Applies the environment and the defaults to checked options. The settings are copies: what the caller changes after the
 * start began has no effect.
 * @throws {InvalidInputError} for an unknown source in the environment.
 */
export function resolveSettings(options: StartEtcdOptions = noOptions): Settings {
  const version = options.version?.replace(/^v/, '');
  return {
    source: options.source ?? sourceFromEnv() ?? 'auto',
    args: [...(options.args ?? [])],
    version,
    image:
      options.image ??
      fromEnv('ETCD_TEST_IMAGE') ??
      `quay.io/coreos/etcd:v${version ?? DEFAULT_ETCD_VERSION}`,
    startTimeoutMs: options.startTimeoutMs ?? 30_000,
    signal: options.signal,
    progress: options.onProgress ? lineReporter(options.onProgress) : new StderrReporter(),
    security: new Security(options.tls, options.auth),
    endpoints: [
      ...(options.endpoints ?? fromEnv('ETCD_TEST_ENDPOINTS')?.split(',').filter(isNotBlank) ?? []),
    ],
  };
}

/** An environment variable. An empty value counts as unset, because some CI systems cannot unset a variable. */
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
