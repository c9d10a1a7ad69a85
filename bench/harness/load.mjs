// What fills the store and writes to it, outside the contestants. The peers are loaded when they are used: rows import
// this before the peers are installed.
import { reply, start } from './processes.mjs';

const value = Buffer.alloc(256, 'v');

export function put(key, bytes = value) {
  return { request_put: { key: Buffer.from(key), value: bytes } };
}

/** Sends transactions of `perTxn` operations one after the other. Resolves to the revision of the first. */
export async function sendAll(address, operations, perTxn = 100) {
  const { ask, stubs } = await import('../contestants/raw.mjs');
  const { KV } = stubs(address);
  let firstRevision;
  for (let i = 0; i < operations.length; i += perTxn) {
    const { header } = await ask(KV, 'Txn', { success: operations.slice(i, i + perTxn) });
    firstRevision ??= header.revision;
  }
  KV.close();
  return { firstRevision };
}

/** Puts `count` keys of 16 bytes or little more, in transactions of `perTxn`. */
export function putAll(address, prefix, count, perTxn) {
  const operations = Array.from({ length: count }, (_, i) => put(keyOf(prefix, i)));
  return sendAll(address, operations, perTxn);
}

export function keyOf(prefix, i) {
  return `${prefix}${String(i).padStart(16 - prefix.length, '0')}`;
}

/** A process that writes on demand, so that only the contestant's own work counts as its CPU. */
export async function prepareWriter({ core, ...task }) {
  const child = start('writer.mjs', { core, task });
  await reply(child);
  return {
    /** Starts writing; does not wait. */
    write: (txns) => child.send({ txns }),
    /** Changes records at a rate; resolves when done to the rate that was reached. */
    async change(changes) {
      child.send({ changes });
      return (await reply(child)).perSecond;
    },
    close: () => child.disconnect(),
  };
}
