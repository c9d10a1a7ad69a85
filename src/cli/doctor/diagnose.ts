import type { EtcdClient } from '../../index.js';
import type { Target } from '../args/target.js';
import type { Invocation } from '../command.js';
import { readRecords } from '../data/records.js';
import { dialAddresses } from './dial.js';
import { type Finding, problem, warning } from './finding.js';
import { checkGrpcCopies } from './grpc-copies.js';
import { checkLeases } from './lease-check.js';
import { checkMembers, clientOf } from './members.js';
import { checkName } from './name.js';
import { findNeighbours } from './neighbours.js';
import { findInOtherFormats, recognizeRecords } from './other-formats.js';
import type { ProbeOptions } from './probe.js';
import { checkProxies } from './proxies.js';
import { describeFormat, type RecognizedFormat } from './recognize.js';
import { checkRecords } from './records.js';
import { checkTransport } from './transport.js';

/**
 * Checks what a resolver depends on, in the order in which it uses it. Ends where the next step would be impossible.
 */
export async function* diagnose(
  invocation: Invocation,
  target: Target,
  probeOptions: ProbeOptions,
): AsyncGenerator<Finding, undefined> {
  yield* checkName(target);
  yield* checkProxies(target.service, invocation.io.env);
  yield* checkGrpcCopies(process.cwd());
  const members = await checkMembers(invocation, target.prefix);
  yield* members.findings;
  if (members.usable.length === 0) {
    // A mistyped name may lie outside the range that the user is allowed to read, and the intended one inside it.
    if (members.denied.length > 0) yield* await lookElsewhere(clientOf(invocation, members.denied), target);
    return;
  }
  const client = clientOf(invocation, members.usable);
  const { records, revision } = await readRecords(client, target);
  if (records.length === 0) {
    const message = `no key starts with '${target.prefix}', at revision ${revision}`;
    const elsewhere = await findInOtherFormats(client, target);
    yield problem('records', message, adviceFor(elsewhere));
    if (elsewhere.length === 0) yield* await findNeighbours(client, target);
    return;
  }
  const recognized = await recognizeRecords(client, target, records);
  const { findings, usable } = checkRecords(target, records, recognized);
  yield* findings;
  if (usable.length === 0) return;
  yield* await checkLeases(client, usable);
  const { finding, accepted } = await dialAddresses(usable);
  yield finding;
  yield* await checkTransport(accepted, probeOptions);
}

/** Looks where the user may read: for the service in another format, else for other spellings. */
async function lookElsewhere(client: EtcdClient, target: Target): Promise<Finding[]> {
  const found = await findInOtherFormats(client, target);
  if (found.length === 0) return findNeighbours(client, target);
  return [warning('records', 'they can be read in another format', adviceFor(found))];
}

function adviceFor(elsewhere: readonly RecognizedFormat[]): string {
  if (elsewhere.length === 0) return 'check that the server registers under this name, in this etcd';
  return `the service has records in the format of ${elsewhere.map(describeFormat).join(', and of ')}`;
}
