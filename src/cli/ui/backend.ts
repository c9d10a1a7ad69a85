import type { EtcdClient } from '../../index.js';
import { codecFrom } from '../args/codec.js';
import type { Invocation } from '../command.js';
import { canWeigh } from '../data/weighing.js';
import { RecordActions } from './actions/index.js';
import { createCatalog, rowMaker } from './catalog/index.js';
import { ClusterState } from './cluster/index.js';
import type { Backend, Catalog } from './ports.js';
import type { Settings } from './protocol/index.js';
import type { UiOptions } from './ui-options.js';

export interface OpenBackend {
  readonly backend: Backend;
  readonly client: EtcdClient;
  /** Ends the watches. The client stays open. */
  close(): Promise<void>;
}

/** Creates what the server shows, from the flags of the command. */
export async function createBackend(
  invocation: Invocation,
  { readOnly }: UiOptions,
  version: string,
): Promise<OpenBackend> {
  const { options, endpoints } = invocation;
  const selected = await codecFrom(options);
  const codec = selected?.codec;
  const prefix = options.text('prefix') ?? codec?.root ?? '';
  const settings: Settings = {
    ...{ prefix, codec: codec?.name, readOnly, version, endpoints },
    canDrain: codec?.canDrain ?? true,
    canWeigh: canWeigh(codec),
  };
  const client = invocation.createClient();
  const catalog = createCatalog(client, { prefix, codec });
  const toRow = rowMaker(codec, catalog);
  const actions = new RecordActions({ client, prefix, codec: selected, catalog, toRow });
  const cluster = new ClusterState({ client, endpoints });
  return { backend: toBackend(settings, catalog, actions, cluster), client, close: () => catalog.close() };
}

function toBackend(
  settings: Settings,
  catalog: Catalog,
  actions: RecordActions,
  cluster: ClusterState,
): Backend {
  return {
    settings,
    catalog,
    record: (request, signal) => actions.record(request, signal),
    preview: (request, signal) => actions.preview(request, signal),
    perform: (request, signal) => actions.perform(request, signal),
    leases: (request, signal) => cluster.leases(request, signal),
    members: (signal) => cluster.members(signal),
  };
}
