/** The CRI as gRPC service definitions, loaded from proto/cri-api. */
import { fileURLToPath } from "node:url";
import type { MethodDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { MessageShapes } from "./message-shape.ts";
import type { ImageServiceMethods, RuntimeServiceMethods } from "./messages.ts";

/** A message to be encoded: absent fields take their defaults. */
export type Init<T> = T extends Buffer | string | number | boolean | null
  ? T
  : T extends (infer Item)[]
    ? Init<Item>[]
    : { [Field in keyof T]?: Init<T[Field]> };

type Definition<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends { request: infer Request; response: infer Response }
    ? MethodDefinition<Init<Request>, Init<Response>>
    : never;
};

/** Both services of runtime.v1, as grpc-js takes them. */
export interface CriDefinitions {
  RuntimeService: Definition<RuntimeServiceMethods>;
  ImageService: Definition<ImageServiceMethods>;
  /** Of all messages. */
  shapes: MessageShapes;
}

const file = fileURLToPath(new URL("../../proto/cri-api/runtime/v1/api.proto", import.meta.url));

/**
 * Loads the definitions. Decoded messages carry every field: scalars their default, messages null, lists and
 * maps empty; enums are their names and 64-bit integers numbers.
 */
export function loadCri(): CriDefinitions {
  const loaded = loadSync(file, { longs: Number, enums: String, defaults: true });
  return {
    RuntimeService: loaded["runtime.v1.RuntimeService"],
    ImageService: loaded["runtime.v1.ImageService"],
    shapes: new MessageShapes(loaded, "runtime.v1."),
  } as unknown as CriDefinitions;
}
