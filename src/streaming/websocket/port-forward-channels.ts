/** Port-forward over the channels of a WebSocket: two a port, one connection to each port. */
import { pipeline } from "node:stream/promises";
import { messageOf } from "../../cri/status-error.ts";
import { log } from "../../log.ts";
import type { PortForwardSession } from "../session.ts";
import { decodeChannel } from "./channel-message.ts";
import { ChannelInput, ChannelOutput } from "./channel-streams.ts";
import type { Codec } from "./codec.ts";
import type { Connection } from "./connection.ts";

/** Of the port at `index`; the client sends on the data channels alone. */
const dataChannel = (index: number) => 2 * index;
const errorChannel = (index: number) => 2 * index + 1;

/** Connects each port's channels with the pod until all the pod's connections have ended, then closes. */
export async function forwardChannels(
  session: PortForwardSession,
  ports: readonly number[],
  connection: Connection,
  codec: Codec,
): Promise<void> {
  const inputs = ports.map(() => new ChannelInput(connection));
  connection.onMessage((message) => {
    const { channel, data } = decodeChannel(codec, message, 2 * ports.length);
    if (channel % 2 === 0) inputs[channel / 2]!.receive(data);
  });
  ports.forEach((port, index) => {
    for (const channel of [dataChannel(index), errorChannel(index)]) {
      connection.send(codec.encode(channel, asLittleEndian(port)), () => {});
    }
  });
  await Promise.all(
    ports.map(async (port, index) => {
      const output = new ChannelOutput(connection, codec, dataChannel(index));
      try {
        await forward(session, port, inputs[index]!, output, connection.gone);
      } catch (error) {
        if (connection.gone.aborted) return;
        const message = `cannot forward port ${port} to pod ${session.pod}: ${messageOf(error)}`;
        log.warn("cannot forward a port", { pod: session.pod, port, error });
        await connection.deliver(codec.encode(errorChannel(index), Buffer.from(message)));
      }
    }),
  );
  await connection.finish();
}

/** Until the pod ends its side: the client can neither end its own nor be told of the pod's. */
async function forward(
  session: PortForwardSession,
  port: number,
  input: ChannelInput,
  output: ChannelOutput,
  gone: AbortSignal,
): Promise<void> {
  try {
    const pod = await session.connect(port, gone);
    try {
      input.pipe(pod);
      await pipeline(pod, output);
    } finally {
      pod.destroy();
    }
  } finally {
    input.destroy();
  }
}

function asLittleEndian(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(port);
  return bytes;
}
