import {
  type EtcdClient,
  EtcdError,
  PermissionDeniedError,
  TlsError,
  type TlsReason,
  UnauthenticatedError,
} from '../../index.js';
import type { Invocation } from '../command.js';
import { exit } from '../exit-codes.js';
import { isSilence } from '../failure.js';
import { type Finding, ok, problem, warning } from './finding.js';

interface Probe {
  readonly endpoint: string;
  readonly tookMs: number;
  readonly error: EtcdError | undefined;
}

/** Asks each member for itself, with the very read that a resolver begins with. */
export async function checkMembers(
  call: Invocation,
  prefix: string,
): Promise<{ findings: Finding[]; usable: readonly string[]; denied: readonly string[] }> {
  const probes = await Promise.all(
    call.endpoints.map((endpoint) => probe(call.connect([endpoint]), endpoint, prefix)),
  );
  const usable = probes.filter(({ error }) => !error).map(({ endpoint }) => endpoint);
  const findings = probes.map((one) => finding(one, prefix, usable.length > 0));
  const denied = probes.filter(({ error }) => isDenied(error)).map(({ endpoint }) => endpoint);
  return { findings, usable, denied };
}

async function probe(client: EtcdClient, endpoint: string, prefix: string): Promise<Probe> {
  const start = performance.now();
  let error: EtcdError | undefined;
  try {
    await client.kv.range({ prefix }, { limit: 1, keysOnly: true });
  } catch (caught) {
    if (!(caught instanceof EtcdError)) throw caught;
    error = caught;
  }
  return { endpoint, tookMs: performance.now() - start, error };
}

function finding({ endpoint, tookMs, error }: Probe, prefix: string, othersWork: boolean): Finding {
  if (!error) return ok('etcd', `${endpoint} answers, and lets us read (${Math.ceil(tookMs)} ms)`);
  const message = `${endpoint}: ${error.message}`;
  const advice = adviceFor(error, prefix);
  if (othersWork) return warning('etcd', message, advice);
  return problem('etcd', message, advice, isSilence(error) ? exit.unreachable : exit.failed);
}

function adviceFor(error: EtcdError, prefix: string): string {
  if (error instanceof TlsError) return tlsAdvice[error.reason];
  if (error instanceof UnauthenticatedError)
    return 'authentication is on: check ETCDCTL_USER and ETCDCTL_PASSWORD (or --user), and that the user exists';
  if (isDenied(error))
    return `the user may not read there. Is the name mistyped? If not: etcdctl role grant-permission <role> read '${prefix}' --prefix`;
  if (error instanceof PermissionDeniedError) return 'check the user and its roles: etcdctl user get <user>';
  if (isSilence(error))
    return 'is etcd up, is the address right (ETCDCTL_ENDPOINTS or --endpoints), is a firewall between?';
  return 'see the log of that member';
}

/** Of this range, where another name might be read. */
function isDenied(error: EtcdError | undefined): boolean {
  if (!(error instanceof PermissionDeniedError)) return false;
  return error.reason === 'PermissionDenied' || error.reason === undefined;
}

const tlsAdvice: Readonly<Record<TlsReason, string>> = {
  'unknown-authority': 'name the authority that signed its certificate: --cacert',
  'wrong-name':
    'dial one of its certificate’s alternative names (its common name is none), or have one issued for this name',
  expired: 'renew its certificate, or set this machine’s clock',
  'not-yet-valid': 'set the clock, here or there',
  'bad-certificate': 'have its certificate issued anew',
  'client-certificate-required': 'it wants a client certificate: --cert and --key',
  'client-certificate-rejected':
    'it does not take this client certificate: is it of an authority that etcd trusts?',
  'not-tls': 'it speaks plaintext: write http://, and leave out --cacert, --cert and --key',
  'tls-expected': 'it speaks TLS: write https://, with --cacert for an authority of your own',
  'bad-files': 'check the files of --cacert, --cert and --key',
  handshake: 'compare TLS versions and ciphers of both sides',
};
