import type { EtcdClient } from '../../index.js';
import { codecFrom } from '../args/codec.js';
import type { Invocation } from '../command.js';
import { canSetWeight } from '../data/endpoint-weight.js';
import { RecordActions } from './actions/index.js';
import { createCatalog, rowMaker } from './catalog/index.js';
import { ClusterState } from './cluster/index.js';
import type { Backend } from './ports.js';
import type { Settings } from './protocol/index.js';
import type { UiOptions } from './ui-options.js';

/** A backend that follows etcd until it is closed. */
export interface RunningBackend extends Backend {
  /** Ends the watches. The client stays open. */
  close(): Promise<void>;
}

/** What the flags of the command select. */
export interface Selection extends Pick<UiOptions, 'readOnly'> {
  readonly prefix: string;
  readonly codec: Awaited<ReturnType<typeof codecFrom>>;
}

/** Reads the flags that select what is shown. @throws {CliError} for wrong usage. */
export async function selectionFrom({ options }: Invocation, { readOnly }: UiOptions): Promise<Selection> {
  const codec = await codecFrom(options);
  return { prefix: options.text('prefix') ?? codec?.codec.root ?? '', codec, readOnly };
}

/** Starts what the server shows. */
export function startBackend(
  client: EtcdClient,
  { prefix, codec: selected, readOnly }: Selection,
  about: Pick<Settings, 'version' | 'endpoints'>,
): RunningBackend {
  const codec = selected?.codec;
  const catalog = createCatalog(client, { prefix, codec });
  const actions = new RecordActions({
    client,
    prefix,
    codec: selected,
    catalog,
    toRow: rowMaker(codec, catalog),
  });
  const cluster = new ClusterState({ client, endpoints: about.endpoints });
  const settings: Settings = {
    prefix,
    codec: codec?.name,
    readOnly,
    canDrain: codec?.canDrain ?? true,
    canSetWeight: canSetWeight(codec),
    ...about,
  };
  return {
    settings,
    catalog,
    record: (request, signal) => actions.record(request, signal),
    preview: (request, signal) => actions.preview(request, signal),
    perform: (request, signal) => actions.perform(request, signal),
    leases: (request, signal) => cluster.leases(request, signal),
    members: (signal) => cluster.members(signal),
    close: () => catalog.close(),
  };
}
