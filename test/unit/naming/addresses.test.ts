import assert from 'node:assert/strict';
import { addressProblem, type ParsedAddress, parseAddress } from '#src/naming/index.js';

function tcpOf(parsed: ParsedAddress) {
  return 'tcp' in parsed ? parsed.tcp : undefined;
}

describe('a stored address', () => {
  for (const [addr, host, port] of [
    ['10.0.0.7:50051', '10.0.0.7', 50051],
    ['localhost:1', 'localhost', 1],
    ['greeter.example.com:65535', 'greeter.example.com', 65535],
    ['greeter.example.com.:1', 'greeter.example.com.', 1],
    ['my_host-1:80', 'my_host-1', 80],
    ['host:00080', 'host', 80],
    ['1.2.3.4', '1.2.3.4', 443],
    ['greeter', 'greeter', 443],
    ['[2001:db8::1]:50051', '2001:db8::1', 50051],
    ['[::1]', '::1', 443],
    ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
    ['::1', '::1', 443],
    // Not ::1 with port 5005: as in Go, four digits are a part of the address.
    ['::1:5005', '::1:5005', 443],
    ['2001:db8::1', '2001:db8::1', 443],
    ['::ffff:10.0.0.7', '::ffff:10.0.0.7', 443],
    ['http://127.0.0.1:23790', '127.0.0.1', 23790],
    ['https://greeter:8443/', 'greeter', 8443],
    ['http://[::1]:80', '::1', 80],
    [':50051', 'localhost', 50051],
    ['b\u00fccher.example:1', 'b\u00fccher.example', 1],
    ['127.1:80', '127.1', 80],
  ] as const) {
    it(`is dialled: '${addr}' as ${host}, port ${port}`, () => {
      assert.deepEqual(tcpOf(parseAddress(addr)), { host, port });
    });
  }

  for (const [addr, problem] of [
    ['', 'it is empty'],
    [' ', 'it has a space'],
    ['::1:50051', "an IPv6 address with a port has brackets: write '[::1]:50051'"],
    ['host:', 'it has no port after its colon'],
    ['host:0', 'port 0 cannot be dialled'],
    ['host:70000', 'port 70000 is over 65535'],
    ['host:123456', 'port 123456 is over 65535'],
    ['host:-1', "port '-1' is not a number"],
    ['host:http', "port 'http' is not a number"],
    ['host:80:90', 'it has more than one colon, and is not an IPv6 address'],
    ['a:1,b:2', 'it is more than one address: write each on its own'],
    ['a,b:2', "it is more than one address, separated by ','"],
    ['ho st:80', 'it has a space'],
    ['ho\0st:80', 'it has the character U+0000'],
    ['ho\x1bst', 'it has the character U+001B'],
    ['ho\u202est:80', 'it has the character U+202E'],
    ['ho\u2066st:80', 'it has the character U+2066'],
    ['ho\u3164st:80', 'it has the character U+3164'],
    ['ho\u200dst:80', 'it has the character U+200D'],
    ['fe80::1%\0', 'it has the character U+0000'],
    ['[fe80::1%\u202e]:80', 'it has the character U+202E'],
    ['[fe80::1%a:b]:80', "'fe80::1%a:b' is not an IPv6 address"],
    ['host:80\n', 'it has the character U+000A'],
    ['user@host:80', "'user@host' is not a host name"],
    ['host/path:80', "'host/path' is not a host name"],
    ['host:80/path', "port '80/path' is not a number"],
    ['host?x:80', "'host?x' is not a host name"],
    ['ho!st:80', "its host has the character '!', which a host name cannot have"],
    ['a..b:80', "its host name 'a..b' has an empty part"],
    ['256.1.1.1:80', "'256.1.1.1' is not a host name"],
    ['1.2.3.4.:80', "'1.2.3.4.' is not an IPv4 address"],
    ['unix:a.sock', "a socket file's path is absolute: write unix:/path"],
    ['unix:', "a socket file's path is absolute: write unix:/path"],
    ['unix://host/a', "a socket file's address has no host: write unix:/path"],
    ['unix:/a\0b', 'its path has a zero byte'],
    ['unix:/a\ud800', 'its path has half a surrogate pair'],
    [`unix:/${'x'.repeat(107)}`, "its path is longer than the 107 bytes of a socket's address"],
    ['/run/a.sock', "a socket file's address is written 'unix:/run/a.sock'"],
    ['ftp://host:80', "its scheme 'ftp' is not supported: write host:port"],
    ['dns:///host:80', "its scheme 'dns' is not supported: write host:port"],
    ['http://http://host:80', "it is a URL with a path, '//host:80': write host:port"],
    ['http://host:80/x', "it is a URL with a path, '/x': write host:port"],
    ['http://host:80?x', "it is a URL with a path, '?x': write host:port"],
    ['http://u:p@host:80', "it has a user before the '@'"],
    ['http://', 'it has no host'],
    ['[::1', "its ']' is missing"],
    ['::1]:80', 'it has more than one colon, and is not an IPv6 address'],
    ['[::1]80', "behind its ']' no ':port' follows"],
    ['[host]:80', 'only an IPv6 address has brackets'],
    ['[]:80', 'only an IPv6 address has brackets'],
  ] as const) {
    it(`is skipped with the reason: ${JSON.stringify(addr)}`, () => {
      assert.deepEqual(parseAddress(addr), { problem });
      assert.equal(addressProblem(addr), problem);
    });
  }

  it('has one canonical name for all its spellings', () => {
    for (const [first, ...others] of [
      ['localhost:1', 'LOCALHOST:1', 'http://LocalHost:1/', 'localhost:01', ':1'],
      ['127.0.0.1:1', '127.1:1', '0x7f.1:1', '[::ffff:127.0.0.1]:1'],
      ['[2001:db8::1]:1', '[2001:DB8:0::1]:1'],
      ['[fe80::1%eth0]:1', '[FE80::1%eth0]:1'],
      ['xn--bcher-kva.example:1', 'b\u00fccher.example:1', 'B\u00dcCHER.example:1'],
      ['unix:/a', 'unix:///a'],
    ] as const) {
      const name = nameOf(first);
      assert.ok(name);
      for (const other of others) assert.equal(nameOf(other), name, other);
    }
  });

  // Short, because V8 uses the fast path only for flat strings.
  it('has the same result on every call, unlike URL.canParse() of Node 20', () => {
    const problems = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const parsed = parseAddress('CAF\u00e9:1');
      if ('problem' in parsed) problems.add(parsed.problem);
    }
    assert.deepEqual([...problems], []);
  });

  it('has a different canonical name from any other address', () => {
    const different = [
      ...['localhost:1', 'localhost:2', 'localhost.:1', '127.0.0.1:1', '127.0.0.2:1', '[::1]:1'],
      ...['[fe80::1%eth0]:1', '[fe80::1%eth1]:1', '[fe80::1]:1', 'unix:/a', 'unix:/A'],
    ];
    assert.equal(new Set(different.map(nameOf)).size, different.length);
  });

  function nameOf(addr: string): string | undefined {
    const parsed = parseAddress(addr);
    return 'problem' in parsed ? undefined : parsed.name;
  }
});

