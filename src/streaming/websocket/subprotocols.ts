/** The WebSocket subprotocols of the kubelet's streaming protocols, and the choice among those a client offers. */

import { Refusal } from "../refusal.ts";
import { base64Codec, binaryCodec, type Codec } from "./codec.ts";

export interface ChannelSubprotocol {
  /** As in Sec-WebSocket-Protocol; "" is spoken with a client that offers none. */
  name: string;
  codec: Codec;
  /** How a command ended is told in any case, as a Status of meta.k8s.io/v1; without this, as text when it failed. */
  statusAsJson?: boolean;
  /** The client can close a single channel. */
  closesChannels?: boolean;
}

const commandSubprotocols: ChannelSubprotocol[] = [
  { name: "v5.channel.k8s.io", codec: binaryCodec, statusAsJson: true, closesChannels: true },
  { name: "v4.channel.k8s.io", codec: binaryCodec, statusAsJson: true },
  { name: "v4.base64.channel.k8s.io", codec: base64Codec, statusAsJson: true },
  { name: "channel.k8s.io", codec: binaryCodec },
  { name: "base64.channel.k8s.io", codec: base64Codec },
  { name: "", codec: binaryCodec },
];

/** Its messages are the bytes of a SPDY/3.1 connection. */
const spdyTunnel = { name: "SPDY/3.1+portforward.k8s.io" };

const portForwardSubprotocols: (ChannelSubprotocol | typeof spdyTunnel)[] = [
  spdyTunnel,
  { name: "v4.channel.k8s.io", codec: binaryCodec },
  { name: "v4.base64.channel.k8s.io", codec: base64Codec },
  { name: "", codec: binaryCodec },
];

/** What to speak for an exec or attach; `header` is the client's Sec-WebSocket-Protocol. Throws Refusal. */
export function chooseForCommand(header: string | undefined): ChannelSubprotocol {
  return choose(commandSubprotocols, header);
}

/** What to speak for a port-forward; the rest as above. */
export function chooseForPortForward(header: string | undefined): ChannelSubprotocol | typeof spdyTunnel {
  return choose(portForwardSubprotocols, header);
}

/** The first of the client's offers that is spoken. */
function choose<T extends { name: string }>(spoken: readonly T[], header: string | undefined): T {
  const offered = header === undefined ? [""] : header.split(",").map((name) => name.trim());
  for (const offer of offered) {
    const chosen = spoken.find(({ name }) => name === offer);
    if (chosen) return chosen;
  }
  const names = spoken.map(({ name }) => name).filter(Boolean);
  throw new Refusal(
    403,
    `no subprotocol offered (${offered.join(", ")}) is spoken here (${names.join(", ")})`,
  );
}
