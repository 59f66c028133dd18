/** What a control frame of a SPDY/3.1 client says. */
import {
  FLAG_FIN,
  FLAG_UNIDIRECTIONAL,
  FrameType,
  MAX_31_BITS,
  SETTING_INITIAL_WINDOW,
  VERSION,
} from "./frames.ts";

/** A control frame; header blocks still compressed. */
export type ControlFrame =
  | { kind: "syn-stream"; streamId: number; fin: boolean; unidirectional: boolean; headerBlock: Buffer }
  | { kind: "syn-reply"; streamId: number; headerBlock: Buffer }
  | { kind: "headers"; streamId: number; fin: boolean; headerBlock: Buffer }
  | { kind: "rst-stream"; streamId: number; status: number }
  | { kind: "settings"; initialWindow: number | undefined }
  | { kind: "ping"; id: number }
  | { kind: "go-away" }
  | { kind: "window-update"; streamId: number; delta: number }
  | { kind: "unknown" };

/** Decodes a whole control frame from its type, flags and payload. Throws when the payload is not what the type asks for. */
export function decodeControlFrame(
  version: number,
  type: number,
  flags: number,
  payload: Buffer,
): ControlFrame {
  if (version !== VERSION) throw new Error(`a SPDY frame of version ${version}, not ${VERSION}`);
  switch (type) {
    case FrameType.synStream:
      need(payload.length > 10, "SYN_STREAM", payload);
      return {
        kind: "syn-stream",
        streamId: idAt(payload, 0),
        fin: (flags & FLAG_FIN) !== 0,
        unidirectional: (flags & FLAG_UNIDIRECTIONAL) !== 0,
        headerBlock: payload.subarray(10),
      };
    case FrameType.synReply:
      need(payload.length > 4, "SYN_REPLY", payload);
      return { kind: "syn-reply", streamId: idAt(payload, 0), headerBlock: payload.subarray(4) };
    case FrameType.headers:
      need(payload.length > 4, "HEADERS", payload);
      return {
        kind: "headers",
        streamId: idAt(payload, 0),
        fin: (flags & FLAG_FIN) !== 0,
        headerBlock: payload.subarray(4),
      };
    case FrameType.rstStream:
      need(payload.length === 8, "RST_STREAM", payload);
      return { kind: "rst-stream", streamId: idAt(payload, 0), status: payload.readUInt32BE(4) };
    case FrameType.settings:
      return { kind: "settings", initialWindow: initialWindowOf(payload) };
    case FrameType.ping:
      need(payload.length === 4, "PING", payload);
      return { kind: "ping", id: payload.readUInt32BE(0) };
    case FrameType.goAway:
      need(payload.length === 8, "GOAWAY", payload);
      return { kind: "go-away" };
    case FrameType.windowUpdate:
      need(payload.length === 8, "WINDOW_UPDATE", payload);
      return { kind: "window-update", streamId: idAt(payload, 0), delta: idAt(payload, 4) };
    default:
      return { kind: "unknown" };
  }
}

function initialWindowOf(payload: Buffer): number | undefined {
  need(payload.length >= 4, "SETTINGS", payload);
  const count = payload.readUInt32BE(0);
  need(payload.length === 4 + count * 8, "SETTINGS", payload);
  let size: number | undefined;
  for (let at = 4; at < payload.length; at += 8) {
    // A byte of flags stands before the three of the id.
    if (payload.readUIntBE(at + 1, 3) === SETTING_INITIAL_WINDOW) size = idAt(payload, at + 4);
  }
  return size;
}

/** The highest of the 32 bits means nothing. */
function idAt(payload: Buffer, offset: number): number {
  return payload.readUInt32BE(offset) & MAX_31_BITS;
}

function need(condition: boolean, type: string, payload: Buffer): void {
  if (!condition) throw new Error(`a SPDY ${type} frame of ${payload.length} bytes`);
}
