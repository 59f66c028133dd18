/** Port-forward by SPDY/3.1 within a WebSocket, as client-go tunnels it. */
import { servePortForward } from "../port-forward-spdy.ts";
import type { PortForwardSession } from "../session.ts";
import { SpdyConnection } from "../spdy/connection.ts";
import type { Connection } from "./connection.ts";
import { Tunnel } from "./tunnel.ts";

/** Serves the session's connections until the client leaves. Rejects with what the client did against SPDY. */
export async function forwardTunnel(session: PortForwardSession, connection: Connection): Promise<void> {
  const spdy = new SpdyConnection(new Tunnel(connection));
  let broken: Error | undefined;
  spdy.once("close", (error) => {
    broken = error;
  });
  await servePortForward(session, spdy, connection.gone);
  await connection.finish();
  if (broken) throw broken;
}
