import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { CommandRunner, type Environment } from '../cli/support.js';
import { useShop } from './shop.js';

/** A mistake at the command line, and the text on stderr. */
type Row = readonly [mistake: string, args: readonly string[], text: RegExp, env?: Environment];

describe('the command’s error text names the remedy:', () => {
  const { etcd, auth } = useShop();
  const commands = new CommandRunner(() => ({
    ETCDCTL_ENDPOINTS: etcd().endpoints.join(','),
    ETCDCTL_USER: auth.username,
    ETCDCTL_PASSWORD: auth.password,
  }));
  const plain = { ETCDCTL_ENDPOINTS: 'http://127.0.0.1:1' };

  const rows: readonly Row[] = [
    ['a misspelt command', ['lz'], /^etcd-naming: unknown command 'lz'; did you mean 'ls'\?\n/],
    ['a misspelt flag', ['ls', '--jsno'], /^etcd-naming: unknown option '--jsno'; did you mean '--json'\?\n/],
    [
      'ls as a restricted user',
      ['ls'],
      /PERMISSION_DENIED: user 'shop' may not read all keys \(Range(Stream)?\).*; narrow it with --prefix to what the user may read, or name a target/,
    ],
    [
      'doctor of port 70000',
      ['doctor', 'svc', '--endpoints', '127.0.0.1:70000'],
      /endpoint '127\.0\.0\.1:70000' is not of the form .*: port 70000 is over 65535\n/,
    ],
    [
      'a flag that requires TLS with http://',
      ['ls', '--cacert', '/ca.pem'],
      /TLS is requested by --cacert, but the endpoints use http:\/\/: write https:\/\/, or omit --cacert/,
      plain,
    ],
    [
      'an environment variable that requires TLS with http://',
      ['ls'],
      /TLS is requested by ETCDCTL_CACERT, but the endpoints use http:\/\/: write https:\/\/, or omit ETCDCTL_CACERT/,
      { ...plain, ETCDCTL_CACERT: '/ca.pem' },
    ],
  ];

  for (const [mistake, args, text, env = {}] of rows) {
    it(`${mistake}: ${text.source}`, async () => {
      const { code, stdout, stderr } = await commands.runWith(env, ...args);
      assert.match(stderr, text);
      if (args[0] !== 'doctor') assert.equal(stdout, '');
      assert.ok(code !== 0);
    });
  }

  it('doctor suggests the target for a URL, and reports a record without an address', async () => {
    const url = await commands.run('doctor', 'http://shop/x');
    assert.match(url.stdout, /\n +\d\. name: the target would be 'shop\/x'\n/);
    assert.match(url.stdout, /\nwarning {2}name +'http:\/\/shop\/x' is a URL\n/);
    const client = new EtcdClient({ endpoints: etcd().endpoints, auth });
    try {
      await client.kv.put('shop/y/d', '{"Op":0,"Addr":"","Metadata":null}');
    } finally {
      await client.close();
    }
    assert.match((await commands.run('doctor', 'shop/y')).stdout, /'d' \(no Addr\)/);
  });

  it('-v prints the version', async () => {
    assert.match((await commands.run('-v')).stdout, /^\d+\.\d+\.\d+\n$/);
  });
});
