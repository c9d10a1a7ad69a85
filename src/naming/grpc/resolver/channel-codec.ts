import type { ChannelOptions } from '@grpc/grpc-js';
import { type CodecOption, toCodecs } from '../../codec/codec-list.js';

/**
 * The channel option with the codecs of a channel. grpc-js passes all options of a channel to its resolver, and leaves
 * those with this prefix (`SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX`) out of the identity of connections: channels with
 * different codecs share their connections.
 */
const optionName = 'grpc.internal.no_subchannel.etcd-naming.codec';

/** The value of the option. grpc-js writes the JSON of a channel's options, and a codec may have any members. */
class ChannelCodec {
  readonly codec: CodecOption;

  constructor(codec: CodecOption) {
    this.codec = codec;
  }

  toJSON(): string {
    return toCodecs(this.codec)
      .map(({ name }) => name)
      .join();
  }
}

/** The channel options that give a channel its codec. */
export function codecOptions(codec: CodecOption | undefined): ChannelOptions {
  return codec === undefined ? {} : { [optionName]: new ChannelCodec(codec) };
}

/** The codec in a channel's options; undefined for that of the resolver. */
export function channelCodec(options: ChannelOptions): CodecOption | undefined {
  const value: unknown = options[optionName];
  return value instanceof ChannelCodec ? value.codec : undefined;
}
