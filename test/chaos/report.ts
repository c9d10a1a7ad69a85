import type { ProofRun } from '../support/proof.js';
import { earlyExpiries } from './check/early-expiry.js';
import { countInfoWrites, type InfoWrites } from './check/info-writes.js';
import { groupBy } from './check/lease-history.js';
import { isRefused } from './check/refusals.js';
import type { Violation } from './check/violation.js';
import { encodeFact } from './codec.js';
import { factsOf, type History } from './history.js';
import { Truth } from './truth.js';

export interface Counts {
  readonly faults: ReadonlyMap<string, { drawn: number; effective: number }>;
  /** By kind of op, then by outcome. */
  readonly operations: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly infoWrites: InfoWrites;
  readonly leases: { readonly held: number; readonly lost: number; readonly droppedEarly: number };
  readonly renewals: number;
  /** Attempts of writes. */
  readonly attempts: number;
  /** Batches of reads: all of them, and those that failed. */
  readonly batches: { readonly sent: number; readonly failed: number };
  /** Reads that etcd refused because the user may not read the key. */
  readonly refused: number;
  readonly revisions: number;
}

export function countFacts(history: History, faultNames: readonly string[]): Counts {
  const truth = new Truth(history);
  const faults = new Map(faultNames.map((name) => [name, { drawn: 0, effective: 0 }]));
  for (const { name, effective } of factsOf(history, 'fault')) {
    const one = faults.get(name);
    if (!one) continue;
    one.drawn++;
    if (effective) one.effective++;
  }
  const operations = new Map<string, Map<string, number>>();
  for (const { op, outcome } of factsOf(history, 'op')) {
    const name = 'serializable' in op && op.serializable ? `${op.type}, serializable` : op.type;
    const outcomes = operations.get(name) ?? new Map<string, number>();
    operations.set(name, outcomes.set(outcome.type, (outcomes.get(outcome.type) ?? 0) + 1));
  }
  const leases = factsOf(history, 'lease');
  const attempts = factsOf(history, 'attempt');
  const reads = new Set(factsOf(history, 'op').flatMap(({ id, op }) => (op.type === 'get' ? [id] : [])));
  const batches = attempts.filter(({ op }) => reads.has(op));
  const ends = leases.filter((fact) => fact.type === 'ended');
  return {
    faults,
    operations,
    infoWrites: countInfoWrites(history, truth),
    leases: {
      held: leases.filter(({ type }) => type === 'acquired').length,
      lost: ends.filter(({ reason }) => reason === 'expired' || reason === 'lost-contact').length,
      droppedEarly: earlyExpiries(history, truth),
    },
    renewals: factsOf(history, 'renewal').filter(({ direction }) => direction === 'sent').length,
    attempts: attempts.length - batches.length,
    batches: { sent: batches.length, failed: batches.filter(({ code }) => code !== 0).length },
    refused: factsOf(history, 'op').filter(isRefused).length,
    revisions: truth.revisions.length,
  };
}

/** How the clients reach the members, as far as it determines what must occur. */
export interface RunKind {
  readonly auth: boolean;
  readonly grpcProxies: number;
}

/** What is missing for the run to be conclusive. A client sends no batches of reads through a grpc-proxy. */
export function inconclusiveReasons(counts: Counts, { auth, grpcProxies }: RunKind): string[] {
  const { faults, infoWrites, leases, renewals, attempts, batches, refused } = counts;
  const reasons = [...faults]
    .filter(([, { effective }]) => effective === 0)
    .map(([name]) => `${name} had no effect`);
  if (infoWrites.total === 0) reasons.push('no write was ambiguous');
  if (infoWrites.applied === 0) reasons.push('no ambiguous write was proven applied');
  if (leases.lost === 0) reasons.push('no lease was lost');
  if (renewals === 0 || attempts === 0) reasons.push('nothing was recorded on the wire');
  const hasBatches = batches.sent > 0 && batches.failed > 0;
  if (!hasBatches && grpcProxies === 0) reasons.push('no batch of reads was sent, or none failed');
  if (auth && refused === 0) reasons.push('no read was refused');
  return reasons;
}

export function formatCounts({
  faults,
  operations,
  infoWrites,
  leases,
  renewals,
  attempts,
  batches,
  refused,
  revisions,
}: Counts): string {
  const lines = [row('fault', 'drawn', 'effective')];
  for (const [name, { drawn, effective }] of faults) lines.push(row(name, drawn, effective));
  lines.push('', row('operation', 'ok', 'fail', 'info'));
  for (const [name, outcomes] of [...operations].sort()) {
    const of = (outcome: string) => outcomes.get(outcome) ?? 0;
    lines.push(row(name, of('ok'), of('fail'), of('info')));
  }
  lines.push(
    '',
    `${infoWrites.total} ambiguous writes: ${infoWrites.applied} proven applied (${infoWrites.appliedLate} of them after a later acknowledged write to the same key), ${infoWrites.neverApplied} never applied, ${infoWrites.unknown} deletes whose outcome cannot be proven`,
    `${leases.held} leases held, ${leases.lost} lost, ${leases.droppedEarly} expired early by etcd; ${renewals} renewals`,
    `${attempts} writes on the wire, ${batches.sent} batches of reads (${batches.failed} failed), ${refused} reads refused, ${revisions} revisions in the truth`,
  );
  return lines.join('\n');
}

export function toProof(
  { faults, operations, infoWrites, leases, revisions }: Counts,
  violations: readonly Violation[],
): Pick<ProofRun, 'figures' | 'tables'> {
  const total = (counts: Iterable<number>) => [...counts].reduce((sum, count) => sum + count, 0);
  return {
    figures: {
      faults: total([...faults.values()].map(({ effective }) => effective)),
      operations: total([...operations.values()].flatMap((outcomes) => [...outcomes.values()])),
      revisions,
      ambiguousWrites: infoWrites.total,
      ambiguousWritesProvenApplied: infoWrites.applied,
      leasesHeld: leases.held,
      leasesLost: leases.lost,
      violations: violations.length,
    },
    tables: {
      faults: {
        columns: ['Fault', 'Injected', 'With an effect'],
        rows: [...faults].map(([name, { drawn, effective }]) => [name, drawn, effective]),
      },
    },
  };
}

function row(name: string, ...cells: readonly (string | number)[]): string {
  return `${name.padEnd(22)}${cells.map((cell) => String(cell).padStart(11)).join('')}`;
}

const maxShown = 5;

export function formatViolations(violations: readonly Violation[]): string {
  const lines: string[] = [];
  for (const { invariant, text, slice } of violations.slice(0, maxShown)) {
    lines.push(`VIOLATION of ${invariant}: ${text}`);
    for (const fact of slice) lines.push(`  ${encodeFact(fact)}`);
  }
  const counts = [...groupBy(violations, ({ invariant }) => invariant)].sort();
  lines.push(
    `${violations.length} violations: ${counts.map(([name, { length }]) => `${name} ${length} times`).join(', ')}`,
  );
  return lines.join('\n');
}
