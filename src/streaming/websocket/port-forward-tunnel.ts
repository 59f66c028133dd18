/** Port-forward by SPDY/3.1 within a WebSocket, as client-go tunnels it. */
import type { PortForwardSession } from "../session.ts";
import type { Connection } from "./connection.ts";
import { Tunnel } from "./tunnel.ts";

/** Serves the session's connections until the client leaves. */
export async function forwardTunnel(session: PortForwardSession, connection: Connection): Promise<void> {
  const tunnel = new Tunnel(connection);
  const spdyModule = "../spdy/connection.ts";
  const forwardModule = "../port-forward-spdy.ts";
  const [{ SpdyConnection }, { servePortForward }] = await Promise.all([
    import(spdyModule),
    import(forwardModule),
  ]);
  await servePortForward(session, new SpdyConnection(tunnel), connection.gone);
  await connection.finish();
}
