import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readTarGz, readZip } from '#src/testing/archive/index.js';
import { type TarEntry, tar, tarGz, type ZipEntry, zip } from '../../support/archives.js';

const wanted = ['etcd', 'etcdctl'];
const readme = { name: 'etcd-v1/README.md', content: 'x'.repeat(700) };
const etcd = { name: 'etcd-v1/etcd', content: 'server '.repeat(99) };
const etcdctl = { name: 'etcd-v1/etcdctl', content: '' };

function assertBoth(files: ReadonlyMap<string, Buffer>): void {
  assert.deepEqual([...files.keys()], wanted);
  assert.equal(String(files.get('etcd')), etcd.content);
  assert.equal(String(files.get('etcdctl')), '');
}

/** Names that lead out of an archive's folder, or that name another file on some system. */
const strayNames = [
  '../etcd',
  '/bin/etcd',
  'etcd-v1/../../etcd',
  '..\\etcd',
  'C:\\etcd',
  'a/..',
  'etcd-v1\\etcd',
];

describe('a release’s tar.gz', () => {
  const reading = (...entries: TarEntry[]) => readTarGz(tarGz(entries), wanted);

  it('contains its wanted files', async () => {
    assertBoth(await reading({ name: 'etcd-v1/', type: '5' }, readme, etcd, etcdctl));
  });

  for (const size of ['-0001000', '-1', '+1', '0x10', '1e3', '8', '12 34', 'x', '7777777777777777']) {
    it(`is rejected with an entry of size '${size}'`, async () => {
      await assert.rejects(reading({ ...readme, size: size.slice(0, 12) }, etcd), /size|truncated/);
    });
  }

  it('is rejected with a size in base 256, which only files beyond 8 GiB have', async () => {
    const size = Buffer.alloc(12, 0xff); // -1, which would make this entry its own successor
    await assert.rejects(reading({ ...readme, size }, etcd), /size/);
    await assert.rejects(reading({ ...readme, size: Buffer.from([0x80, ...Buffer.alloc(11)]) }), /size/);
  });

  it('may have a size with spaces, and an empty one as 0', async () => {
    assertBoth(
      await reading({ ...etcd, size: ` ${etcd.content.length.toString(8)} ` }, { ...etcdctl, size: '' }),
    );
  });

  it('is rejected wherever it is truncated', async () => {
    const whole = tar([readme, etcd, etcdctl]);
    for (let length = 0; length < whole.length - 512; length += 256) {
      const cut = gzipSync(whole.subarray(0, length));
      await assert.rejects(readTarGz(cut, wanted), /truncated/, `${length} bytes of ${whole.length}`);
    }
    const packed = gzipSync(whole);
    await assert.rejects(readTarGz(packed.subarray(0, packed.length - 9), wanted), /unexpected end of file/);
  });

  it('is rejected when the checksum of a header is wrong', async () => {
    await assert.rejects(reading({ ...etcd, hasValidChecksum: false }), /checksum/);
  });

  for (const name of strayNames) {
    it(`is rejected with an entry named ${name}`, async () => {
      await assert.rejects(reading(etcd, { name }), /leaves the archive's folder/);
    });
  }

  it('is rejected with two entries of one wanted file', async () => {
    await assert.rejects(reading(etcd, { ...etcd, content: 'another' }), /two files named etcd/);
  });

  it('ignores links, devices and folders, whatever their size field says', async () => {
    for (const type of ['1', '2', '3', '4', '5', '6']) {
      const files = await reading({ name: 'etcd-v1/etcd', type, size: '00000001000\0' }, etcdctl);
      assert.deepEqual([...files.keys()], ['etcdctl'], `type ${type}`);
    }
  });

  it('may have a name in two parts, and ignores an entry that another header renames', async () => {
    assert.deepEqual([...(await reading({ ...etcd, name: 'etcd', prefix: 'etcd-v1' })).keys()], ['etcd']);
    const longName = { name: '././@LongLink', type: 'L', content: 'a/'.repeat(60) };
    assert.deepEqual([...(await reading(longName, etcd, etcdctl)).keys()], ['etcdctl']);
    const times = { name: 'PaxHeaders/etcd', type: 'x', content: '22 mtime=1700000000.5\n' };
    assertBoth(await reading({ ...times, type: 'g' }, times, etcd, etcdctl));
    const path = { ...times, content: '21 path=another/etcd\n' };
    assert.deepEqual([...(await reading(path, etcd, etcdctl)).keys()], ['etcdctl']);
    const size = { ...times, content: '14 size=00001\n' };
    for (const header of [size, { ...size, type: 'g' }, { ...path, type: 'g' }])
      await assert.rejects(reading(header, etcd), /not supported/);
  });
});

describe('a release’s zip', () => {
  const reading = (...entries: ZipEntry[]) => readZip(zip(entries), wanted);

  for (const method of [0, 8]) {
    it(`with method ${method} contains its wanted files`, async () => {
      assertBoth(await reading(...[readme, etcd, etcdctl].map((entry) => ({ ...entry, method }))));
    });
  }

  for (const name of strayNames) {
    it(`is rejected with an entry named ${name}`, async () => {
      await assert.rejects(reading(etcd, { name }), /leaves the archive's folder/);
    });
  }

  it('ignores links and folders', async () => {
    const link = { ...etcd, mode: 0o120777 };
    assert.deepEqual([...(await reading({ name: 'etcd-v1/' }, link, etcdctl)).keys()], ['etcdctl']);
  });

  it('is rejected when an entry is encrypted, compressed otherwise, damaged, or repeated', async () => {
    await assert.rejects(reading({ ...etcd, flags: 1 }), /encrypted/);
    await assert.rejects(reading({ ...etcd, method: 12 }), /compression 12/);
    await assert.rejects(reading({ ...etcd, crc: 1 }), /damaged/);
    await assert.rejects(reading({ ...etcd, size: 1 }), /damaged/);
    await assert.rejects(reading({ ...etcd, size: 0xffffffff }), /larger than 4 GiB/);
    await assert.rejects(reading(etcd, etcd), /two files named etcd/);
  });

  it('is rejected wherever it is truncated, at either end', async () => {
    const whole = zip([readme, etcd, etcdctl]);
    for (let length = 0; length < whole.length; length++) {
      await assert.rejects(
        readZip(whole.subarray(0, length), wanted),
        /zip archive/,
        `first ${length} bytes`,
      );
    }
    for (let start = 1; start < whole.length; start += 7) {
      await assert.rejects(readZip(whole.subarray(start), wanted), /zip archive/, `without ${start} bytes`);
    }
  });
});

describe('a file that is not an archive', () => {
  it('is rejected', async () => {
    await assert.rejects(readZip(Buffer.from('hello'), wanted), /not a zip archive/);
    await assert.rejects(readTarGz(Buffer.from('hello'), wanted), /incorrect header/);
  });

  /** Any bytes at the positions of numbers, names and signatures. */
  const damage = fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { minLength: 1, maxLength: 12 });
  const damaged = (bytes: Buffer, places: [number, number][]) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of places) copy[at % copy.length] = byte;
    return copy;
  };
  const formats: Readonly<Record<string, (places: [number, number][]) => Promise<unknown>>> = {
    tar: (places) => readTarGz(gzipSync(damaged(tar([readme, etcd, etcdctl]), places)), wanted),
    zip: (places) => readZip(damaged(zip([readme, etcd, etcdctl]), places), wanted),
  };
  for (const [format, read] of Object.entries(formats)) {
    it(`or a damaged ${format} gives files or an Error, whatever its bytes are`, async () => {
      await fc.assert(
        fc.asyncProperty(damage, async (places) => {
          await read(places).catch((error: unknown) => {
            assert.ok(error instanceof Error && !(error instanceof RangeError), String(error));
            assert.ok(!(error instanceof TypeError), String(error));
          });
        }),
        { numRuns: 300 },
      );
    });
  }
});
