/** The error of the system that listening ended with. */
export type ListenError = Pick<NodeJS.ErrnoException, 'code' | 'message'> & {
  readonly address?: string;
  readonly port?: number;
};

/** Why the page cannot listen, and which option changes that. */
export function listenFailureText({ code, message, address = 'the address', port = 0 }: ListenError): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${address} is in use; choose another one with --port`;
    case 'EACCES':
      return `this user may not use port ${port}; choose one above 1023 with --port`;
    case 'EADDRNOTAVAIL':
      return `${address} is not an address of this machine; choose another one with --listen`;
    default:
      return message;
  }
}
