/** The RPCs of the CRI, with what their requests look like on the wire. */
import type { MessageShape } from "../../src/cri/message-shape.ts";
import { loadCri } from "../../src/cri/proto.ts";

export interface Rpc {
  name: string;
  /** `/runtime.v1.RuntimeService/Version` */
  path: string;
  /** Whether it answers with a stream. */
  streams: boolean;
  request: MessageShape;
  answer: MessageShape;
  encode: (request: object) => Buffer;
  decodeRequest: (request: Buffer) => unknown;
  decode: (answer: Buffer) => unknown;
}

interface Method {
  path: string;
  responseStream: boolean;
  requestType: { type: { name: string } };
  responseType: { type: { name: string } };
  requestSerialize: (request: object) => Buffer;
  requestDeserialize: (request: Buffer) => unknown;
  responseDeserialize: (answer: Buffer) => unknown;
}

const { RuntimeService, ImageService, shapes } = loadCri();

export const rpcs: readonly Rpc[] = [RuntimeService, ImageService].flatMap((service) =>
  Object.entries(service as unknown as Record<string, Method>).map(([name, method]) => ({
    name,
    path: method.path,
    streams: method.responseStream,
    request: shapes.get(method.requestType.type.name),
    answer: shapes.get(method.responseType.type.name),
    encode: method.requestSerialize,
    decodeRequest: method.requestDeserialize,
    decode: method.responseDeserialize,
  })),
);

export function rpcNamed(name: string): Rpc {
  const found = rpcs.find((rpc) => rpc.name === name);
  if (!found) throw new Error(`there is no RPC ${name}`);
  return found;
}
