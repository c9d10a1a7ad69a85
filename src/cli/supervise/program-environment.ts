import type { Environment } from '../output/io.js';

/** The environment of a program, without etcdctl's variables, which may contain a password. */
export function withoutEtcdctlVariables(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^ETCDCTL_/i.test(name)));
}
