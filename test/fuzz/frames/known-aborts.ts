/** A defect of Node that ends the process when a peer sends certain frames, and that no JavaScript can prevent. */
export interface KnownAbort {
  readonly name: string;
  /** Occurs in what the process writes to stderr. */
  readonly signature: RegExp;
  readonly issue: string;
  /** Where it was observed, and where not. */
  readonly versions: string;
}

export const knownAborts: readonly KnownAbort[] = [
  {
    name: 'memory of a session whose headers were refused',
    signature: /current_nghttp2_memory_\) == \(0\)/,
    issue: 'https://github.com/nodejs/node/issues/39951',
    versions: 'reported for 14.17 to 16; observed with 20.20.2; not with 22.12.0 to 24.22.3',
  },
];

/** The known defect that ended a process, if it is one. A process that ends otherwise has not met it. */
export function findKnownAbort(end: string, stderr: string): KnownAbort | undefined {
  if (!/^(SIGABRT|SIGSEGV|134|139)$/.test(end)) return undefined;
  return knownAborts.find(({ signature }) => signature.test(stderr));
}
