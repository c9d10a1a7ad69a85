import assert from 'node:assert/strict';
import { authpb, etcdserverpb, loadProtocol, mvccpb, v3electionpb, v3lockpb } from '#src/raw/index.js';
import { withoutPrototypes } from '../../support/without-prototypes.js';
import { samplesOf } from './samples.js';
import { readManifest } from './wire-lock.js';

interface GeneratedCodec {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromPartial(message: unknown): unknown;
}

interface LoadedCodec {
  serialize(message: unknown): Buffer;
  deserialize(bytes: Buffer): unknown;
}

const packages: Record<string, object> = { authpb, etcdserverpb, mvccpb, v3electionpb, v3lockpb };
const manifest = readManifest();

function generatedCodec(message: string): GeneratedCodec {
  const [packageName = '', name = ''] = message.split('.');
  const codec = (packages[packageName] as Record<string, GeneratedCodec>)[name];
  assert.ok(codec, `no generated codec for ${message}`);
  return codec;
}

describe('the generated codecs and those of proto-loader', () => {
  let loaded: Record<string, LoadedCodec>;

  before(async () => {
    loaded = (await loadProtocol()) as unknown as typeof loaded;
  });

  it('cover the same messages', () => {
    const names = Object.entries(loaded).filter(([, value]) => typeof value.serialize === 'function');
    assert.deepEqual(names.map(([name]) => name).sort(), [...manifest.messages.keys()].sort());
    assert.ok(manifest.messages.size > 100);
  });

  for (const message of manifest.messages.keys()) {
    const samples = samplesOf(manifest, message);

    it(`encode ${message} to the same bytes`, () => {
      const theirs = loaded[message]!;
      const ours = generatedCodec(message);
      for (const sample of samples) {
        const bytes = Buffer.from(ours.encode(sample.generated).finish());
        assert.equal(bytes.toString('hex'), theirs.serialize(sample.written).toString('hex'));
      }
    });

    it(`decode ${message} from each other's bytes`, () => {
      const theirs = loaded[message]!;
      const ours = generatedCodec(message);
      for (const sample of samples) {
        assert.deepEqual(
          withoutPrototypes(ours.decode(theirs.serialize(sample.written))),
          withoutPrototypes(sample.generated),
        );
        const bytes = Buffer.from(ours.encode(sample.generated).finish());
        assert.deepEqual(withoutPrototypes(theirs.deserialize(bytes)), sample.loaded);
      }
    });

    it(`encode ${message} to no bytes if no field is set`, () => {
      const ours = generatedCodec(message);
      assert.equal(ours.encode(ours.fromPartial({})).finish().length, 0);
      assert.equal(loaded[message]!.serialize({}).length, 0);
    });
  }
});

describe('the samples of the codec tests', () => {
  it('contain every enum value and every oneof member', () => {
    const seen = JSON.stringify(
      [...manifest.messages.keys()].flatMap((message) =>
        samplesOf(manifest, message).map(({ loaded }) => loaded),
      ),
    );
    const values = [...manifest.enums.values()].flat();
    const members = [...manifest.messages.values()].flat().filter(({ oneof }) => oneof);
    for (const { name } of [...values, ...members]) assert.ok(seen.includes(`"${name}"`), name);
    assert.ok(values.length > 30 && members.length > 15);
  });
});
