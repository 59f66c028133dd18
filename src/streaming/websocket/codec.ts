/** How a message of the channel.k8s.io subprotocols names its channel: by a first byte, or by a digit before base64. */
import { closeCode, MalformedMessage } from "./malformed-message.ts";

export interface ChannelMessage {
  channel: number;
  data: Buffer;
}

export interface Codec {
  /** A binary message is a Buffer, a text message a string. */
  encode(channel: number, data: Buffer): Buffer | string;
  /** The same for the messages of one channel that are sent one after another: each is good until the next is encoded. */
  encoder(channel: number): (data: Buffer) => Buffer | string;
  /** `message` is not empty; the data may share its memory. Throws MalformedMessage. */
  decode(message: Buffer): ChannelMessage;
}

/** What Node reads from a pipe or socket at most, with the channel's byte before it. */
const usualMessage = 64 * 1024 + 1;

export const binaryCodec: Codec = {
  encode: (channel, data) => Buffer.concat([Buffer.of(channel), data]),
  encoder(channel) {
    let memory: Buffer | undefined;
    return (data) => {
      const length = 1 + data.length;
      if (length > usualMessage) return this.encode(channel, data);
      // A new buffer for each would make garbage as fast as data flows, and V8 lets 64 MiB of it lie.
      memory ??= Buffer.allocUnsafeSlow(usualMessage);
      memory[0] = channel;
      memory.set(data, 1);
      return memory.subarray(0, length);
    };
  },
  decode: (message) => ({ channel: message[0]!, data: message.subarray(1) }),
};

const digitZero = 0x30;
const base64 = /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/;

export const base64Codec: Codec = {
  encode: (channel, data) => String.fromCharCode(digitZero + channel) + data.toString("base64"),
  encoder(channel) {
    return (data) => this.encode(channel, data);
  },
  decode(message) {
    const channel = message[0]! - digitZero;
    const text = message.toString("latin1", 1);
    if (!base64.test(text)) {
      throw new MalformedMessage(closeCode.invalidData, `message for channel ${channel} is not base64`);
    }
    return { channel, data: Buffer.from(text, "base64") };
  },
};
