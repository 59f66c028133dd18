/** One RPC as the kubelet makes it when it traces: with a W3C trace context in its metadata. */
import { randomBytes } from "node:crypto";
import { Client, credentials, Metadata, type ServiceDefinition } from "@grpc/grpc-js";
import { loadCri } from "../../src/cri/proto.ts";

/** The client's span, which an RPC's is to be the child of. */
export interface ClientSpan {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

export function clientSpan({ sampled = true } = {}): ClientSpan {
  return { traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex"), sampled };
}

/** Makes the call of `name` and answers what it is answered with. Rejects with grpc-js's error. */
export async function tracedCall<Response>(
  socket: string,
  name: string,
  request: object,
  { traceId, spanId, sampled }: ClientSpan,
): Promise<Response> {
  const services = loadCri() as unknown as Record<string, ServiceDefinition>;
  const method = services.RuntimeService![name] ?? services.ImageService![name]!;
  const metadata = new Metadata();
  metadata.set("traceparent", `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`);
  metadata.set("tracestate", "vendor=value");
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        (error, answer) => (error ? reject(error) : resolve(answer as Response)),
      );
    });
  } finally {
    client.close();
  }
}
