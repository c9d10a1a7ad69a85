#!/usr/bin/env node
// Lists everything in a protocol that appears on the wire, one sorted line each, so that a change is a diff.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary, isFieldSet } from '@bufbuild/protobuf';
import {
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { protoFilesIn, protoFolder, runProtoc } from './protoc.mjs';

const usage = `Usage: node scripts/wire-manifest.mjs [folder]

Prints the wire manifest of the .proto files in a folder (default: this project's proto/): one sorted line per
message, field, oneof member, enum value, reserved range and rpc.
"npm run gen" writes it to proto/wire.lock.`;

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [folder = protoFolder] = process.argv.slice(2);
  if (folder === '--help' || folder === '-h') console.log(usage);
  else process.stdout.write(manifestText(manifestOf(folder, protoFilesIn(folder))));
}

/** The manifest lines of the named files, without those of their imports. */
export function manifestOf(folder, files) {
  return describe(folder, files).file.flatMap(linesOfFile).sort();
}

export function manifestText(lines) {
  return `${lines.join('\n')}\n`;
}

/** The compiled FileDescriptorSet of the named files. */
export function describe(folder, files) {
  return fromBinary(FileDescriptorSetSchema, descriptorSetOf(folder, files));
}

/** The FileDescriptorSet as protoc writes it. */
export function descriptorSetOf(folder, files) {
  const temporary = mkdtempSync(join(tmpdir(), 'wire-manifest-'));
  try {
    const output = join(temporary, 'descriptors.binpb');
    runProtoc(['-I', folder, `--descriptor_set_out=${output}`, ...files]);
    return readFileSync(output);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function linesOfFile(file) {
  const scope = file.package;
  return [
    ...file.messageType.flatMap((message) => linesOfMessage(scope, message, file.syntax)),
    ...file.enumType.flatMap((type) => linesOfEnum(scope, type)),
    ...file.service.flatMap((service) => linesOfService(scope, service)),
  ];
}

function linesOfMessage(scope, message, syntax) {
  const name = `${scope}.${message.name}`;
  return [
    `message ${name}`,
    ...message.field.map((field) => lineOfField(name, message, field, syntax)),
    // A message's reserved ranges in a descriptor end one past the last number.
    ...message.reservedRange.map(({ start, end }) => `reserved ${name} ${start} to ${end - 1}`),
    ...message.reservedName.map((reserved) => `reserved ${name} "${reserved}"`),
    ...message.nestedType.flatMap((nested) => linesOfMessage(name, nested, syntax)),
    ...message.enumType.flatMap((type) => linesOfEnum(name, type)),
  ];
}

function lineOfField(owner, message, field, syntax) {
  return [
    `field ${owner} ${field.number} ${field.name}`,
    typeOf(field),
    ...labelsOf(message, field, syntax),
  ].join(' ');
}

function typeOf(field) {
  return `${Type[field.type].toLowerCase()}${field.typeName ? ` ${field.typeName.slice(1)}` : ''}`;
}

function labelsOf(message, field, syntax) {
  if (field.label === Label.REPEATED) return ['repeated', ...(isPacked(field, syntax) ? ['packed'] : [])];
  if (field.label === Label.REQUIRED) return ['required'];
  if (field.proto3Optional) return ['optional'];
  const isInOneof = isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
  return isInOneof ? [`oneof ${message.oneofDecl[field.oneofIndex].name}`] : [];
}

function isPacked(field, syntax) {
  const packable = ![Type.STRING, Type.BYTES, Type.MESSAGE, Type.GROUP].includes(field.type);
  const isSet = field.options !== undefined && isFieldSet(field.options, FieldOptionsSchema.field.packed);
  return packable && (isSet ? field.options.packed : syntax === 'proto3');
}

function linesOfEnum(scope, type) {
  const name = `${scope}.${type.name}`;
  return [
    `enum ${name}`,
    ...type.value.map((value) => `value ${name} ${value.number} ${value.name}`),
    ...type.reservedRange.map(({ start, end }) => `reserved ${name} ${start} to ${end}`),
    ...type.reservedName.map((reserved) => `reserved ${name} "${reserved}"`),
  ];
}

function linesOfService(scope, service) {
  const name = `${scope}.${service.name}`;
  return [`service ${name}`, ...service.method.map((method) => lineOfMethod(name, method))];
}

function lineOfMethod(service, method) {
  const input = `${method.clientStreaming ? 'stream ' : ''}${method.inputType.slice(1)}`;
  const output = `${method.serverStreaming ? 'stream ' : ''}${method.outputType.slice(1)}`;
  return `rpc /${service}/${method.name} (${input}) returns (${output})`;
}
