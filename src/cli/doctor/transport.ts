import { joinSome } from '../output/text.js';
import { inParallel } from '../parallel.js';
import { type Finding, ok, problem, warning } from './finding.js';
import { noHealthService, type ProbeOptions, type ProbeResult, probeServer } from './probe.js';

const concurrency = 20;

/** Checks the servers' certificates and health, as far as the options request it. */
export async function checkTransport(
  addresses: readonly string[],
  options: ProbeOptions,
): Promise<Finding[]> {
  if (addresses.length === 0 || (!options.tls && !options.health)) return [];
  const results: ProbeResult[] = [];
  await inParallel(addresses, concurrency, async (addr) => {
    results.push(await probeServer(addr, options));
  });
  results.sort((a, b) => (a.addr < b.addr ? -1 : 1));
  const findings: Finding[] = [];
  if (options.tls) findings.push(tlsFinding(results, options.tls.serverName));
  if (options.health) findings.push(...healthFindings(results, options));
  return findings;
}

function tlsFinding(results: readonly ProbeResult[], name: string): Finding {
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length === 0)
    return ok('tls', `all ${results.length} have a valid certificate for '${name}' and speak HTTP/2`);
  const message = `${failed.length} of ${results.length} failed the TLS handshake for '${name}': ${list(failed)}`;
  const advice =
    'check --server-name, a name in the certificates as channelTarget() takes it, and --server-cacert, their authority';
  return (failed.length < results.length ? warning : problem)('tls', message, advice);
}

function healthFindings(results: readonly ProbeResult[], { tls }: ProbeOptions): Finding[] {
  // With TLS a failed connection is already in the finding of TLS.
  const checked = tls ? results.filter(({ failure }) => failure === undefined) : results;
  const withoutService = checked.filter(({ health }) => health === noHealthService);
  const notServing = checked.filter(({ health }) => health !== 'SERVING' && health !== noHealthService);
  const serving = checked.length - withoutService.length - notServing.length;
  const findings: Finding[] = [];
  if (serving > 0) findings.push(ok('health', `${serving} of ${checked.length} report SERVING`));
  if (withoutService.length > 0)
    findings.push(
      warning(
        'health',
        `${withoutService.length} of ${checked.length} speak gRPC but have no health service: ${list(withoutService)}`,
        'add grpc.health.v1.Health to the server, or omit --health',
      ),
    );
  if (notServing.length > 0) {
    const message = `${notServing.length} of ${checked.length} do not report SERVING: ${list(notServing)}`;
    const advice = tls ? 'see the log of the server' : 'see the log of the server; if it uses TLS, add --tls';
    findings.push((notServing.length < checked.length ? warning : problem)('health', message, advice));
  }
  return findings;
}

function list(results: readonly ProbeResult[]): string {
  return joinSome(results.map(({ addr, failure, health }) => `${addr} (${failure ?? health})`));
}