describe('an address to register', () => {
  for (const addr of [
    '10.0.0.7:1',
    '[::1]:1',
    'localhost:1',
    'a.b:1',
    'unix:/a',
    'unix:///a b',
    'unix:/caf\u00e9',
    '[fe80::1%e]:1',
    '223.255.255.255:1',
    '240.0.0.1:1',
    '[fec0::1]:1',
    '[fe8::1]:1',
    '[ff::1]:1',
    'a-b.c-d:1',
  ])
    it(`is accepted: ${addr}`, () => assert.equal(addressProblem(addr), undefined));

  for (const [addr, problem] of [
    [':50051', /^it has no host, .*advertiseAddress\(50051\)/],
    ['0.0.0.0:50051', /^it is each caller's own host: .*advertiseAddress\(50051\)/],
    ['[::ffff:0.0.0.0]:1', /^it is each caller's own host/],
    ['10.0.0.7', /^it has no port: .* write '10\.0\.0\.7:50051'/],
    ['::1', /^it has no port: .* write '\[::1\]:50051'/],
    ['127.1:1', /write '127\.0\.0\.1:1'/],
    ['b\u00fccher.example:1', /write 'xn--bcher-kva\.example:1'/],
    ['http://127.0.0.1:1', /^it is a URL, which Go does not dial: write '127\.0\.0\.1:1'/],
    ['HTTPS://Host:1/', /^it is a URL, which Go does not dial: write 'host:1'/],
    ['http://[::1]:1', /write '\[::1\]:1'/],
    ['https://h', /^it has no port/],
    ['http://[fe80::1]:1', /^it is a link-local address without a zone/],
    ['[fe80::1]:1', /^it is a link-local address without a zone, .*advertiseAddress\(1\)/],
    ['[FEBF::1]:1', /^it is a link-local address/],
    ['[ff02::1]:1', /^it is a multicast address: .*advertiseAddress\(1\)/],
    ['[FF02::1%e]:1', /^it is a multicast address/],
    ['224.0.0.1:1', /^it is a multicast address/],
    ['239.255.255.255:1', /^it is a multicast address/],
    ['[::ffff:224.0.0.1]:1', /^it is a multicast address/],
    ['255.255.255.255:1', /^it is the broadcast address/],
    ['unix:/a?b', /^Go parses it as a URL and dials another path because of its '\?': use a path without it/],
    ['unix:/a#b', /because of its '#'/],
    ['unix:/a%20b', /because of its '%'/],
    ['unix:/a\u202eb', /^its path has the character U\+202E: use a path without it/],
    ['unix:/a\nb', /U\+000A/],
    ['unix:/a\x7fb', /U\+007F/],
    ['a-.b:1', /^a part of its host name begins or ends with '-', which Go does not look up/],
    ['-a:1', /begins or ends with '-'/],
  ] as const)
    it(`is rejected: ${JSON.stringify(addr)}`, () => assert.match(addressProblem(addr) ?? '', problem));
});

describe('an address that another program stored', () => {
  for (const addr of ['http://h:1', '[fe80::1]:1', '224.0.0.1:1', 'unix:/a%20b?c#d\u202e', 'a-.b:1'])
    it(`is dialled and not registered: ${JSON.stringify(addr)}`, () => {
      assert.ok(!('problem' in parseAddress(addr)));
      assert.notEqual(addressProblem(addr), undefined);
    });
});

describe('the address of a Unix socket', () => {
  it('is parsed from unix:/path and unix:///path', () => {
    for (const addr of ['unix:/run/a.sock', 'unix:///run/a.sock'])
      assert.deepEqual(parseAddress(addr), { socket: { path: '/run/a.sock' }, name: 'unix:/run/a.sock' });
  });
});
