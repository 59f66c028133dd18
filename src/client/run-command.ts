/** `critter run`: one container in a pod of its own, from a terminal. */
import { once } from "node:events";
import { connectTo } from "./connection.ts";
import type { CriClient } from "./cri-client.ts";
import { ensureImage } from "./image-pull.ts";
import { Interruption } from "./interruption.ts";
import { LogFollower } from "./log-follow.ts";
import type { LogEntry } from "./log-lines.ts";
import { Pod, type PodContainer } from "./pod.ts";
import { PullProgress } from "./pull-progress.ts";
import { parseRunOptions, type RunOptions, runHelp } from "./run-options.ts";

/** Seconds that an interrupted container has to end by itself. */
const gracePeriod = 3;

/** Runs the container that `argv` describes, and answers with its exit code; 128 and the signal when interrupted. */
export async function runCommand(argv: string[]): Promise<number> {
  const options = parseRunOptions(argv);
  if (options.help) {
    process.stdout.write(runHelp);
    return 0;
  }
  using interruption = new Interruption();
  using client = await connectTo(options);
  const progress = new PullProgress(options.quiet ? { write: () => true } : process.stderr);
  try {
    const imageRef = await ensureImage(client, options.image, progress, interruption.signal);
    return await runPod(client, imageRef, options, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) return interruption.exitStatus;
    throw error;
  }
}

async function runPod(
  client: CriClient,
  imageRef: string,
  options: RunOptions,
  interrupted: AbortSignal,
): Promise<number> {
  interrupted.throwIfAborted();
  const pod = await Pod.run(client, options);
  try {
    interrupted.throwIfAborted();
    const container = await pod.create({ ...options, name: "main", imageRef });
    return await runContainer(container, interrupted);
  } finally {
    await pod.remove();
  }
}

async function runContainer(container: PodContainer, interrupted: AbortSignal): Promise<number> {
  const follower = new LogFollower(container.logPath, writeEntry);
  try {
    await container.start();
    return (await container.exited(interrupted)).exitCode;
  } catch (error) {
    if (interrupted.aborted) await container.stop(gracePeriod);
    throw error;
  } finally {
    await follower.finish();
  }
}

/** A promise where whoever reads our output is slow. */
function writeEntry({ stream, content }: LogEntry): Promise<void> | undefined {
  const output = process[stream];
  if (output.errored || output.write(content)) return undefined;
  // An output that fails is an interruption, which ends the command in good order.
  return once(output, "drain").then(
    () => {},
    () => {},
  );
}
