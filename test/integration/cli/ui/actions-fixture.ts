import { loadFrameworks } from '#src/cli/args/codec.js';
import { type ActionOptions, RecordActions } from '#src/cli/ui/actions/index.js';
import { ApiError } from '#src/cli/ui/ports.js';
import type { ActionName, EndpointRow, ErrorCode } from '#src/cli/ui/protocol/index.js';
import { EtcdClient } from '#src/client/index.js';
import { useEtcd } from '../../../support/etcd.js';
import { rowOfRecord } from '../../../support/ui-rows.js';

/** The actions of the page below one prefix of an etcd. Registers mocha hooks. */
export function useActions() {
  const etcd = useEtcd();
  let round = 0;
  const fixture = {} as {
    client: EtcdClient;
    prefix: string;
    /** The rows that the catalog has. */
    rows: EndpointRow[];
    actions: RecordActions;
  };

  beforeEach('creates actions below a prefix of their own', () => {
    const client = new EtcdClient({ endpoints: etcd().endpoints });
    const prefix = `${etcd().prefix}ui-actions-${++round}/`;
    Object.assign(fixture, { client, prefix, rows: [] });
    fixture.actions = new RecordActions(optionsOf(client, prefix, fixture.rows));
  });

  afterEach(() => fixture.client.close());

  return { etcd, fixture };
}

export function optionsOf(
  client: ActionOptions['client'],
  prefix: string,
  rows: readonly EndpointRow[] = [],
): ActionOptions {
  const snapshot = () => ({ revision: '1', rows, size: rows.length, queues: [] });
  return { client, prefix, codec: undefined, catalog: { snapshot }, toRow: rowOfRecord };
}

/** The actions for the records of a framework below a namespace. */
export async function frameworkActions(
  client: EtcdClient,
  name: 'kratos' | 'kitex' | 'go-zero',
  root: object,
  prefix: string,
): Promise<RecordActions> {
  const codec = (await loadFrameworks())[name].create(root);
  const options = optionsOf(client, prefix);
  return new RecordActions({ ...options, codec: { codec, args: ` --codec ${name}` } });
}

/** Never aborts. */
export const { signal } = new AbortController();

/** A request for the present version of a record. */
export async function requestFor(
  client: EtcdClient,
  action: ActionName,
  key: string,
  weight?: number,
): Promise<{ action: ActionName; key: string; modRevision: string; weight?: number }> {
  const { kv } = await client.kv.get(key);
  const request = { action, key, modRevision: String(kv?.modRevision ?? 1n) };
  return weight === undefined ? request : { ...request, weight };
}

/** What `assert.rejects` accepts for an {@link ApiError} with a code, and a text that matches. */
export function apiError(code: ErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof ApiError && error.code === code && text.test(error.message)) return true;
    throw error;
  };
}

/** The {@link ApiError} with which a request fails. */
export async function failureOf(request: Promise<unknown>): Promise<ApiError> {
  try {
    await request;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('the request did not fail');
}
