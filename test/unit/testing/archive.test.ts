import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { readTarGz, readZip } from '#src/testing/archive.js';

/** A zip archive in memory, its sizes only in the directory, as tools that write to a pipe leave them. */
function zip(files: Readonly<Record<string, string>>, method: 0 | 8): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.write('PK\x03\x04', 0, 'latin1');
    local.writeUInt16LE(name.length, 26);
    const line = Buffer.alloc(46);
    line.write('PK\x01\x02', 0, 'latin1');
    line.writeUInt16LE(method, 10);
    line.writeUInt32LE(data.length, 20);
    line.writeUInt16LE(name.length, 28);
    line.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), data);
    directory.push(line, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

describe('reading release archives', () => {
  for (const method of [0, 8] as const) {
    it(`takes the wanted files out of a zip of method ${method}`, async () => {
      const archive = zip(
        { 'etcd-v1/README': 'no', 'etcd-v1/etcd': 'server '.repeat(99), 'etcd-v1/etcdctl': '' },
        method,
      );
      const files = await readZip(archive, ['etcd', 'etcdctl']);
      assert.deepEqual([...files.keys()], ['etcd', 'etcdctl']);
      assert.equal(String(files.get('etcd')), 'server '.repeat(99));
      assert.equal(String(files.get('etcdctl')), '');
    });
  }

  it('refuses what is no archive', async () => {
    await assert.rejects(readZip(Buffer.from('hello'), ['etcd']), /not a zip archive/);
    await assert.rejects(readTarGz(Buffer.from('hello'), ['etcd']), /incorrect header/);
  });
});
