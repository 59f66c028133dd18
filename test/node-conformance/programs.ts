/** The programs of the specs, which `scripts/setup --kubelet` builds. */
import { join } from "node:path";
import { cacheDir } from "../cache.ts";

const built = (name: string) => join(cacheDir(), "bin", "node-conformance", name);

export const SPECS = built("node-conformance.test");
/** Runs several of them at a time. */
export const GINKGO = built("ginkgo");
/** What most of the pods run. */
export const AGNHOST = built("agnhost");
/** The certificate of a server on loopback that agnhost's image has, and its key. */
export const CERTIFICATE = [built("localhost.crt"), built("localhost.key")];
