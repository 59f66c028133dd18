/** Requests are taken uncompressed: no client of the CRI compresses, and some KiB of gzip can be 80 MiB of memory each, many at a time. */
import type { ServerInterceptor } from "@grpc/grpc-js";

/** What grpc-js reads messages with. It has no option for it, and unpacks a message before anything else sees it. */
interface Decoding {
  incomingEncoding: string;
}

/**
 * Has the server answer a compressed message with UNIMPLEMENTED, as gRPC over HTTP/2 ("Compression") asks of one that does not
 * support its encoding.
 */
export const refuseCompression: ServerInterceptor = (_method, call) => {
  const decoding = call as unknown as Decoding;
  if (decoding.incomingEncoding !== "identity") {
    decoding.incomingEncoding = `${decoding.incomingEncoding.slice(0, 32)}: critter takes none`;
  }
  return call as ReturnType<ServerInterceptor>;
};
