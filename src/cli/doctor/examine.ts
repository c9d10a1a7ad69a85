import type { Invocation } from '../command.js';
import { readRecords } from '../records.js';
import type { Target } from '../target.js';
import { checkAddresses } from './dial.js';
import { type Finding, problem } from './finding.js';
import { checkGrpcCopies } from './grpc-copies.js';
import { checkLeases } from './lease-check.js';
import { checkMembers } from './members.js';
import { checkName } from './name.js';
import { findNeighbours } from './neighbours.js';
import type { ProbeOptions } from './probe.js';
import { checkProxies } from './proxies.js';
import { checkRecords } from './records.js';
import { checkTransport } from './transport.js';

/** Goes the way of a resolver, step by step, for as long as there is a next one. */
export async function* examine(
  call: Invocation,
  target: Target,
  probing: ProbeOptions,
): AsyncGenerator<Finding, undefined> {
  yield* checkName(target);
  yield* checkProxies(target.service, call.io.env);
  yield* checkGrpcCopies(process.cwd());
  const members = await checkMembers(call, target.prefix);
  yield* members.findings;
  if (members.usable.length === 0) {
    // The name may be one that the user may not read because it is not the one that is meant.
    if (members.denied.length > 0) yield* await findNeighbours(call.connect(members.denied), target);
    return;
  }
  const client = call.connect(members.usable);
  const { records, revision } = await readRecords(client, target.prefix);
  if (records.length === 0) {
    const message = `no key starts with '${target.prefix}', at revision ${revision}`;
    yield problem('records', message, 'is the server registered, under this name, and with this etcd?');
    yield* await findNeighbours(client, target);
    return;
  }
  const { findings, usable } = checkRecords(records);
  yield* findings;
  if (usable.length === 0) return;
  yield* await checkLeases(client, usable);
  const { finding, accepted } = await checkAddresses(usable);
  yield finding;
  yield* await checkTransport(accepted, probing);
}
