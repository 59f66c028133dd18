/** A message of the channel.k8s.io subprotocols, checked. */
import type { ChannelMessage, Codec } from "./codec.ts";
import { closeCode, MalformedMessage } from "./malformed-message.ts";

/** Channels up to `count` that are not for the client to send on are the caller's to ignore. Throws MalformedMessage. */
export function decodeChannel(codec: Codec, message: Buffer, count: number): ChannelMessage {
  if (message.length === 0) throw new MalformedMessage(closeCode.policyViolation, "message names no channel");
  const decoded = codec.decode(message);
  requireChannel(decoded.channel, count);
  return decoded;
}

/** Throws MalformedMessage unless there is such a channel. */
export function requireChannel(channel: number, count: number): void {
  if (channel >= 0 && channel < count) return;
  throw new MalformedMessage(closeCode.policyViolation, `channel is ${channel}: 0 to ${count - 1} expected`);
}
