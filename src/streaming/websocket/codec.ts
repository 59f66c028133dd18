/** How a message of the channel.k8s.io subprotocols names its channel: by a first byte, or by a digit before base64. */
import { closeCode, MalformedMessage } from "./malformed-message.ts";

export interface ChannelMessage {
  channel: number;
  data: Buffer;
}

export interface Codec {
  /** A binary message is a Buffer, a text message a string. */
  encode(channel: number, data: Buffer): Buffer | string;
  /** `message` is not empty; the data may share its memory. Throws MalformedMessage. */
  decode(message: Buffer): ChannelMessage;
}

export const binaryCodec: Codec = {
  encode(channel, data) {
    const message = Buffer.allocUnsafe(1 + data.length);
    message[0] = channel;
    message.set(data, 1);
    return message;
  },
  decode: (message) => ({ channel: message[0]!, data: message.subarray(1) }),
};

const digitZero = 0x30;
const base64 = /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/;

export const base64Codec: Codec = {
  encode: (channel, data) => String.fromCharCode(digitZero + channel) + data.toString("base64"),
  decode(message) {
    const channel = message[0]! - digitZero;
    const text = message.toString("latin1", 1);
    if (!base64.test(text)) {
      throw new MalformedMessage(closeCode.invalidData, `message for channel ${channel} is not base64`);
    }
    return { channel, data: Buffer.from(text, "base64") };
  },
};
