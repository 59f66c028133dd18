/** What a client asks to speak, granted or refused: SPDY/3.1 with one of Kubernetes' protocols, or WebSocket. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { isClientGone } from "./client-gone.ts";
import { commandProtocols, negotiate, offeredProtocols, portForwardProtocols } from "./negotiation.ts";
import { servePortForward } from "./port-forward-spdy.ts";
import { Refusal } from "./refusal.ts";
import { serveCommandOverSpdy } from "./remote-command-spdy.ts";
import type { Session } from "./session.ts";
import { SpdyConnection } from "./spdy/connection.ts";
import { acceptWebSocket } from "./websocket/accept.ts";

export interface Upgrade {
  /** For the log. */
  protocol: string;
  /** Answers the request and serves the session; settles when that is over, or soon after `signal` is aborted. */
  serve(signal: AbortSignal): Promise<void>;
}

/** How `session` is served to the client that sent `request`. @throws Refusal for what is not spoken here. */
export function chooseUpgrade(
  session: Session,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Upgrade {
  const wanted = request.headers.upgrade ?? "";
  switch (wanted.toLowerCase()) {
    case "websocket":
      return {
        protocol: "websocket",
        serve: (signal) => acceptWebSocket(session, request, socket, head, signal),
      };
    case "spdy/3.1":
      return spdyUpgrade(session, request, socket, head);
    default:
      throw new Refusal(
        400,
        `unable to upgrade to ${JSON.stringify(wanted)}: SPDY/3.1 and websocket are spoken`,
      );
  }
}

function spdyUpgrade(session: Session, request: IncomingMessage, socket: Socket, head: Buffer): Upgrade {
  const offered = offeredProtocols(request.headers);
  const connect = (protocol: string, serve: (connection: SpdyConnection) => Promise<void>) => {
    // A client that offers nothing is old, and expects nothing.
    const named = offered.length > 0 ? `X-Stream-Protocol-Version: ${protocol}\r\n` : "";
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${named}\r\n`,
    );
    socket.unshift(head);
    return unbroken(new SpdyConnection(socket), serve);
  };
  if (session.kind === "portforward") {
    const protocol = chosen(offered, portForwardProtocols, "portforward.k8s.io");
    return {
      protocol,
      serve: (signal) => connect(protocol, (connection) => servePortForward(session, connection, signal)),
    };
  }
  const protocol = chosen(offered, commandProtocols, "channel.k8s.io");
  return {
    protocol,
    serve: (signal) =>
      connect(protocol, (connection) => serveCommandOverSpdy(session, connection, protocol, signal)),
  };
}

/** Serves the connection; rejects with what broke it, which is more than that the client is gone. */
async function unbroken(
  connection: SpdyConnection,
  serve: (connection: SpdyConnection) => Promise<void>,
): Promise<void> {
  let broken: Error | undefined;
  connection.once("close", (error) => {
    if (!isClientGone(error)) broken = error;
  });
  await serve(connection).catch((error) => {
    throw broken ?? error;
  });
  if (broken) throw broken;
}

function chosen<T extends string>(offered: readonly string[], spoken: readonly T[], assumed: T): T {
  const protocol = offered.length > 0 ? negotiate(offered, spoken) : assumed;
  if (protocol) return protocol;
  throw new Refusal(
    403,
    `unable to upgrade: the client offers ${offered.join(", ")}, the server speaks ${spoken.join(", ")}`,
    spoken.map((name) => ["X-Accepted-Stream-Protocol-Versions", name]),
  );
}
