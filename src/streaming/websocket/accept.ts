/** Upgrades a request to a WebSocket and serves a session over it. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { messageOf } from "../../cri/status-error.ts";
import { log } from "../../log.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Session } from "../session.ts";
import { serveCommand } from "./command.ts";
import { Connection } from "./connection.ts";
import { forwardChannels } from "./port-forward-channels.ts";
import { forwardTunnel } from "./port-forward-tunnel.ts";
import { requestedPorts } from "./requested-ports.ts";
import { chooseForCommand, chooseForPortForward } from "./subprotocols.ts";

/**
 * The longest message, in bytes. ws holds a message until it is whole, so this bounds what a client can make us hold; some
 * clients send a whole file as one message, and the library of the other runtimes takes 32 MiB.
 */
const maxPayload = 32 * 1024 * 1024;

/**
 * Serves `session` on the connection of an upgrade request; settles when both have ended and never rejects. The handshake is
 * refused with HTTP 403 when no subprotocol offered is spoken, with 400 when it is malformed. `signal` ends the session and
 * closes the connection; the client's going away does the same.
 */
export async function acceptWebSocket(
  session: Session,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let served: Promise<void> | undefined;
  try {
    const { subprotocol, serve } = serviceOf(session, request);
    upgrade(request, socket, head, subprotocol, (ws) => {
      served = serve(new Connection(ws, socket, signal));
    });
  } catch (error) {
    refuse(socket, error instanceof Refusal ? error : new Refusal(400, messageOf(error)));
  }
  await closed;
  await served?.catch((error) => log.error("a session over WebSocket failed", { error }));
}

interface Service {
  subprotocol: string;
  serve(connection: Connection): Promise<void>;
}

function serviceOf(session: Session, request: IncomingMessage): Service {
  const offer = request.headers["sec-websocket-protocol"];
  if (session.kind !== "portforward") {
    const subprotocol = chooseForCommand(offer);
    return {
      subprotocol: subprotocol.name,
      serve: (connection) => serveCommand(session, connection, subprotocol),
    };
  }
  const subprotocol = chooseForPortForward(offer);
  if (!("codec" in subprotocol)) {
    return { subprotocol: subprotocol.name, serve: (connection) => forwardTunnel(session, connection) };
  }
  const ports = requestedPorts(session, request.url ?? "");
  const { name, codec } = subprotocol;
  return { subprotocol: name, serve: (connection) => forwardChannels(session, ports, connection, codec) };
}

/** ws answers a malformed handshake with 400 and closes the socket; `accept` is called else, before any message is read. */
function upgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  subprotocol: string,
  accept: (ws: WebSocket) => void,
): void {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
  });
  // ws takes no slash in a subprotocol's name, which the tunnel's has: the header passes it by, both ways.
  delete request.headers["sec-websocket-protocol"];
  server.on("headers", (headers) => {
    if (subprotocol !== "") headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`);
  });
  server.handleUpgrade(request, socket, head, accept);
}
