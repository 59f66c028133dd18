/** Exec and attach over the channels of a WebSocket. */
import { messageOf } from "../../cri/status-error.ts";
import { outcomeAsStatus, outcomeAsText, outcomeOf } from "../outcome.ts";
import type { CommandSession } from "../session.ts";
import { TerminalSizes } from "../terminal-sizes.ts";
import { decodeChannel, requireChannel } from "./channel-message.ts";
import { ChannelInput, ChannelOutput } from "./channel-streams.ts";
import type { Codec } from "./codec.ts";
import type { Connection } from "./connection.ts";
import { closeCode, MalformedMessage } from "./malformed-message.ts";
import type { ChannelSubprotocol } from "./subprotocols.ts";

const stdinChannel = 0;
const stdoutChannel = 1;
const stderrChannel = 2;
const errorChannel = 3;
const resizeChannel = 4;
const channelCount = 5;
/** As a message's first byte: the channel named by the second is closed. */
const channelCloses = 255;

/** Runs the session's command with the client's channels, tells the client how it ended, and closes. */
export async function serveCommand(
  session: CommandSession,
  connection: Connection,
  { codec, closesChannels, statusAsJson }: ChannelSubprotocol,
): Promise<void> {
  const sizes = new TerminalSizes();
  const stdin = session.stdin ? new ChannelInput(connection) : undefined;
  const stdout = session.stdout ? new ChannelOutput(connection, codec, stdoutChannel) : undefined;
  const stderr = session.stderr ? new ChannelOutput(connection, codec, stderrChannel) : undefined;

  connection.onMessage((message) => {
    if (closesChannels && message[0] === channelCloses) {
      if (closedChannel(message) === stdinChannel) stdin?.end();
      return;
    }
    const { channel, data } = decodeChannel(codec, message, channelCount);
    if (channel === stdinChannel) stdin?.receive(data);
    if (channel === resizeChannel) resize(sizes, data);
  });
  announce(session, connection, codec);

  const streams = { stdin, stdout, stderr, onResize: sizes.onResize.bind(sizes) };
  const outcome = await outcomeOf(session, streams, connection.gone);
  stdin?.destroy();
  await Promise.all([stdout?.flush(), stderr?.flush()]);
  const ending = statusAsJson ? outcomeAsStatus(outcome) : outcomeAsText(outcome);
  if (ending !== "") await connection.deliver(codec.encode(errorChannel, Buffer.from(ending)));
  await connection.finish();
}

function resize(sizes: TerminalSizes, data: Buffer): void {
  try {
    sizes.feed(data);
  } catch (error) {
    throw new MalformedMessage(closeCode.invalidData, messageOf(error));
  }
}

function closedChannel(message: Buffer): number {
  const channel = message[1];
  if (channel === undefined || message.length > 2) {
    const reason = `closing a channel takes 2 bytes, not ${message.length}`;
    throw new MalformedMessage(closeCode.policyViolation, reason);
  }
  requireChannel(channel, channelCount);
  return channel;
}

/** An empty message on the first channel that the client reads tells it that the connection stands. */
function announce(session: CommandSession, connection: Connection, codec: Codec): void {
  const channel = session.stdout ? stdoutChannel : session.stderr ? stderrChannel : errorChannel;
  connection.send(codec.encode(channel, Buffer.alloc(0)), () => {});
}
