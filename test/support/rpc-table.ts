import { pageText } from './pages.js';

/** A row of the table of RPCs in docs/etcd-api.md. */
export interface RpcRow {
  /** `KV/Range`. */
  readonly rpc: string;
  /** The second cell, as it is written. */
  readonly method: string;
  /** Whether the releases have the RPC, by their minor version. */
  readonly releases: ReadonlyMap<string, boolean>;
}

const minors = ['3.4', '3.5', '3.6', '3.7'];

export function rpcRows(): RpcRow[] {
  const rows = pageText('docs/etcd-api.md').matchAll(
    /^\| `(\w+\/\w+)` \| (.+?) \| ((?:(?:yes|no) \| ){4})/gm,
  );
  return [...rows].map(([, rpc = '', method = '', cells = '']) => {
    const values = cells.split(' | ').map((cell) => cell === 'yes');
    return { rpc, method, releases: new Map(minors.map((minor, i) => [minor, values[i] === true])) };
  });
}
