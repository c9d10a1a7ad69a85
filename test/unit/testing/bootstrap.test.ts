import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBootstrapIncomplete } from '#src/testing/process/bootstrap.js';

/** The start of the log of an etcd 3.4.23 that was killed before its first entry: a checksum, the ids, and no snapshot. */
const header = Buffer.from(
  '0400000000000084080410000000000' +
    '01e00000000000082080110ffdbddd1081a1408bdb0cee9f6e4a0b63110e3e3c684b5a3c0bf720000' +
    '0e000000000000820805108894f6f9051a0408001000000000000000',
  'hex',
);
/** An entry, which is a record of type 2. */
const entry = Buffer.from('0600000000000082080210001a000000', 'hex');
/** The vote and the term, which are a record of type 3. */
const state = Buffer.from('0600000000000082080310001a000000', 'hex');
const zeros = Buffer.alloc(10_000);

describe('the write-ahead log of an etcd', () => {
  let folder: string;
  const write = (name: string, ...parts: Buffer[]) =>
    writeFileSync(join(folder, 'member', 'wal', name), Buffer.concat(parts));
  const first = '0000000000000000-0000000000000000.wal';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'etcd-naming-bootstrap-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is incomplete with the records of its header alone', () => {
    mkdirSync(join(folder, 'member', 'wal'), { recursive: true });
    write(first, header, zeros);
    write('0.tmp', zeros);
    assert.equal(isBootstrapIncomplete(folder), true);
  });

  it('is complete with an entry or with a state, and without data', () => {
    assert.equal(isBootstrapIncomplete(folder), false);
    mkdirSync(join(folder, 'member', 'wal'), { recursive: true });
    assert.equal(isBootstrapIncomplete(folder), false);
    for (const record of [entry, state]) {
      write(first, header, record, zeros);
      assert.equal(isBootstrapIncomplete(folder), false);
    }
    write(first, header, zeros);
    write('0000000000000001-0000000000000005.wal', header, zeros);
    assert.equal(isBootstrapIncomplete(folder), false);
  });

  it('is taken for complete when it is not understood or too short', () => {
    mkdirSync(join(folder, 'member', 'wal'), { recursive: true });
    for (const bytes of [Buffer.alloc(0), header.subarray(0, 20), Buffer.alloc(10_000, 0xff)]) {
      write(first, bytes);
      assert.equal(isBootstrapIncomplete(folder), false);
    }
  });
});
