/** Upgrades a request to a WebSocket and serves a session over it. */
import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Refusal, refuse } from "../refusal.ts";
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
 * Serves `session` on the connection of an upgrade request, and settles when both have ended. The handshake is refused with
 * HTTP 403 when no subprotocol offered is spoken, with 400 when it is malformed. `signal` ends the session and closes the
 * connection; the client's going away does the same. Rejects with what the client did wrong, once the client has been told.
 */
export async function acceptWebSocket(
  session: Session,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  signal: AbortSignal,
): Promise<void> {
  if (socket.destroyed) return;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let service: Service;
  try {
    service = serviceOf(session, request);
  } catch (error) {
    refuse(socket, error as Refusal);
    await closed;
    throw error;
  }
  let connection: Connection | undefined;
  let served: Promise<void> | undefined;
  upgrade(request, socket, head, service.subprotocol, (ws) => {
    const accepted = new Connection(ws, socket, signal);
    connection = accepted;
    served = service.serve(accepted).catch((error) => accepted.fail(error));
  });
  await closed;
  await served;
  if (connection?.failure) throw connection.failure;
}

interface Service {
  subprotocol: string;
  serve(connection: Connection): Promise<void>;
}

/** @throws Refusal */
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
  const idleTimeout = socket instanceof Socket ? socket.timeout : undefined;
  server.handleUpgrade(request, socket, head, (ws) => {
    // ws takes the socket's timeout away, which is the streaming server's to set.
    if (socket instanceof Socket && idleTimeout) socket.setTimeout(idleTimeout);
    accept(ws);
  });
}
