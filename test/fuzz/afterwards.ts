/** What is done with that which a message has made: it is used a little, and removed. */
import { faultOf } from "./oracle.ts";
import { type Rpc, rpcNamed } from "./schema.ts";
import type { Outcome, Sender } from "./sender.ts";

/** Answers what is wrong about it. */
export async function afterwards(
  sender: Sender,
  { name, decode }: Rpc,
  { answers }: Outcome,
): Promise<string | undefined> {
  const answer =
    answers[0] && (decode(answers[0]) as { podSandboxId?: string; containerId?: string; url?: string });
  if (!answer) return undefined;
  const { podSandboxId, containerId } = answer;
  if (name === "RunPodSandbox")
    return (
      (await call("PodSandboxStatus", { podSandboxId, verbose: true })) ??
      (await call("StopPodSandbox", { podSandboxId })) ??
      (await call("RemovePodSandbox", { podSandboxId }))
    );
  if (name === "CreateContainer")
    return (
      (await call("ContainerStatus", { containerId, verbose: true })) ??
      (await call("StartContainer", { containerId })) ??
      (await call("RemoveContainer", { containerId }))
    );
  return undefined;

  async function call(rpcName: string, request: object): Promise<string | undefined> {
    const rpc = rpcNamed(rpcName);
    const fault = faultOf(rpc, await sender.send(rpc, rpc.encode(request)));
    return fault && `then ${rpcName}: ${fault}`;
  }
}
