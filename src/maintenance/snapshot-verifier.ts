import { createHash } from 'node:crypto';
import { Code, EtcdError } from '../errors/index.js';
import type { SnapshotResponse } from '../wire/index.js';

const digestBytes = 32;

/**
 * Verifies a snapshot while it arrives. etcd sends the database in parts, each with the number of bytes that follow, and
 * at the end the SHA-256 of them all, which is a part of the file but not of that number.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/etcdserver/api/v3rpc/maintenance.go, `Snapshot`
 */
export class SnapshotVerifier {
  readonly #hash = createHash('sha256');
  #databaseBytes: number | undefined;
  #receivedBytes = 0;
  #digest = Buffer.alloc(0);
  #version: string | undefined;

  get totalBytes(): number | undefined {
    return this.#databaseBytes === undefined ? undefined : this.#databaseBytes + digestBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get version(): string | undefined {
    return this.#version;
  }

  /** Whether the whole snapshot has arrived, with the right checksum. */
  get isComplete(): boolean {
    return this.#receivedBytes === this.totalBytes;
  }

  /** @throws {EtcdError} with code DATA_LOSS if the sizes do not agree or the checksum is wrong. */
  add({
    blob,
    remainingBytes,
    version,
  }: Pick<SnapshotResponse, 'blob' | 'remainingBytes' | 'version'>): void {
    this.#databaseBytes ??= blob.length + Number(remainingBytes);
    this.#version ??= version || undefined;
    const data = blob.subarray(0, Math.max(0, this.#databaseBytes - this.#receivedBytes));
    this.#receivedBytes += blob.length;
    const remaining = Math.max(0, this.#databaseBytes - this.#receivedBytes);
    if (Number(remainingBytes) !== remaining)
      throw damaged(`${remainingBytes} bytes are announced instead of ${remaining}`);
    this.#digest = Buffer.concat([this.#digest, blob.subarray(data.length)]);
    if (this.#digest.length > digestBytes) throw damaged('it is longer than announced');
    if (data.length > 0) this.#hash.update(data);
    if (this.#digest.length === digestBytes && !this.#hash.digest().equals(this.#digest))
      throw damaged('its checksum is wrong');
  }
}

function damaged(why: string): EtcdError {
  return new EtcdError(`the snapshot is damaged: ${why}`, { code: Code.DATA_LOSS });
}
