import type { Target } from '../target.js';
import { type Finding, ok, warning } from './finding.js';

/** What the name itself shows, before anybody is asked. */
export function checkName({ service, prefix, authority }: Target): Finding[] {
  const found = [
    ok('name', `the service is '${service}': its records are the keys that start with '${prefix}'`),
  ];
  if (authority !== undefined) found.push(checkAuthority(service, authority));
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/].*)$/i.exec(service)?.[1];
  if (url !== undefined) found.push(warning('name', `'${service}' is a URL`, `the target would be '${url}'`));
  const oddities = url === undefined ? namesOdd(service) : [];
  if (oddities.length > 0)
    found.push(
      warning(
        'name',
        `the name ${oddities.join(', and ')}`,
        'a legal name; is it the one that was registered?',
      ),
    );
  return found;
}

function checkAuthority(service: string, authority: string): Finding {
  const isAddress = /[:,]|^\d+(\.\d+){3}$/.test(authority);
  const message = isAddress
    ? `'${authority}' looks like the address of an etcd, and is read as the first part of the service '${service}'`
    : `'${authority}' is read as the first part of the service '${service}'; Go's resolver would drop it`;
  const advice = isAddress
    ? 'write etcd:///service: where etcd is, the client knows that the resolver was registered with'
    : `if it should name a client, register it: registerEtcdResolver(client, { authorities: { '${authority}': … } })`;
  return warning('name', message, advice);
}

function namesOdd(service: string): string[] {
  const odd: string[] = [];
  if (service.startsWith('/')) odd.push('begins with a slash, which is part of the keys');
  if (service.endsWith('/')) odd.push('ends with a slash, so that its keys have two');
  if (/[^/]\/\/+[^/]/.test(service)) odd.push('has an empty part');
  if (/^\s|\s$/.test(service)) odd.push('begins or ends with white space');
  if (/\p{Cc}/u.test(service)) odd.push('holds control characters');
  return odd;
}
