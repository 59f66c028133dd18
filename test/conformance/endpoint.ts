/** The runtime under test: the socket named by CONTAINER_RUNTIME_ENDPOINT, and what it says of itself. */
import { status } from "@grpc/grpc-js";
import { CriClient } from "../../src/client/cri-client.ts";
import { codeOf } from "../../src/cri/status-error.ts";
import { SLOW } from "../support/slow.ts";

const endpoint = process.env.CONTAINER_RUNTIME_ENDPOINT;
if (!endpoint) throw new Error("CONTAINER_RUNTIME_ENDPOINT is not set; node test/conformance/run.ts sets it");

export const client = new CriClient(endpoint);

const { runtimeName } = await client.runtime.Version({ version: "0.1.0" }, { timeout: 10_000 * SLOW });

/** What Version answers: "containerd", "critter", … */
export const runtime: string = runtimeName;

/** The parent cgroup of the specs' pods, in the form that the runtime's cgroup driver takes. */
export const cgroupParent = (await cgroupDriver()) === "SYSTEMD" ? "system.slice" : "/critter-conformance";

/** A runtime without RuntimeConfig drives cgroupfs, as critest takes it. */
async function cgroupDriver(): Promise<string> {
  try {
    const { linux } = await client.runtime.RuntimeConfig();
    return linux?.cgroupDriver ?? "CGROUPFS";
  } catch (error) {
    if (codeOf(error) === status.UNIMPLEMENTED) return "CGROUPFS";
    throw error;
  }
}
