import { inParallel } from '../parallel.js';
import { type Finding, ok, problem, some, warning } from './finding.js';
import { noHealthService, type Probed, type ProbeOptions, probe } from './probe.js';

const atATime = 20;

/** Whether the servers prove their name in TLS, and say that they serve, as far as either was asked for. */
export async function checkTransport(
  addresses: readonly string[],
  options: ProbeOptions,
): Promise<Finding[]> {
  if (addresses.length === 0 || (!options.tls && !options.health)) return [];
  const probed: Probed[] = [];
  await inParallel(addresses, atATime, async (addr) => {
    probed.push(await probe(addr, options));
  });
  probed.sort((a, b) => (a.addr < b.addr ? -1 : 1));
  const findings: Finding[] = [];
  if (options.tls) findings.push(tlsFinding(probed, options.tls.serverName));
  if (options.health) findings.push(...healthFindings(probed, options));
  return findings;
}

function tlsFinding(probed: readonly Probed[], name: string): Finding {
  const failed = probed.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0) return ok('tls', `all ${probed.length} proved to be '${name}', and speak HTTP/2`);
  const message = `${failed.length} of ${probed.length} did not prove to be '${name}': ${listed(failed)}`;
  const advice =
    '--server-name is a name that the certificates have, as dial() takes it, and --server-cacert their authority';
  return (failed.length < probed.length ? warning : problem)('tls', message, advice);
}

function healthFindings(probed: readonly Probed[], { tls }: ProbeOptions): Finding[] {
  // Over TLS, why there is no connection is the finding of TLS.
  const asked = tls ? probed.filter(({ failure }) => failure === undefined) : probed;
  const silent = asked.filter(({ health }) => health === noHealthService);
  const ill = asked.filter(({ health }) => health !== 'SERVING' && health !== noHealthService);
  const serving = asked.length - silent.length - ill.length;
  const findings: Finding[] = [];
  if (serving > 0) findings.push(ok('health', `${serving} of ${asked.length} say SERVING`));
  if (silent.length > 0)
    findings.push(
      warning(
        'health',
        `${silent.length} of ${asked.length} speak gRPC and have no health service: ${listed(silent)}`,
        'add grpc.health.v1.Health to the server, or leave out --health',
      ),
    );
  if (ill.length > 0) {
    const message = `${ill.length} of ${asked.length} do not say SERVING: ${listed(ill)}`;
    const advice = tls ? 'see the log of the server' : 'see the log of the server; with TLS give --tls';
    findings.push((ill.length < asked.length ? warning : problem)('health', message, advice));
  }
  return findings;
}

function listed(probed: readonly Probed[]): string {
  return some(probed.map(({ addr, failure, health }) => `${addr} (${failure ?? health})`));
}
