/** A request that has ended, or in mode `tcp` a connection, as the front end logged it. */
export interface LoggedRequest {
  /** Of HTTP, or in mode `tcp` how the connection ended. */
  readonly status: string;
  /** `-` in mode `tcp`. */
  readonly path: string;
  /** Names the client's connection. */
  readonly connection: string;
  /** To the client. */
  readonly bytesSent: number;
}

const line = /^(\d{3}|-1|--|[A-Za-z-]{2}) (\S*) (\S+) (\d+)$/;

/** Reads the lines `status path connection bytes`; others are of the program itself. */
export function parseLog(text: string): LoggedRequest[] {
  return text.split('\n').flatMap((each) => {
    const [, status = '', path = '', connection = '', bytes] = line.exec(each) ?? [];
    return bytes === undefined ? [] : [{ status, path, connection, bytesSent: Number(bytes) }];
  });
}
