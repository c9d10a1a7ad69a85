/** What grpc-go dials for an address. */
export interface GoDialled {
  readonly network: 'tcp' | 'unix';
  /** An IP address and port, a name and port, or a path. */
  readonly address: string;
  /** It is an IP address to which no system connects by TCP. */
  readonly unreachable?: boolean;
}

/** How Go parses a text, as an address and as a target. */
export interface GoReading {
  readonly host?: string;
  readonly port?: string;
  readonly isIP?: boolean;
  readonly service?: string;
  readonly isUTF8: boolean;
  /** Absent if grpc-go cannot dial it, or was not asked. */
  readonly dialled?: GoDialled;
}
