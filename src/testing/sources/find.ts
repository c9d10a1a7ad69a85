import { EtcdStartError, reasonOf } from '../errors.js';
import type { EtcdRuntime } from '../etcd-node.js';
import type { EtcdSource, Settings } from '../options.js';
import { openBinary } from './binary.js';
import { openDocker } from './docker.js';
import { openFetch } from './fetch.js';

/** A source that may not be available: returns `undefined` after adding the reason to `tried`, one line per attempt. */
export type Opener = (settings: Settings, tried: string[]) => Promise<EtcdRuntime | undefined>;

type LocalSource = Exclude<EtcdSource, 'external'>;

const OPENERS: Readonly<Record<LocalSource, Opener>> = {
  binary: openBinary,
  docker: openDocker,
  fetch: openFetch,
};

/** The cheapest source first. `external` is not in the list: it is only used when it is named. */
const AUTOMATIC: readonly LocalSource[] = ['binary', 'docker', 'fetch'];

const ADVICE: Readonly<Record<LocalSource, string>> = {
  binary: 'put etcd on PATH, or set ETCD_BIN to the path of one',
  docker: 'start a Docker engine and install the package testcontainers; ETCD_TEST_IMAGE names another image',
  fetch: 'set ETCD_RELEASE_URL to a mirror of the releases of etcd, over https',
};

/** Finds a way to run etcd. Throws `EtcdStartError` with everything that was tried. */
export async function findRuntime(settings: Settings): Promise<EtcdRuntime> {
  const sources = settings.source === 'auto' ? AUTOMATIC : [settings.source as LocalSource];
  const tried: string[] = [];
  for (const source of sources) {
    const runtime = await open(source, settings, tried);
    if (runtime) return runtime;
  }
  throw new EtcdStartError(describeFailure(sources, tried), { tried });
}

async function open(
  source: LocalSource,
  settings: Settings,
  tried: string[],
): Promise<EtcdRuntime | undefined> {
  try {
    return await OPENERS[source](settings, tried);
  } catch (error) {
    settings.signal?.throwIfAborted();
    if (error instanceof EtcdStartError) throw error;
    tried.push(`${source}: ${reasonOf(error)}`);
    return undefined;
  }
}

function describeFailure(sources: readonly LocalSource[], tried: readonly string[]): string {
  const advice = sources.map((source) => ADVICE[source]);
  const external = 'or name a running etcd: ETCD_TEST_SOURCE=external with ETCD_TEST_ENDPOINTS=host:port';
  const list = (lines: readonly string[]) =>
    lines.map((line) => `  - ${line.split('\n').join('\n    ')}`).join('\n');
  return `no etcd to run the tests with. Tried:\n${list(tried)}\nWhat to do, one of:\n${list([...advice, external])}`;
}
