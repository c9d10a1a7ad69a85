import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { protoFolder } from '#src/raw/index.js';

export interface Field {
  readonly name: string;
  readonly type: string;
  /** Full name of the message or enum, for those two types. */
  readonly typeName: string | undefined;
  readonly isRepeated: boolean;
  readonly oneof: string | undefined;
}

export interface EnumValue {
  readonly name: string;
  readonly number: number;
}

export interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** The protocol as listed in the manifest, which is independent of both codecs. */
export interface Manifest {
  readonly messages: ReadonlyMap<string, readonly Field[]>;
  readonly enums: ReadonlyMap<string, readonly EnumValue[]>;
  readonly methods: readonly Method[];
}

export function readManifest(): Manifest {
  const lines = readFileSync(join(protoFolder(), 'wire.lock'), 'utf8').trimEnd().split('\n');
  const messages = new Map<string, Field[]>();
  const enums = new Map<string, EnumValue[]>();
  const methods: Method[] = [];
  for (const line of lines) {
    const [kind = '', owner = '', ...rest] = line.split(' ');
    if (kind === 'message') listOf(messages, owner);
    else if (kind === 'field') listOf(messages, owner).push(parseField(rest));
    else if (kind === 'value') listOf(enums, owner).push({ number: Number(rest[0]), name: rest[1] ?? '' });
    else if (kind === 'rpc') methods.push(parseMethod(owner, line));
  }
  return { messages, enums, methods };
}

function listOf<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

function parseField([, name = '', type = '', ...labels]: string[]): Field {
  const typeName = type === 'message' || type === 'enum' ? labels.shift() : undefined;
  return {
    name,
    type,
    typeName,
    isRepeated: labels[0] === 'repeated',
    oneof: labels[0] === 'oneof' ? labels[1] : undefined,
  };
}

function parseMethod(path: string, line: string): Method {
  return {
    path,
    requestStream: / \(stream \S+\) returns/.test(line),
    responseStream: / returns \(stream /.test(line),
  };
}
