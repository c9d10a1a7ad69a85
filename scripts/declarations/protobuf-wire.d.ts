// What the message codecs of ./proto use of @bufbuild/protobuf/wire. The package's declarations contain these interfaces
// instead of an import: its code contains that module, so nothing else needs the dependency, and the module's own
// declarations require TypeScript 5.9 without skipLibCheck. They are structural, so that the classes of any release of
// @bufbuild/protobuf 2 fit.

/** What `encode` writes to and returns: the `BinaryWriter` of `@bufbuild/protobuf/wire`. */
export interface BinaryWriter {
  /** Returns the bytes of what was written, and empties the writer. */
  finish(): Uint8Array;
  /** Begins a message or a packed field; `join` ends it. */
  fork(): this;
  join(): this;
  uint32(value: number): this;
  int32(value: number): this;
  int64(value: string | number | bigint): this;
  uint64(value: string | number | bigint): this;
  bool(value: boolean): this;
  bytes(value: Uint8Array): this;
  string(value: string): this;
}

/** What `decode` reads from: the `BinaryReader` of `@bufbuild/protobuf/wire`. */
export interface BinaryReader {
  /** The position of the next byte. */
  pos: number;
  /** The number of bytes. */
  readonly len: number;
  uint32(): number;
  int32(): number;
  int64(): bigint | string;
  uint64(): bigint | string;
  bool(): boolean;
  bytes(): Uint8Array;
  string(strict?: boolean): string;
  skip(wireType: number, fieldNo?: number): Uint8Array;
}
