import type { EtcdClient } from '../../index.js';
import { codecFrom } from '../args/codec.js';
import type { Invocation } from '../command.js';
import { createCatalog } from './catalog/index.js';
import { ApiError, type Backend } from './ports.js';
import type { Settings } from './protocol/index.js';
import type { UiOptions } from './ui-options.js';

export interface OpenBackend {
  readonly backend: Backend;
  readonly client: EtcdClient;
  /** Ends the watches. The client stays open. */
  close(): void;
}

/** Creates what the server shows, from the flags of the command. */
export async function createBackend(
  invocation: Invocation,
  { readOnly }: UiOptions,
  version: string,
): Promise<OpenBackend> {
  const { options, endpoints } = invocation;
  const codec = (await codecFrom(options))?.codec;
  const settings: Settings = {
    prefix: options.text('prefix') ?? codec?.root ?? '',
    codec: codec?.name,
    readOnly,
    canDrain: true,
    canWeigh: true,
    version,
    endpoints,
  };
  const client = invocation.createClient();
  const catalog = createCatalog(client, { prefix: settings.prefix, codec });
  return { backend: { ...missing, settings, catalog }, client, close: () => void catalog.close() };
}

const fail = () => Promise.reject(new ApiError('unavailable', 'not available yet'));
const missing = { record: fail, leases: fail, members: fail, preview: fail, perform: fail };
