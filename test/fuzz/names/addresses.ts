import assert from 'node:assert/strict';
import { isIP, isIPv6 } from 'node:net';
import { experimental } from '@grpc/grpc-js';
import { canonicalHost } from '#src/model/index.js';
import { addressId, addressProblem, type ParsedAddress, parseAddress } from '#src/naming/index.js';
import type { Random } from '../../sim/random.js';
import { isPrintable } from '../../support/hostile-text.js';
import { type Comparison, compareTarget } from './compare.js';
import type { GoReading } from './go-reading.js';
import { randomAddress } from './texts.js';

type Tcp = Extract<ParsedAddress, { tcp: unknown }>;

/** The address of each id, over all runs. */
const ids = new Map<string, string>();
const maxIds = 100_000;

export const addresses: Comparison<GoReading> = {
  name: 'addresses',
  about: "endpoints' addresses, against Go's net.SplitHostPort, grpc-go's dial and grpc-js's splitHostPort",
  program: 'go-parsers',
  args: ['dial'],
  text: (random: Random) => randomAddress(random),
  check: (text, go) => {
    const parsed = parseAddress(text);
    const problem = addressProblem(text);
    if ('problem' in parsed) {
      assert.equal(problem, parsed.problem, 'an address that cannot be dialled is not registered');
      assert.ok(
        isPrintable(parsed.problem) && parsed.problem.length < 700,
        `unprintable or long text: ${parsed.problem}`,
      );
    }
    if (problem === undefined) {
      checkId(text);
      if (go) assertDialledByGo(parsed, go);
    }
    const isBare = !/^unix:|:\/\/|^\//i.test(text);
    if (isBare) {
      assertSameAsGrpc(text, parsed);
      if (go) assertSameAsGo(text, parsed, go);
    }
    if ('tcp' in parsed) checkTcp(text, parsed);
    return kindOf(parsed, problem);
  },
};

export const addressesTarget = compareTarget(addresses);

function kindOf(parsed: ParsedAddress, problem: string | undefined): string {
  if ('problem' in parsed) return 'not dialled';
  if (problem !== undefined) return 'dialled, but not registered';
  return 'socket' in parsed ? 'socket' : 'registered';
}

/** Decided by independent rules: an IP address, or a plain DNS name. */
function isPlainHost(host: string): boolean {
  const [address = '', zone] = host.split(/%(.*)/s);
  if (isIP(host) !== 0) return zone === undefined || (isIPv6(address) && /^[\w.-]+$/.test(zone));
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  return (
    host.length <= 253 && /^[a-z]/i.test(last) && labels.every((one) => /^(?!xn--)[\w-]{1,63}$/i.test(one))
  );
}

function assertSameAsGrpc(text: string, parsed: ParsedAddress): void {
  const theirs = experimental.splitHostPort(text);
  if ('tcp' in parsed && parsed.hasHost)
    assert.deepEqual(
      { host: theirs?.host, port: theirs?.port ?? 443 },
      parsed.tcp,
      'grpc-js splits it differently',
    );
  if (!theirs || !isPlainHost(theirs.host)) return;
  const port = theirs.port ?? 443;
  if (port >= 1 && port <= 65_535) assert.ok('tcp' in parsed, 'grpc-js dials it');
}

function assertSameAsGo(
  text: string,
  parsed: ParsedAddress,
  { host, port = '', isIP: isAddress }: GoReading,
): void {
  if ('tcp' in parsed && parsed.hasPort) {
    assert.equal(parsed.hasHost ? parsed.tcp.host : '', host, 'Go splits off another host');
    assert.equal(parsed.tcp.port, Number(port), 'Go splits off another port');
    if (isIP(parsed.tcp.host) !== 0) assert.ok(isAddress, 'Go parses no IP address');
  }
  if (host === undefined || !/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535) return;
  // Go also accepts a name in brackets, which grpc-js does not.
  if (text.startsWith('[') && !host.includes(':')) return;
  if (host === '' || isPlainHost(host)) assert.ok('tcp' in parsed, 'Go dials it');
}

/** What `register` stores, grpc-go dials, and no other address. */
function assertDialledByGo(parsed: ParsedAddress, { dialled }: GoReading): void {
  assert.ok(dialled, 'it is registered, and Go does not dial it');
  assert.ok(!dialled.unreachable, `it is registered, and nothing connects to ${dialled.address}`);
  if ('socket' in parsed) {
    assert.deepEqual(dialled, { network: 'unix', address: parsed.socket.path }, 'Go dials another path');
  } else if ('tcp' in parsed) {
    const { host, port } = parsed.tcp;
    assert.equal(dialled.network, 'tcp');
    assert.equal(Number(/:(\d+)$/.exec(dialled.address)?.[1]), port, 'Go dials another port');
    if (isIP(host) !== 0)
      assert.equal(dialled.address, `${canonicalIP(host)}:${port}`, 'Go dials another host');
  }
}

function canonicalIP(host: string): string {
  const zone = /%.*/s.exec(host)?.[0] ?? '';
  return canonicalHost(host).replace(/\]$|(?<=\d)$/, (end) => `${zone}${end}`);
}

/** An id is one level below its target and belongs to only one address. */
function checkId(addr: string): void {
  const id = addressId(addr);
  assert.ok(!id.includes('/'), `its id ${id} is nested`);
  assert.equal(ids.get(id) ?? addr, addr, `the id ${id} also belongs to another address`);
  if (ids.size < maxIds) ids.set(id, addr);
}

/** Letter case does not change an address, except in a zone. */
function checkTcp(text: string, { tcp: { port }, name }: Tcp): void {
  assert.ok(Number.isInteger(port) && port >= 1 && port <= 65_535, `port ${port}`);
  if (text.includes('%')) return;
  const upper = parseAddress(text.replace(/[a-z]/g, (letter) => letter.toUpperCase()));
  assert.equal('problem' in upper ? upper.problem : upper.name, name, 'in upper case it is another address');
}
