import { readTraits } from '../../../index.js';
import { formatLease, type LeaseState } from '../../data/leases.js';
import { textOf } from '../../output/line.js';
import { escapeAndTruncate, joinSome } from '../../output/text.js';
import type { ActionRequest, EndpointRow } from '../protocol/index.js';
import type { Plan } from './plan.js';

/** The other endpoints of a service. */
export interface OtherEndpoints {
  /** Those that take new calls. */
  readonly available: number;
  /** Those that take calls only while no other endpoint can: draining ones, and those of weight 0. */
  readonly lastResort: number;
}

export interface WarningContext {
  readonly request: ActionRequest;
  readonly plan: Plan;
  readonly lease: LeaseState;
  /** Undefined while the services have not been listed. */
  readonly others: OtherEndpoints | undefined;
  /** Whether records of the format can be marked as draining. */
  readonly canDrain: boolean;
  /** Whether the key has the form of one of a lock or an election; see {@link queueOf}. */
  readonly isQueueKey: boolean;
}

/** Counts the other endpoints of a service. @param rows all endpoints; undefined while they are not known. */
export function otherEndpoints(
  rows: Iterable<EndpointRow> | undefined,
  service: string,
  key: string,
): OtherEndpoints | undefined {
  if (!rows) return undefined;
  let [available, lastResort] = [0, 0];
  for (const row of rows) {
    if (row.service !== service || row.key === key || row.addr === '') continue;
    if (row.status === 'draining' || row.weight === 0) lastResort++;
    else available++;
  }
  return { available, lastResort };
}

/** What the user should know before an action, in sentences; the most important first. */
export function warningsOf(context: WarningContext): string[] {
  const { request, plan } = context;
  if (!plan.change) return [unchangedText(request)];
  return [
    ...queueWarnings(context),
    ...lossWarnings(plan),
    ...actionWarnings(context),
    ...leaseWarnings(context),
  ];
}

function queueWarnings({ isQueueKey, request }: WarningContext): string[] {
  if (!isQueueKey) return [];
  const effect =
    request.action === 'remove'
      ? 'removing it would release the lock, or give up the leadership'
      : 'the value that the program announces with it would change';
  return [`Its key has the form of a lock’s or an election’s key. If a program holds it as such, ${effect}.`];
}

function lossWarnings({ lost = [] }: Plan): string[] {
  return lost.length === 0
    ? []
    : [`The record is written as Go does, which loses or changes besides: ${joinSome(lost)}.`];
}

function unchangedText({ action }: ActionRequest): string {
  switch (action) {
    case 'drain':
      return 'Nothing will change: the endpoint is draining already.';
    case 'undrain':
      return 'Nothing will change: the endpoint is not draining.';
    case 'weight':
      return 'Nothing will change: the endpoint has this weight already.';
    case 'remove':
      return 'Nothing will change.';
  }
}

function actionWarnings(context: WarningContext): string[] {
  switch (context.request.action) {
    case 'drain':
      return drainWarnings(context);
    case 'undrain':
      return [
        'A server that shuts down marks its own record, and ends soon after: make sure that this one stays.',
      ];
    case 'weight':
      return weightWarnings(context);
    case 'remove':
      return removeWarnings(context);
  }
}

function drainWarnings({ others }: WarningContext): string[] {
  return [
    ...unknownOthers(others),
    ...(others?.available === 0
      ? [
          'It is the last endpoint of the service that takes new calls: callers keep using it until there is another one.',
        ]
      : []),
    'Callers that balance by metadata send it no new calls while another endpoint can take them. Other callers (Go’s resolver) keep using it until the record is deleted.',
  ];
}

function weightWarnings({ request: { weight = 1 }, plan }: WarningContext): string[] {
  const effective = readTraits({ weight }).weight;
  const { draining } = readTraits(plan.endpoint?.metadata);
  return [
    ...(weight === 0 ? ['With weight 0 it gets no calls while another endpoint can take them.'] : []),
    ...(effective === weight ? [] : [`Callers use the weight ${effective} instead of ${weight}.`]),
    ...(draining ? ['It is draining: its weight has no effect until the mark is removed.'] : []),
    'Callers that do not balance by metadata (Go’s resolver) ignore the weight.',
  ];
}

function removeWarnings({ plan, others }: WarningContext): string[] {
  return [
    ...(plan.endpoint ? [] : ['Its value is not an endpoint: another program may need it.']),
    ...(plan.endpoint ? lossOfCalls(others) : []),
  ];
}

function lossOfCalls(others: OtherEndpoints | undefined): string[] {
  if (!others || others.available > 0) return unknownOthers(others);
  return others.lastResort === 0
    ? ['It is the only endpoint of the service: calls will fail until there is another one.']
    : ['The other endpoints of the service are draining, or have weight 0: they will get its calls.'];
}

function unknownOthers(others: OtherEndpoints | undefined): string[] {
  return others ? [] : ['It is not known whether the service has other endpoints: they are being listed.'];
}

function leaseWarnings({ request, plan, lease, canDrain }: WarningContext): string[] {
  const { draining } = readTraits(plan.endpoint?.metadata);
  const owner = ownerText(request, canDrain && !draining);
  switch (lease.state) {
    case 'none':
      return request.action === 'remove'
        ? ['It has no lease: no running server is known that will store it again.']
        : ['It has no lease: the record stays until it is removed, even if its server has ended.'];
    case 'alive':
      return [`Its lease is alive (${textOf(formatLease(lease))}): ${owner}`];
    case 'gone':
      return ['Its lease has ended: etcd is about to delete the record.'];
    case 'unknown':
      return [
        `The state of its lease is unknown (${escapeAndTruncate(lease.reason)}). If it is alive: ${owner}`,
      ];
  }
}

/** What an owner that lives does with the change. */
function ownerText({ action }: ActionRequest, canBeDrained: boolean): string {
  if (action !== 'remove')
    return 'a server that registered with this package adopts the change; another one may write its own record over it.';
  const advice = canBeDrained ? ' To take it out of service, drain it instead.' : '';
  return `if its owner is running, it will store the record again.${advice}`;
}
