import type { Target } from '../args/target.js';
import { type Finding, ok, warning } from './finding.js';

/** Checks the name alone, without etcd. */
export function checkName({ service, prefix, authority }: Target): Finding[] {
  const findings = [ok('name', `the service is '${service}'; its keys start with '${prefix}'`)];
  if (authority !== undefined) findings.push(checkAuthority(service, authority));
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/].*)$/i.exec(service)?.[1];
  if (url !== undefined)
    findings.push(warning('name', `'${service}' is a URL`, `the target would be '${url}'`));
  const oddities = url === undefined ? oddPartsOf(service) : [];
  if (oddities.length > 0)
    findings.push(
      warning(
        'name',
        `the name ${oddities.join(', and ')}`,
        'the name is valid; check that the server registers under the same one',
      ),
    );
  return findings;
}

function checkAuthority(service: string, authority: string): Finding {
  const isAddress = /[:,]|^\d+(\.\d+){3}$/.test(authority);
  const message = isAddress
    ? `'${authority}' looks like the address of an etcd, but it is the first part of the service '${service}'`
    : `'${authority}' is the first part of the service '${service}'; Go's resolver would ignore it`;
  const advice = isAddress
    ? 'write etcd:///service; the address of etcd belongs to the client that the resolver is registered with'
    : `to name a client with it, register that client: registerEtcdResolver(client, { authorities: { '${authority}': … } })`;
  return warning('name', message, advice);
}

function oddPartsOf(service: string): string[] {
  const parts: string[] = [];
  if (service.startsWith('/')) parts.push('begins with a slash, which is part of the keys');
  if (service.endsWith('/')) parts.push('ends with a slash, so that its keys contain two');
  if (/[^/]\/\/+[^/]/.test(service)) parts.push('has an empty part');
  if (/^\s|\s$/.test(service)) parts.push('begins or ends with white space');
  if (/\p{Cc}/u.test(service)) parts.push('contains control characters');
  return parts;
}
