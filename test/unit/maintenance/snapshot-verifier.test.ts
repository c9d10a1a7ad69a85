import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Code, EtcdError } from '#src/errors/index.js';
import { SnapshotVerifier } from '#src/maintenance/snapshot-verifier.js';

interface Part {
  blob: Buffer;
  remainingBytes: bigint;
  version: string;
}

/** The parts of a snapshot as etcd sends them, cut at the given places. */
function partsOf(database: Buffer, cuts: readonly number[], withDigest = true): Part[] {
  const ends = [...new Set([...cuts.map((cut) => cut % (database.length + 1)), database.length])]
    .filter((end) => end > 0)
    .sort((a, b) => a - b);
  const parts = ends.map((end, i) => ({
    blob: database.subarray(ends[i - 1] ?? 0, end),
    remainingBytes: BigInt(database.length - end),
    version: '3.6.0',
  }));
  const blob = createHash('sha256').update(database).digest();
  return withDigest ? [...parts, { blob, remainingBytes: 0n, version: '3.6.0' }] : parts;
}

function verify(parts: readonly Part[]): SnapshotVerifier {
  const verifier = new SnapshotVerifier();
  for (const part of parts) verifier.add(part);
  return verifier;
}

const database = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const cuts = fc.array(fc.nat(), { maxLength: 5 });

function isDamaged(error: unknown): boolean {
  return error instanceof EtcdError && error.code === Code.DATA_LOSS && /is damaged: /.test(error.message);
}

/** Whether the parts are refused or are not a whole snapshot. */
function isRefused(parts: readonly Part[]): boolean {
  try {
    return !verify(parts).isComplete;
  } catch (error) {
    return isDamaged(error);
  }
}

describe('the verifier of a snapshot', () => {
  it('accepts each snapshot, in any parts, and is complete only after the checksum', () => {
    fc.assert(
      fc.property(database, cuts, (bytes, at) => {
        const verifier = new SnapshotVerifier();
        for (const part of partsOf(bytes, at)) {
          assert.equal(verifier.isComplete, false);
          verifier.add(part);
          assert.equal(verifier.totalBytes, bytes.length + 32);
        }
        assert.equal(verifier.isComplete, true);
        assert.equal(verifier.receivedBytes, bytes.length + 32);
        assert.equal(verifier.version, '3.6.0');
      }),
    );
  });

  it('accepts a checksum in the part of the last bytes', () => {
    const parts = partsOf(Buffer.from('0123456789'), [4]);
    const [first, second, digest] = parts as [Part, Part, Part];
    assert.ok(verify([first, { ...second, blob: Buffer.concat([second.blob, digest.blob]) }]).isComplete);
  });

  it('refuses a changed byte, a lost part, a part that came twice, and bytes after the checksum', () => {
    fc.assert(
      fc.property(database, cuts, fc.nat(), (bytes, at, where) => {
        const parts = partsOf(bytes, at);
        const index = where % parts.length;
        const part = parts[index]!;
        const changed = Buffer.from(part.blob);
        changed[where % changed.length]! ^= 1;
        const altered = parts.with(index, { ...part, blob: changed });
        assert.throws(() => verify(altered), isDamaged, 'a changed byte');
        if (index > 0 && index < parts.length - 1)
          assert.ok(isRefused(parts.toSpliced(index, 1)), 'a lost part');
        assert.throws(() => verify(parts.toSpliced(index, 0, part)), isDamaged, 'a part that came twice');
        const more = { blob: Buffer.of(1), remainingBytes: 0n, version: '' };
        assert.throws(() => verify([...parts, more]), isDamaged, 'more bytes');
      }),
    );
  });

  it('refuses a size that does not agree with the parts', () => {
    const [first, ...rest] = partsOf(Buffer.from('0123456789'), [4]) as [Part, ...Part[]];
    for (const remainingBytes of [5n, 7n])
      assert.throws(() => verify([{ ...first, remainingBytes }, ...rest]), isDamaged);
  });
});
