import {
  type EtcdClient,
  EtcdError,
  PermissionDeniedError,
  TlsError,
  type TlsReason,
  UnauthenticatedError,
} from '../../index.js';
import { describeAccess, isFromOtherServer, toWireRange } from '../../internal.js';
import type { Invocation } from '../command.js';
import { isUnreachable } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { type Finding, ok, problem, warning } from './finding.js';

interface MemberProbe {
  readonly endpoint: string;
  readonly durationMs: number;
  readonly error: EtcdError | undefined;
}

/**
 * Sends each member the request that a resolver starts with.
 * @returns the members that answered, and those that denied the user the prefix.
 */
export async function checkMembers(
  invocation: Invocation,
  prefix: string,
): Promise<{ findings: Finding[]; usable: readonly string[]; denied: readonly string[] }> {
  const probes = await Promise.all(
    invocation.endpoints.length > 0
      ? invocation.endpoints.map((endpoint) =>
          probeMember(invocation.createClient([endpoint]), endpoint, prefix),
        )
      : [probeMember(invocation.createClient(), discoveredMembers, prefix)],
  );
  const usable = probes.filter(({ error }) => !error).map(({ endpoint }) => endpoint);
  const findings = probes.map((probe) => toFinding(probe, prefix, usable.length > 0));
  const denied = probes.filter(({ error }) => isRangeDenied(error)).map(({ endpoint }) => endpoint);
  return { findings, usable, denied };
}

/** Stands for the endpoints that DNS names: a client of them checks whether one of them answers. */
const discoveredMembers = 'a member found by DNS';

/** A client of the members with these endpoints, as `checkMembers` returns them. */
export function clientOf(invocation: Invocation, endpoints: readonly string[]): EtcdClient {
  return endpoints.includes(discoveredMembers)
    ? invocation.createClient()
    : invocation.createClient(endpoints);
}

async function probeMember(client: EtcdClient, endpoint: string, prefix: string): Promise<MemberProbe> {
  const start = performance.now();
  let error: EtcdError | undefined;
  try {
    await client.kv.range({ prefix }, { limit: 1, keysOnly: true });
  } catch (caught) {
    if (!(caught instanceof EtcdError)) throw caught;
    error = caught;
  }
  return { endpoint, durationMs: performance.now() - start, error };
}

function toFinding(
  { endpoint, durationMs, error }: MemberProbe,
  prefix: string,
  othersWork: boolean,
): Finding {
  if (!error) return ok('etcd', `${endpoint} answers and permits the read (${Math.ceil(durationMs)} ms)`);
  const message = `${endpoint}: ${error.message}`;
  const advice = adviceFor(error, prefix);
  if (othersWork) return warning('etcd', message, advice);
  return problem('etcd', message, advice, isUnreachable(error) ? exitCodes.unreachable : exitCodes.failed);
}

function adviceFor(error: EtcdError, prefix: string): string {
  if (isFromOtherServer(error))
    return 'use etcd’s client port, 2379 by default (ETCDCTL_ENDPOINTS or --endpoints): another server answers at this one';
  if (error instanceof TlsError) return tlsAdvice[error.reason];
  if (error instanceof UnauthenticatedError)
    return 'authentication is enabled: check ETCDCTL_USER and ETCDCTL_PASSWORD (or --user), and that the user exists';
  if (isRangeDenied(error))
    return `check the spelling of the name; if it is right, grant the prefix to a role of the user${grantOf(prefix)}`;
  if (error instanceof PermissionDeniedError) return 'check the user and its roles: etcdctl user get USER';
  if (isUnreachable(error))
    return 'check that etcd runs, its address (ETCDCTL_ENDPOINTS or --endpoints), and firewalls on the way';
  return 'see the log of that member';
}

/** The command in the form of the error's text, which `docs/permissions.md` has too. */
function grantOf(prefix: string): string {
  const { grant } = describeAccess([{ range: toWireRange({ prefix }), access: 'read' }]);
  return grant === undefined ? '' : `: ${grant}`;
}

/** Whether the user may not read this range, but perhaps another one. */
function isRangeDenied(error: EtcdError | undefined): boolean {
  if (!(error instanceof PermissionDeniedError)) return false;
  return error.reason === 'PermissionDenied' || error.reason === undefined;
}

const tlsAdvice: Readonly<Record<TlsReason, string>> = {
  'unknown-authority': 'name the authority that signed its certificate: --cacert',
  'wrong-name':
    'dial one of the certificate’s alternative names (its common name does not count), or issue one for this name',
  expired: 'renew its certificate, or correct the clock of this host',
  'not-yet-valid': 'correct the clock of this host or of the member',
  'bad-certificate': 'issue its certificate again',
  'client-certificate-required': 'it requires a client certificate: --cert and --key',
  'client-certificate-rejected':
    'it rejects this client certificate: check that etcd trusts the authority that signed it',
  'not-tls': 'it speaks plaintext: use http://, and omit --cacert, --cert and --key',
  'tls-expected': 'it speaks TLS: use https://, with --cacert for a private authority',
  'bad-files': 'check the files of --cacert, --cert and --key',
  handshake: 'compare the TLS versions and ciphers of both sides',
};
